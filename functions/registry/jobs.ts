// Training jobs: made from a dataset, given to one agent at a time under a lease, ended once. The
// attempt number fences: a holder whose lease was taken over can no longer say anything.

import type { Database, Queryable } from '../../adapters/postgres/connect.ts';
import { type DatasetRow, findDataset } from '../../adapters/postgres/datasets.ts';
import {
  agentSeen,
  claimJob,
  createJob,
  endJob,
  findJob,
  heartbeatJob,
  type JobRow,
  jobsOfDataset,
} from '../../adapters/postgres/jobs.ts';
import { findModel, insertModel, latestTable } from '../../adapters/postgres/models.ts';
import { modelNames, parseWeekId } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { ARTIFACT_NAMES, type CompleteRequest } from '../../core/wire/agent.ts';
import { type Env, learningOf, now, randomBytes, settingsOf } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { notify } from '../notify/outbox.ts';
import { watchAgent } from '../notify/watch.ts';
import { createRollout, planNow, rolloutSettings } from '../rollout/create.ts';
import { ENGINE } from '../rollout/record.ts';
import { notifyFailed } from './failures.ts';
import { artifactKey, ensureBaseModel, storedFiles } from './models.ts';

const LEASE_MS = 60_000;
const MAX_ATTEMPTS = 5;
const URL_SECONDS = 12 * 3_600;
/** What an agent says that is told to end while it trains. */
const AGENT_STOPPED = 'agent_stopped';

export const checkpointKey = (jobId: string) => `checkpoints/${jobId}.tar`;

export const stale = () =>
  new AppError(
    'stale_holder',
    'This attempt no longer holds the job; another one does, or it ended.',
  );

/** `again` makes a further iteration; else the dataset's first job is returned if there is one. */
export async function createTrainingJob(
  db: Queryable,
  env: Env,
  request: { datasetId: string; again: boolean },
): Promise<JobRow> {
  const settings = settingsOf(env);
  const dataset = await findDataset(db, request.datasetId);
  if (!dataset) throw new AppError('not_found', `There is no dataset ${request.datasetId}.`);
  if (dataset.status !== 'ready') {
    throw new AppError(
      'conflict',
      `Dataset ${dataset.id} is ${dataset.status === 'curating' ? 'still being curated' : 'too small to train on'}.`,
    );
  }
  const existing = await jobsOfDataset(db, dataset.id);
  const first = existing[0];
  if (first && !request.again) return first;
  const running = existing.find((job) => job.status === 'queued' || job.status === 'leased');
  if (running)
    throw new AppError('conflict', `Job ${running.id} for ${dataset.id} is not finished.`);
  const iteration = existing.length + 1;
  const table = await latestTable(db);
  const at = now(env);
  return createJob(db, {
    id: uuidv7(at, randomBytes(10)),
    datasetId: dataset.id,
    iteration,
    modelId: modelNames(dataset.id, iteration, settings.MODEL_NAME).id,
    base: settings.BASE_MODEL,
    parent: table?.production ?? settings.BASE_MODEL,
    createdAt: new Date(at),
    maxAttempts: MAX_ATTEMPTS,
  });
}

export async function claim(db: Database, env: Env, agentId: string, bases: readonly string[]) {
  const at = now(env);
  await agentSeen(db, agentId, new Date(at));
  const job = await claimJob(db, {
    agentId,
    bases,
    now: new Date(at),
    leaseExpiresAt: new Date(at + LEASE_MS),
  });
  if (job === undefined) return undefined;
  // Whoever was woken because nobody came for this job learns it now, not at the next sweep.
  await watchAgent(db, env, at).catch(() => undefined);
  return jobOffer(db, env, job);
}

async function jobOffer(db: Database, env: Env, job: JobRow) {
  const settings = settingsOf(env);
  const store = objectStoreOf(env);
  const { training, rlhf, evaluation } = learningOf(env);
  const dataset = await findDataset(db, job.datasetId);
  if (!dataset) throw new AppError('conflict', 'The dataset of this job is gone.');
  const parent = job.parent === job.base ? undefined : await findModel(db, job.parent);
  const production =
    parent === undefined
      ? null
      : {
          model_id: parent.id,
          files: await storedFiles(store, parent, ['adapters.safetensors', 'adapter_config.json']),
        };
  const uploads: Record<string, string> = {};
  for (const name of ARTIFACT_NAMES) {
    uploads[name] = await store.presignPut(
      artifactKey(job.modelId, job.attempt, name),
      URL_SECONDS,
    );
  }
  const { week } = parseWeekId(job.datasetId);
  return {
    job_id: job.id,
    attempt: job.attempt,
    model_id: job.modelId,
    model_name: settings.MODEL_NAME,
    week_tag: `week-${String(week).padStart(2, '0')}`,
    seed: week * 100 + job.iteration,
    lease_seconds: LEASE_MS / 1000,
    lease_expires_at: job.leaseExpiresAt,
    base: job.base,
    production,
    dataset: {
      id: dataset.id,
      manifest_sha256: dataset.manifestSha256,
      files: await datasetFiles(env, dataset),
    },
    config: { training, rlhf, evaluation },
    checkpoint: {
      get_url: job.hasCheckpoint
        ? await store.presignGet(checkpointKey(job.id), URL_SECONDS)
        : null,
      put_url: await store.presignPut(checkpointKey(job.id), URL_SECONDS),
    },
    uploads,
  };
}

async function datasetFiles(env: Env, dataset: DatasetRow) {
  const store = objectStoreOf(env);
  const files = Array.isArray(dataset.files) ? dataset.files : [];
  return Promise.all(
    files.map(async (file) => ({
      path: String(file.path),
      url: await store.presignGet(String(file.key), URL_SECONDS),
      sha256: String(file.sha256),
      bytes: Number(file.bytes),
    })),
  );
}

interface Holder {
  jobId: string;
  agentId: string;
  attempt: number;
}

export async function heartbeat(
  db: Database,
  env: Env,
  holder: Holder,
  beat: { progress: unknown; checkpointSaved: boolean },
) {
  const at = now(env);
  await agentSeen(db, holder.agentId, new Date(at));
  const leaseExpiresAt = new Date(at + LEASE_MS);
  const job = await heartbeatJob(db, holder, { leaseExpiresAt, ...beat });
  if (!job) throw stale();
  return { lease_expires_at: leaseExpiresAt, cancel: job.cancelRequested };
}

/** The same holder said the same before, and only the reply was lost. */
async function isRepeat(
  db: Database,
  holder: Holder,
  statuses: readonly JobRow['status'][],
): Promise<boolean> {
  const job = await findJob(db, holder.jobId);
  return (
    job?.agentId === holder.agentId &&
    job.attempt === holder.attempt &&
    statuses.includes(job.status)
  );
}

/**
 * Ends the job and registers its model in one transaction; a refused one is registered as refused.
 * Safe to repeat by the same attempt.
 */
export async function complete(
  db: Database,
  env: Env,
  holder: Holder,
  result: CompleteRequest,
): Promise<void> {
  const settings = settingsOf(env);
  const ended = result.verdict.accepted ? 'succeeded' : 'refused';
  if (await isRepeat(db, holder, [ended])) return;
  const uploaded = result.verdict.accepted
    ? await checkUploads(db, env, holder, result)
    : undefined;
  const at = new Date(now(env));
  await ensureBaseModel(db, env);
  if (uploaded) await writeManifest(env, uploaded, result);
  const { auto_experiment: startsItself, promote_on: promoteOn } = rolloutSettings(env);
  const plan = uploaded && startsItself ? await planNow(db, env, promoteOn) : undefined;
  await db.transaction(async (tx) => {
    const job = await endJob(tx, holder, {
      status: ended,
      verdict: result.verdict,
      losses: result.log.losses,
      finishedAt: at,
    });
    if (!job) throw stale();
    await insertModel(tx, {
      id: job.modelId,
      display: modelNames(job.datasetId, job.iteration, settings.MODEL_NAME).display,
      base: job.base,
      parent: job.parent,
      datasetId: job.datasetId,
      jobId: job.id,
      status: result.verdict.accepted ? 'registered' : 'refused',
      reason: result.verdict.reason,
      metrics: { ...result.metrics, training: result.training, serving: result.serving },
      artifacts: storedAs(job, result.artifacts),
      gitCommit: result.training.git_commit,
      createdAt: at,
    });
    const told = {
      modelId: job.modelId,
      datasetId: job.datasetId,
      jobId: job.id,
      reason: result.verdict.reason,
    };
    await notify(
      tx,
      env,
      result.verdict.accepted
        ? { kind: 'candidate_accepted', startsItself: plan !== undefined, ...told }
        : { kind: 'candidate_refused', ...told },
    );
    if (plan) {
      const reason = 'accepted by its gate; auto_experiment is on';
      const request = { requestId: `auto:${job.modelId}`, who: ENGINE, why: reason };
      await createRollout(tx, env, { candidate: job.modelId, plan, startsItself, ...request });
    }
  });
}

const storedAs = (job: JobRow, artifacts: CompleteRequest['artifacts']) =>
  artifacts.map((artifact) => ({
    ...artifact,
    key: artifactKey(job.modelId, job.attempt, artifact.name),
  }));

/** What lies in the store says by itself what it is and where it came from. */
async function writeManifest(env: Env, job: JobRow, result: CompleteRequest): Promise<void> {
  const { modelId, base, parent, datasetId, attempt } = job;
  const manifest = {
    version: 1,
    model: modelId,
    base,
    parent,
    dataset: datasetId,
    job: job.id,
    attempt,
    git_commit: result.training.git_commit,
    files: storedAs(job, result.artifacts),
  };
  await objectStoreOf(env).put(
    `models/${modelId}/manifest.json`,
    JSON.stringify(manifest, null, 1),
    'application/json',
  );
}

/** The job, with its lease renewed for the checks; throws what is missing. */
async function checkUploads(
  db: Database,
  env: Env,
  holder: Holder,
  result: CompleteRequest,
): Promise<JobRow> {
  const job = await heartbeatJob(db, holder, {
    leaseExpiresAt: new Date(now(env) + LEASE_MS),
    progress: null,
    checkpointSaved: false,
  });
  if (!job) throw stale();
  if (result.serving === null) {
    throw new AppError(
      'invalid_request',
      'An accepted model must be registered in the model server.',
    );
  }
  const missing = ARTIFACT_NAMES.filter(
    (name) => !result.artifacts.some((artifact) => artifact.name === name),
  );
  if (missing.length > 0) {
    throw new AppError('invalid_request', `An accepted model needs ${missing.join(', ')} as well.`);
  }
  const store = objectStoreOf(env);
  for (const { name, bytes } of result.artifacts) {
    const size = await store.size(artifactKey(job.modelId, holder.attempt, name));
    if (size !== bytes) {
      throw new AppError('invalid_request', `Artifact ${name} was not uploaded whole.`, {
        details: [`${name}: expected ${bytes} bytes, the store has ${size ?? 'none'}`],
      });
    }
  }
  return job;
}

export async function fail(
  db: Database,
  env: Env,
  holder: Holder,
  failure: { code: string; message: string; retryable: boolean },
): Promise<void> {
  const at = new Date(now(env));
  if (await isRepeat(db, holder, ['queued', 'failed', 'cancelled'])) return;
  const job = await db.transaction(async (tx) => {
    const current = await heartbeatJob(tx, holder, {
      leaseExpiresAt: at,
      progress: null,
      checkpointSaved: false,
    });
    if (!current) return undefined;
    // An agent that was stopped in order did not fail: its attempt is not counted.
    const maxAttempts = current.maxAttempts + (failure.code === AGENT_STOPPED ? 1 : 0);
    const again = failure.retryable && current.attempt < maxAttempts;
    const status = current.cancelRequested ? 'cancelled' : again ? 'queued' : 'failed';
    const { code, message } = failure;
    const ended = await endJob(tx, holder, {
      status,
      error: { code, message },
      maxAttempts,
      finishedAt: status === 'queued' ? null : at,
    });
    if (ended?.status === 'failed') await notifyFailed(tx, env, ended, failure);
    return ended;
  });
  if (!job) throw stale();
}
