// Helpers for the tests of notifications: an environment whose channels lead to the local server, what
// that server saw, and a clock that can be moved.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { inject } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import type { NotificationEvent } from '../../core/notifications.ts';
import { notify } from '../../functions/notify/outbox.ts';
import { databaseOf, type Env, moveClock, now } from '../../workers/env.ts';
import { rows } from './support.ts';

export const server = inject('notify');
export const on: Env = {
  ...env,
  SLACK_WEBHOOK_URL: server.slackWebhookUrl,
  PAGERDUTY_ROUTING_KEY: server.routingKey,
  PAGERDUTY_EVENTS_URL: server.pagerDutyUrl,
  PUBLIC_URL: 'https://bruno.example',
};
export const database = <Result>(work: Parameters<typeof withDatabase<Result>>[1]) =>
  withDatabase(databaseOf(env), work);

const sideSchema = z.object({
  accepted: z.array(z.looseObject({})),
  refused: z.array(z.string()),
});
export const seen = async (side: 'slack' | 'pagerduty') =>
  sideSchema.parse(await (await fetch(`${server.url}/test/seen/${side}`)).json());
export const trouble = (side: 'slack' | 'pagerduty', list: unknown[]) =>
  fetch(`${server.url}/test/trouble/${side}`, { method: 'POST', body: JSON.stringify(list) });
export const outbox = () =>
  rows(sql`SELECT id, state, attempts, last_error FROM notifications ORDER BY ordinal`);

export const tell = (event: NotificationEvent, to: Env = on) =>
  database((db) => notify(db, to, event));
export const promoted = (version: number): NotificationEvent => ({
  kind: 'route_changed',
  version,
  action: 'promote',
  summary: '2026-w42.1 replaces 2026-w41.1 for everyone',
  reason: 'two days without complaints',
  who: 'operator',
  at: new Date('2026-10-19T08:30:00Z'),
});
/** Moves the Worker's clock, until the next test. */
export const later = (ms: number) => moveClock(on, now(on) + ms);
export const MINUTE = 60_000;

export async function clean() {
  await fetch(`${server.url}/test/reset`);
  await rows(sql`DELETE FROM notifications`);
  await rows(sql`DELETE FROM training_jobs`);
  await rows(sql`DELETE FROM agents`);
  await rows(sql`DELETE FROM models WHERE id LIKE '2026-w40.%'`);
}
