// What time brings: the weekly dataset on Sunday 02:00 UTC, and every quarter of an hour a sweep of
// what ran out or got stuck, and of who left at once.

import { withDatabase } from '../adapters/postgres/connect.ts';
import { failExhausted } from '../adapters/postgres/jobs.ts';
import { CRON, lastClosedWindow } from '../core/calendar.ts';
import { startCuration, sweepCuration } from '../functions/curation/start.ts';
import { sweepAbandonment } from '../functions/signals/abandonment.ts';
import { databaseOf, type Env } from './env.ts';

export async function fire(cron: string, atMs: number, env: Env): Promise<void> {
  if (cron === CRON.weekly) {
    await startCuration(env, lastClosedWindow(atMs));
    return;
  }
  await withDatabase(databaseOf(env), (db) => failExhausted(db, new Date(atMs)));
  await sweepAbandonment(env, atMs);
  await sweepCuration(env, atMs);
}
