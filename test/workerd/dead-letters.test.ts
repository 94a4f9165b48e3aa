// Messages that could not be written: kept with their reason, listed, mended, sent again, and then
// written exactly once. However often they come or are sent again, nothing is lost and nothing doubled.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CRON } from '../../core/calendar.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import { eraseVisitor } from '../../functions/erasure/index.ts';
import { sweepRetention } from '../../functions/retention/index.ts';
import { keepLetters, lettersDelaySeconds } from '../../workers/recorder/dead-letters.ts';
import { record } from '../../workers/recorder/index.ts';
import { fire } from '../../workers/scheduled.ts';
import { endErasures } from './erasure-support.ts';
import { quiet, turnDatabase } from './faults-support.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

afterEach(async () => {
  await turnDatabase('up');
  await rows(sql`ALTER TABLE interactions DROP CONSTRAINT IF EXISTS no_such_visitor`);
});

const listSchema = z.object({
  dead_letters: z.array(
    z.object({
      id: z.string(),
      reason: z.string(),
      kind: z.string().nullable(),
      interaction_id: z.string().nullable(),
      attempts: z.number(),
      status: z.string(),
      replayed_by: z.string().nullable(),
    }),
  ),
});

async function listed(status = 'waiting', after?: string) {
  const page = after === undefined ? '' : `&after=${after}`;
  const { body } = await call(`/admin/dead-letters?status=${status}${page}`, {
    headers: asOperator,
  });
  return listSchema.parse(body).dead_letters;
}

const about = async (interactionId: string, status?: string) =>
  (await listed(status)).filter((letter) => letter.interaction_id === interactionId);

/** Waits until the consumer has kept what it was sent. */
const kept = (interactionId: string, attempts = 1) =>
  vi.waitFor(
    async () => {
      const found = await about(interactionId);
      expect(found).toMatchObject([{ attempts }]);
      return found;
    },
    { timeout: 10_000, interval: 100 },
  );

const replay = (id: string) =>
  call(`/admin/dead-letters/${id}/replay`, { method: 'POST', headers: asOperator });

async function deliver(events: readonly QueueEvent[]) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts: 1, body })),
  );
  await record(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

async function arrive(bodies: readonly unknown[], id: string, attempts = 1) {
  const batch = createMessageBatch(
    'bruno-events-dead',
    bodies.map((body, index) => ({ id: `${id}-${index}`, timestamp: new Date(), attempts, body })),
  );
  await keepLetters(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

/** The database refuses this visitor's answers until the constraint is gone. */
const refuse = (visitorId: string) =>
  rows(
    sql.raw(`
    ALTER TABLE interactions ADD CONSTRAINT no_such_visitor
    CHECK (visitor_id <> '${visitorId}') NOT VALID`),
  );
const accept = () => rows(sql`ALTER TABLE interactions DROP CONSTRAINT no_such_visitor`);

const answers = async (id: string) =>
  (await rows(sql`SELECT 1 FROM interactions WHERE interaction_id = ${id}`)).length;

test('what the database refused is listed with its reason, mended, replayed and written once', async () => {
  const answer = interactionOf({ visitor_id: crypto.randomUUID() });
  const fine = interactionOf({});
  await refuse(answer.visitor_id);
  expect((await deliver([fine, answer])).explicitAcks.toSorted()).toEqual(['0', '1']);
  const [letter] = await kept(answer.interaction_id);
  expect(letter).toMatchObject({
    reason: 'refused by the database: sqlstate 23514, no_such_visitor',
    kind: 'interaction',
    status: 'waiting',
  });
  expect(await answers(fine.interaction_id)).toBe(1);
  const { body } = await call('/admin/status', { headers: asOperator });
  expect(z.object({ dead_letters_waiting: z.number() }).parse(body).dead_letters_waiting).toBe(
    (await listed()).length,
  );

  await accept();
  const id = letter?.id ?? '';
  expect(await replay(id)).toMatchObject({ status: 202, body: { id, status: 'replayed' } });
  expect((await replay(id)).status).toBe(202);
  await vi.waitFor(async () => expect(await answers(answer.interaction_id)).toBe(1), {
    timeout: 10_000,
  });
  await quiet();
  expect(await about(answer.interaction_id)).toEqual([]);
  expect(await about(answer.interaction_id, 'replayed')).toMatchObject([
    { id, attempts: 1, replayed_by: 'operator' },
  ]);
  expect(await answers(answer.interaction_id)).toBe(1);
});

test('what is refused again after its replay comes back and waits again', async () => {
  const answer = interactionOf({ visitor_id: crypto.randomUUID() });
  await refuse(answer.visitor_id);
  await deliver([answer]);
  const [letter] = await kept(answer.interaction_id);
  expect((await replay(letter?.id ?? '')).status).toBe(202);
  const [again] = await kept(answer.interaction_id, 2);
  expect(again).toMatchObject({ id: letter?.id, status: 'waiting' });
  await accept();
  await replay(letter?.id ?? '');
  await vi.waitFor(async () => expect(await answers(answer.interaction_id)).toBe(1), {
    timeout: 10_000,
  });
});

test('what cannot be read even now says why, and stays', async () => {
  const interaction_id = crypto.randomUUID();
  await deliver([]);
  await arrive([{ kind: 'signals', v: 1, interaction_id, visitor_id: 'v' }], interaction_id);
  const [letter] = await about(interaction_id);
  expect(letter?.reason).toBe('given up by the queue after every delivery');
  const refused = await replay(letter?.id ?? '');
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  expect(JSON.stringify(refused.body)).toContain('unreadable: event_id');
  expect(await about(interaction_id)).toMatchObject([
    { id: letter?.id, attempts: 2, reason: expect.stringContaining('unreadable: event_id') },
  ]);
});

test('a poison message is kept by the queue\u2019s own consumer', async () => {
  const interaction_id = crypto.randomUUID();
  const batch = createMessageBatch('bruno-events', [
    {
      id: 'poison',
      timestamp: new Date(),
      attempts: 1,
      body: JSON.parse(`{"kind":"unheard of","interaction_id":"${interaction_id}"}`),
    },
  ]);
  await record(batch, env);
  expect(await kept(interaction_id)).toMatchObject([
    { reason: 'unreadable: kind', kind: 'unheard of' },
  ]);
});

test('the same delivery twice, alone or in one batch, is one letter that failed once', async () => {
  const answer = interactionOf({});
  const wrapped = { reason: 'refused by the database', body: answer };
  await arrive([wrapped], 'first');
  await arrive([wrapped], 'first');
  expect(await about(answer.interaction_id)).toMatchObject([{ attempts: 1 }]);
  await arrive([wrapped, wrapped], 'second');
  expect(await about(answer.interaction_id)).toMatchObject([{ attempts: 2 }]);
  // The letter's own delivery, come once more after it was replayed, does not make it wait.
  const [{ id } = { id: '' }] = await about(answer.interaction_id);
  await arrive([answer], 'last');
  await replay(id);
  await arrive([answer], 'last');
  expect(await about(answer.interaction_id)).toEqual([]);
  await vi.waitFor(async () => expect(await answers(answer.interaction_id)).toBe(1), {
    timeout: 10_000,
  });
});

test('text that Postgres refuses is kept, listed without it, and replayed', async () => {
  const answer = interactionOf({ query: 'half a character: \ud800 and \u0000' });
  await deliver([answer]);
  const [letter] = await kept(answer.interaction_id);
  expect(letter?.reason).toMatch(/^refused by the database: sqlstate 22/);
  expect(JSON.stringify(letter)).not.toContain('half a character');
  await replay(letter?.id ?? '');
  await kept(answer.interaction_id, 2);
});

test('while the record is out of reach the letters are asked for again, for days', async () => {
  await turnDatabase('down');
  const answer = interactionOf({});
  const { retryMessages, ackAll } = await arrive([{ reason: 'x', body: answer }], 'down');
  expect(ackAll).toBe(false);
  expect(retryMessages.map(({ msgId }) => msgId)).toEqual(['down-0']);
  await turnDatabase('up');
  await arrive([{ reason: 'x', body: answer }], 'down', 2);
  expect(await about(answer.interaction_id)).toMatchObject([{ attempts: 1 }]);
  const delays = Array.from({ length: 100 }, (_, index) => lettersDelaySeconds(index + 1));
  expect(delays.reduce((sum, delay) => sum + delay)).toBeGreaterThan(3.5 * 86_400);
});

test('the list goes on after its last letter', async () => {
  const all = await listed();
  const [first, second] = all;
  expect(first && second).toBeDefined();
  const further = await listed('waiting', first?.id);
  expect(further.map(({ id }) => id)).toEqual(all.slice(1).map(({ id }) => id));
});

test('what was written is forgotten after a month, what waits only with everything of its age', async () => {
  const now = Date.now() + 100 * 86_400_000;
  const waiting = (await listed()).map(({ id }) => id);
  expect((await listed('replayed')).length).toBeGreaterThan(0);
  await endErasures();
  await fire(CRON.tick, now, env);
  expect(await listed('replayed')).toEqual([]);
  expect((await listed()).map(({ id }) => id)).toEqual(waiting);
  expect(waiting.length).toBeGreaterThan(0);
  await sweepRetention(env, now, 99);
  expect(await listed()).toEqual([]);
});

test('what an erased visitor said is not kept, wherever it was on its way', async () => {
  const gone = interactionOf({ visitor_id: `v-${crypto.randomUUID()}` });
  const other = interactionOf({});
  await eraseVisitor(env, {
    visitorId: gone.visitor_id,
    who: 'visitor',
    reason: 'asked for it',
    atMs: Date.now(),
  });
  const letters = [gone, other].map((body) => ({ reason: 'refused by the database', body }));
  expect(await arrive(letters, 'erased')).toMatchObject({ ackAll: true });
  expect(await about(gone.interaction_id)).toEqual([]);
  expect(await about(other.interaction_id)).toHaveLength(1);
});

test('only operators see and replay letters; unknown ones and unknown filters are refused', async () => {
  const id = crypto.randomUUID();
  expect((await call('/admin/dead-letters')).status).toBe(401);
  expect((await call(`/admin/dead-letters/${id}/replay`, { method: 'POST' })).status).toBe(401);
  expect((await replay(id)).status).toBe(404);
  expect((await replay('nonsense')).status).toBe(400);
  for (const query of ['status=lost', 'after=x', 'page=2']) {
    const { status } = await call(`/admin/dead-letters?${query}`, { headers: asOperator });
    expect(status).toBe(400);
  }
});
