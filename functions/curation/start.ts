// Starting curation: for a window that has ended, once for each run id. Called by cron, the sweeper
// and operators.

import { countWindow } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findDataset } from '../../adapters/postgres/datasets.ts';
import { type CurationWindow, closedWindows } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { databaseOf, type Env } from '../../workers/env.ts';

export interface CurationRun {
  runId: string;
  datasetId: string;
}

const WEEKS_SWEPT = 4;
/** Cron itself starts the newest week; the sweep comes after it. */
const GRACE_MS = 10 * 60_000;
/** More runs of one week than this have all failed; somebody must look. */
const MAX_RUNS = 20;
/** What a run is in after a machine was killed under it; it may never go on. */
const OVERDUE_MS = 30 * 60_000;

/**
 * One run of a week at a time: the one that is under way or complete is returned. A further one is
 * started when those before it failed, or when `abandon` gives up the one under way.
 * Throws AppError conflict when the week's runs are used up.
 */
export async function startCuration(
  env: Env,
  window: CurationWindow,
  { abandon = false } = {},
): Promise<CurationRun> {
  const params = { week: window.id, windowStart: window.startMs, windowEnd: window.endMs };
  for (let run = 1; run <= MAX_RUNS; run += 1) {
    const runId = run === 1 ? `curate-${window.id}` : `curate-${window.id}-${run}`;
    const existing = await env.CURATION.get(runId).catch(() => undefined);
    if (existing === undefined) {
      // Two starts at once: the second finds the id taken, by the run that it wants.
      await env.CURATION.create({ id: runId, params }).catch(async (error: unknown) => {
        await env.CURATION.get(runId).catch(() => {
          throw error;
        });
      });
      return { runId, datasetId: window.id };
    }
    const { status } = await existing.status().catch(() => ({ status: 'queued' }));
    const failed = ['errored', 'terminated', 'unknown'].includes(status);
    if (!failed && (!abandon || status === 'complete')) return { runId, datasetId: window.id };
    if (!failed) await existing.terminate();
  }
  throw new AppError(
    'conflict',
    `Week ${window.id} was curated ${MAX_RUNS} times without success.`,
  );
}

/**
 * Starts what should have run and did not: closed windows of the last weeks with answers but without
 * their dataset, and those whose run failed or has been under way for too long.
 */
export async function sweepCuration(env: Env, nowMs: number): Promise<void> {
  const due = await withDatabase(databaseOf(env), async (db) => {
    const found: { window: CurationWindow; abandon: boolean }[] = [];
    for (const window of closedWindows(nowMs, WEEKS_SWEPT)) {
      if (nowMs - window.endMs < GRACE_MS) continue;
      const dataset = await findDataset(db, window.id);
      if (dataset !== undefined && dataset.status !== 'curating') continue;
      if (dataset !== undefined) {
        const abandon = nowMs - dataset.createdAt.getTime() > OVERDUE_MS;
        found.push({ window, abandon });
        continue;
      }
      const counts = await countWindow(db, new Date(window.startMs), new Date(window.endMs));
      if (counts.interactions > 0) found.push({ window, abandon: false });
    }
    return found;
  });
  // Oldest first: a week replays what the weeks before it taught.
  for (const { window, abandon } of due) await startCuration(env, window, { abandon });
}
