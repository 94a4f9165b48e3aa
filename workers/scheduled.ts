// What time brings: the weekly dataset on Sunday 02:00 UTC, and every quarter of an hour a sweep of
// what ran out or got stuck, of who left at once and of what must be forgotten. The parts do not
// depend on each other: one that fails is named in the log and keeps none from running.

import { withDatabase } from '../adapters/postgres/connect.ts';
import { forgetReplayed } from '../adapters/postgres/dead-letters.ts';
import { CRON, lastClosedWindow } from '../core/calendar.ts';
import { startCuration, sweepCuration } from '../functions/curation/start.ts';
import { sweepErasures } from '../functions/erasure/index.ts';
import { chainOf, takeOverHistory } from '../functions/history/append.ts';
import { publishHistory } from '../functions/history/publish.ts';
import { deliverQuietly } from '../functions/notify/deliver.ts';
import { watch } from '../functions/notify/watch.ts';
import { endExhausted } from '../functions/registry/failures.ts';
import { sweepPruning } from '../functions/registry/pruning.ts';
import { sweepRetention } from '../functions/retention/index.ts';
import { sweepHoldout } from '../functions/rollout/holdout.ts';
import { lookAtDue } from '../functions/rollout/sweep.ts';
import { sweepAbandonment } from '../functions/signals/abandonment.ts';
import { databaseOf, type Env } from './env.ts';
import { report } from './report.ts';

const REPLAYED_KEPT_MS = 30 * 86_400_000;

export async function fire(cron: string, atMs: number, env: Env): Promise<void> {
  if (cron === CRON.weekly) {
    await startCuration(env, lastClosedWindow(atMs));
    return;
  }
  const failures: unknown[] = [];
  for (const [part, sweep] of Object.entries(SWEEPS)) {
    await sweep(env, atMs).catch((failure: unknown) => {
      report('sweep_failed', failure, { part });
      failures.push(failure);
    });
  }
  if (failures.length > 0) throw failures[0];
}

type Sweep = (env: Env, atMs: number) => Promise<unknown>;

const endJobs: Sweep = (env, atMs) =>
  withDatabase(databaseOf(env), (db) => endExhausted(db, env, new Date(atMs)));

const forgetLetters: Sweep = (env, atMs) =>
  withDatabase(databaseOf(env), (db) => forgetReplayed(db, new Date(atMs - REPLAYED_KEPT_MS)));

async function history(env: Env, atMs: number): Promise<void> {
  await withDatabase(databaseOf(env), (db) => takeOverHistory(db, chainOf(env, atMs)));
  await publishHistory(env);
}

/** In this order; a bundle may rename functions, so each has its name for the log. */
const SWEEPS: Readonly<Record<string, Sweep>> = {
  jobs: endJobs,
  dead_letters: forgetLetters,
  abandonment: sweepAbandonment,
  // Before curation, so that it finds what may still be used.
  erasures: sweepErasures,
  retention: sweepRetention,
  curation: sweepCuration,
  holdout: sweepHoldout,
  experiments: lookAtDue,
  pruning: sweepPruning,
  history,
  watch,
  notifications: deliverQuietly,
};
