// What the tests of erasure do, and where they look: the whole record as text, and the store.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import type { QueueEvent } from '../../core/wire/events.ts';
import { sweepErasures } from '../../functions/erasure/index.ts';
import { now } from '../../workers/env.ts';
import { record } from '../../workers/recorder/index.ts';
import { store } from './stored.ts';
import { call, rows } from './support.ts';

/** In everything that an erased visitor says, and nowhere else. */
export const SECRET = 'zebra-secret';
const HOUR_MS = 3_600_000;

export const eraseBy = (token: string) =>
  call('/api/visitor', { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
export const sweep = () => sweepErasures(env, now(env) + 2 * HOUR_MS, store);

export async function deliver(events: readonly QueueEvent[]) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts: 1, body })),
  );
  await record(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

/** Everything on record, as text: whatever table is added later is searched too. */
export async function wholeRecord(): Promise<string> {
  const tables = await rows(
    sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const found = await rows(sql`SELECT * FROM ${sql.identifier(String(name))}`);
    parts.push(JSON.stringify(found));
  }
  return parts.join('\n');
}

/** Ends the erasures that other files left, with the curations that never end and hold them up. */
export async function endErasures(): Promise<void> {
  await rows(sql`UPDATE datasets SET created_at = ${new Date(0)} WHERE status = 'curating'`);
  await sweep();
}

/** The same, and the jobs that an agent would get. */
export async function settle(): Promise<void> {
  await rows(
    sql`UPDATE training_jobs SET status = 'cancelled' WHERE status IN ('queued', 'leased')`,
  );
  await endErasures();
}
