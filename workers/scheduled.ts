// What time brings: the weekly dataset on Sunday 02:00 UTC, and every quarter of an hour a sweep of
// what ran out or got stuck, and of who left at once.

import { withDatabase } from '../adapters/postgres/connect.ts';
import { forgetReplayed } from '../adapters/postgres/dead-letters.ts';
import { failExhausted } from '../adapters/postgres/jobs.ts';
import { CRON, lastClosedWindow } from '../core/calendar.ts';
import { startCuration, sweepCuration } from '../functions/curation/start.ts';
import { sweepAbandonment } from '../functions/signals/abandonment.ts';
import { databaseOf, type Env } from './env.ts';

const REPLAYED_KEPT_MS = 30 * 86_400_000;

export async function fire(cron: string, atMs: number, env: Env): Promise<void> {
  if (cron === CRON.weekly) {
    await startCuration(env, lastClosedWindow(atMs));
    return;
  }
  await withDatabase(databaseOf(env), async (db) => {
    await failExhausted(db, new Date(atMs));
    await forgetReplayed(db, new Date(atMs - REPLAYED_KEPT_MS));
  });
  await sweepAbandonment(env, atMs);
  await sweepCuration(env, atMs);
}
