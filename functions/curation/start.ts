// Starting curation: for a window that has ended, once for each run id. Called by cron, the sweeper
// and operators.

import { countWindow } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findDataset } from '../../adapters/postgres/datasets.ts';
import { type CurationWindow, lastClosedWindow } from '../../core/calendar.ts';
import { databaseOf, type Env } from '../../workers/env.ts';

export interface CurationRun {
  runId: string;
  datasetId: string;
}

/** Starting a run id twice is the same as starting it once. */
export async function startCuration(
  env: Env,
  window: CurationWindow,
  runId = `curate-${window.id}`,
): Promise<CurationRun> {
  const params = { week: window.id, windowStart: window.startMs, windowEnd: window.endMs };
  await env.CURATION.create({ id: runId, params }).catch(async (error: unknown) => {
    // The id is taken: that run is the one we want. Anything else is a real failure.
    await env.CURATION.get(runId).catch(() => {
      throw error;
    });
  });
  return { runId, datasetId: window.id };
}

/**
 * Starts what should have run and did not: a closed window with answers but without its dataset,
 * and a run that errored or vanished (once for each hour).
 */
export async function sweepCuration(env: Env, nowMs: number): Promise<void> {
  const window = lastClosedWindow(nowMs);
  if (nowMs - window.endMs < 10 * 60_000) return;
  const missing = await withDatabase(databaseOf(env), async (db) => {
    const dataset = await findDataset(db, window.id);
    if (dataset !== undefined) return dataset.status === 'curating';
    const counts = await countWindow(db, new Date(window.startMs), new Date(window.endMs));
    return counts.interactions > 0;
  });
  if (!missing) return;
  const runId = `curate-${window.id}`;
  const state = await env.CURATION.get(runId)
    .then((run) => run.status())
    .catch(() => undefined);
  if (state === undefined) await startCuration(env, window, runId);
  else if (['errored', 'terminated'].includes(state.status)) {
    await startCuration(env, window, `${runId}-${Math.floor(nowMs / 3_600_000)}`);
  }
}
