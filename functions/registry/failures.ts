// Trainings that failed, by their agent's word or by its silence: operators are told of each, once.

import type { Database, Transaction } from '../../adapters/postgres/connect.ts';
import { failExhausted, type JobRow, LEASE_EXPIRED } from '../../adapters/postgres/jobs.ts';
import type { Env } from '../../workers/env.ts';
import { notify } from '../notify/outbox.ts';

export const notifyFailed = (
  tx: Transaction,
  env: Env,
  { id, modelId, datasetId, attempt }: JobRow,
  { code, message }: { code: string; message: string },
) =>
  notify(tx, env, {
    kind: 'training_failed',
    jobId: id,
    modelId,
    datasetId,
    attempt,
    code,
    message,
  });

/** Jobs whose last attempt went silent have failed; called by the sweep. */
export async function endExhausted(db: Database, env: Env, at: Date): Promise<void> {
  await db.transaction(async (tx) => {
    for (const job of await failExhausted(tx, at)) {
      if (job.status === 'failed') await notifyFailed(tx, env, job, LEASE_EXPIRED);
    }
  });
}
