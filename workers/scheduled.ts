// What time brings: the weekly dataset on Sunday 02:00 UTC, and every quarter of an hour a sweep of
// what ran out or got stuck.

import { withDatabase } from '../adapters/postgres/connect.ts';
import { failExhausted } from '../adapters/postgres/jobs.ts';
import { CRON, lastClosedWindow } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { startCuration, sweepCuration } from '../functions/curation/start.ts';
import { sweepErasures } from '../functions/erasure/index.ts';
import { sweepRetention } from '../functions/retention/index.ts';
import { databaseOf, type Env } from './env.ts';

export async function fire(cron: string, atMs: number, env: Env): Promise<void> {
  if (cron === CRON.weekly) {
    await startCuration(env, lastClosedWindow(atMs));
    return;
  }
  await withDatabase(databaseOf(env), (db) => failExhausted(db, new Date(atMs)));
  // Before curation, so that it finds what may still be used.
  await unlessItFails('erasures', () => sweepErasures(env, atMs));
  await unlessItFails('retention', () => sweepRetention(env, atMs));
  await sweepCuration(env, atMs);
}

/** One that fails comes again with the next sweep; it must not keep the others from their work. */
async function unlessItFails(sweep: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const detail = error instanceof AppError ? (error.internalMessage ?? error.message) : 'failed';
    console.error(JSON.stringify({ level: 'error', code: 'sweep_failed', sweep, detail }));
  }
}
