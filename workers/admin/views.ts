// How the record's rows look to operators.

import type { DatasetRow } from '../../adapters/postgres/datasets.ts';
import type { JobRow } from '../../adapters/postgres/jobs.ts';
import type { ModelRow } from '../../adapters/postgres/models.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { stageOf } from '../../functions/registry/models.ts';

export function datasetView(row: DatasetRow) {
  const counts: Record<string, unknown> = Object(row.counts);
  const { interactions, qualified } = counts;
  const rate =
    typeof interactions === 'number' && interactions > 0 && typeof qualified === 'number'
      ? qualified / interactions
      : null;
  return {
    id: row.id,
    week: row.id,
    window_start: row.windowStart,
    window_end: row.windowEnd,
    status: row.status,
    counts,
    quality_rate: rate,
    files: row.files,
    manifest_sha256: row.manifestSha256,
    created_at: row.createdAt,
  };
}

export function jobView(row: JobRow) {
  return {
    id: row.id,
    dataset_id: row.datasetId,
    model_id: row.modelId,
    base: row.base,
    parent: row.parent,
    status: row.status,
    attempt: row.attempt,
    max_attempts: row.maxAttempts,
    agent_id: row.agentId,
    lease_expires_at: row.leaseExpiresAt,
    cancel_requested: row.cancelRequested,
    progress: row.progress,
    losses: row.losses,
    verdict: row.verdict,
    error: row.error,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
  };
}

export function modelView(row: ModelRow, table: RoutingTable, everLive: ReadonlySet<string>) {
  return {
    id: row.id,
    display: row.display,
    base: row.base,
    parent: row.parent,
    dataset_id: row.datasetId,
    job_id: row.jobId,
    stage: stageOf(row, table, everLive),
    reason: row.reason,
    metrics: row.metrics,
    artifacts: row.artifacts,
    git_commit: row.gitCommit,
    created_at: row.createdAt,
  };
}
