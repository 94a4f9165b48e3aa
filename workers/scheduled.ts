// What time brings: the weekly dataset on Sunday 02:00 UTC, and every quarter of an hour a sweep of
// what ran out or got stuck. The parts of a sweep do not depend on each other: one that fails is
// reported at the end and keeps none of the others from running.

import { withDatabase } from '../adapters/postgres/connect.ts';
import { CRON, lastClosedWindow } from '../core/calendar.ts';
import { startCuration, sweepCuration } from '../functions/curation/start.ts';
import { chainOf, takeOverHistory } from '../functions/history/append.ts';
import { publishHistory } from '../functions/history/publish.ts';
import { deliverQuietly } from '../functions/notify/deliver.ts';
import { watch } from '../functions/notify/watch.ts';
import { endExhausted } from '../functions/registry/failures.ts';
import { databaseOf, type Env } from './env.ts';

export async function fire(cron: string, atMs: number, env: Env): Promise<void> {
  if (cron === CRON.weekly) {
    await startCuration(env, lastClosedWindow(atMs));
    return;
  }
  const failures: unknown[] = [];
  for (const part of [endJobs, sweepCuration, history, watch, deliverQuietly]) {
    await part(env, atMs).catch((failure: unknown) => failures.push(failure));
  }
  if (failures.length > 0) throw failures[0];
}

const endJobs = (env: Env, atMs: number) =>
  withDatabase(databaseOf(env), (db) => endExhausted(db, env, new Date(atMs)));

async function history(env: Env, atMs: number): Promise<void> {
  await withDatabase(databaseOf(env), (db) => takeOverHistory(db, chainOf(env, atMs)));
  await publishHistory(env);
}
