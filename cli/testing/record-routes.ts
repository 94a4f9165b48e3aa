/**
 * The history and the outbox of the tests' stack server, as the admin API words them. Used by
 * `stack-server.ts`. It verifies nothing: what is found is said by the test.
 */
import type { z } from 'zod';
import {
  historyAtSchema,
  historyListSchema,
  historyVerifySchema,
  notificationListSchema,
  notifyTestSchema,
} from '../../core/wire/admin.ts';

const T0 = '2026-11-03T10:00:00.000Z';

export const historyRow = {
  seq: 2,
  key: 'route:8',
  kind: 'route',
  action: 'start',
  subject: 'routing',
  at: T0,
  chained_at: T0,
  taken_over: false,
  who: 'operator',
  reason: 'week 42 passed its gate',
  summary: '2026-w42.1 at 25 % beside 2026-w41.1',
  body: { version: 8, taken_over: false },
  key_id: 'k1',
  prev_hash: 'a'.repeat(64),
  hash: 'b'.repeat(64),
};
export const oldRow = {
  ...historyRow,
  seq: 1,
  key: 'route:7',
  at: '2026-10-18T02:00:00.000Z',
  action: 'promote',
  reason: 'two days without complaints',
  summary: '2026-w41.1 replaces smollm2-135m-instruct for everyone',
  taken_over: true,
};

export const moment = {
  at: '2026-11-03T10:05:00.000Z',
  live: {
    version: 8,
    production: '2026-w41.1',
    previous: 'smollm2-135m-instruct',
    candidate: '2026-w42.1',
    share_bp: 2500,
    experiment_id: 'exp-2026-w42.1-8',
  },
  because: historyRow,
  row_intact: true,
  until: null,
};

export type Page = {
  checked: number;
  next_after: number | null;
  damage: { problem: string; seq: number; until: number; sentence: string }[];
  end: { seq: number; hash: string | null; head: string; published: number | null } | null;
};
export const wholePage: Page = {
  checked: 2,
  next_after: null,
  damage: [],
  end: { seq: 2, hash: historyRow.hash, head: 'matches', published: 2 },
};

export const channels = [
  { name: 'slack', state: 'on', why: null as string | null },
  { name: 'pagerduty', state: 'off', why: 'PAGERDUTY_ROUTING_KEY is not set' as string | null },
];
export const message = {
  id: 'slack:route:8',
  channel: 'slack',
  kind: 'route_changed',
  subject: 'route',
  title: 'Route started: 2026-w42.1 at 25 % beside 2026-w41.1',
  state: 'sent',
  attempts: 1,
  created_at: T0,
  next_at: null as string | null,
  sent_at: T0 as string | null,
  last_error: null as string | null,
  payload: {},
};

export type Told = {
  /** One page a request, by the row that it begins after; the last one stays. */
  pages: Page[];
  channels: typeof channels;
  messages: (typeof message)[];
};
export const told = (): Told => ({ pages: [wholePage], channels, messages: [message] });

type Reply = { status: number; body: unknown };
type Request = { key: string; id: string; query: URLSearchParams; body: unknown };

/** Null: not about these. */
export function recordRoute(world: Told, { key, id, query, body }: Request): Reply | null {
  const given = Object.fromEntries(query);
  const answer = <Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    then: (read: z.infer<Schema>) => unknown,
  ): Reply => {
    const read = schema.safeParse(value);
    if (read.success) return { status: 200, body: then(read.data) };
    const error = { code: 'invalid_request', message: read.error.issues[0]?.message ?? '' };
    return { status: 400, body: { error } };
  };
  switch (`${key} ${id}`.trim()) {
    case 'GET history':
      return answer(historyListSchema, given, ({ before, limit }) => ({
        rows: [historyRow, oldRow]
          .filter(({ seq }) => before === undefined || seq < before)
          .slice(0, limit),
      }));
    case 'GET history/:id at':
      return answer(historyAtSchema, given, ({ at }) => ({ ...moment, at }));
    case 'GET history/:id verify':
      return answer(historyVerifySchema, given, () =>
        world.pages.length > 1 ? world.pages.shift() : world.pages[0],
      );
    case 'GET notifications':
      return answer(notificationListSchema, given, ({ state }) => ({
        channels: world.channels,
        console_url: null,
        notifications: world.messages.filter((one) => state === undefined || one.state === state),
      }));
    case 'POST notifications/:id test':
      return answer(notifyTestSchema, body, ({ request_id }) => ({
        channels: world.channels,
        notifications: world.messages.map((one) => ({ ...one, id: `slack:test:${request_id}` })),
      }));
    default:
      return key === 'GET history/:id' ? oneRow(id) : null;
  }
}

function oneRow(id: string): Reply {
  const row = [historyRow, oldRow].find(({ seq, key }) => String(seq) === id || key === id);
  if (row !== undefined) return { status: 200, body: row };
  const message = `There is no row ${id} in the history.`;
  return { status: 404, body: { error: { code: 'not_found', message } } };
}
