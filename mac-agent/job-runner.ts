/**
 * Carries one leased job from its claim to one report: fetch, train, publish, complete or fail.
 * Called by main.ts, one job at a time. When the lease is lost it ends the trainer and reports nothing:
 * a stale holder must never complete. What it decides is in job-decisions.ts.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { HomePaths } from './config.ts';
import type { EdgeClient } from './edge-client.ts';
import type { Completion, Job, Progress } from './edge-schema.ts';
import { AgentError, StaleLeaseError } from './errors.ts';
import type { Failure, Halt, Outcome } from './job-decisions.ts';
import { decideAfterTrainer, emptyLossLog, failureOfHalt, recordLoss } from './job-decisions.ts';
import {
  checkArtifacts,
  fetchInputs,
  jobFolders,
  prepareFolders,
  readVersions,
} from './job-files.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { ModelServer } from './model-server/index.ts';
import { publish } from './publish.ts';
import type { TrainerDone, TrainerEvent } from './trainer-events.ts';
import type { TrainerProcess, TrainerSettings } from './trainer-process.ts';
import { startTrainer, trainerCommand } from './trainer-process.ts';
import { packCheckpoint, upload } from './transfer.ts';

export type RunnerDeps = {
  edge: EdgeClient;
  server: ModelServer;
  paths: HomePaths;
  trainer: TrainerSettings;
  gitCommit: string;
  environment: NodeJS.ProcessEnv;
  log: Log;
};

const GRACE_MS = 30_000;
/** A person who watches or cancels a run should not wait for a third of a long lease. */
const MAX_BEAT_MS = 5000;
/** After the lease is lost nobody waits for the checkpoint any more. */
const LOST_GRACE_MS = 3000;
/** The edge refuses a longer sentence. */
const MAX_MESSAGE = 2000;

export const runJob = async (
  deps: RunnerDeps,
  job: Job,
  stopping: AbortSignal,
): Promise<Outcome> => {
  const { edge, log, paths } = deps;
  const folders = jobFolders(paths, job);
  const work = new AbortController();
  const finished = new AbortController();
  const leaseMs = job.lease_seconds * 1000;
  let halt: Halt | null = null;
  let trainer: TrainerProcess | null = null;
  let done: TrainerDone | null = null;
  let error: { code: string; message: string } | null = null;
  let losses = emptyLossLog();
  let progress: Progress = { phase: 'download', step: 0, total_steps: 0 };
  let checkpointSaved = false;
  let pendingCheckpoint: string | null = null;
  let lastCheckpoint: string | null = null;
  let uploading: Promise<void> | null = null;

  const stopFor = (why: Halt) => {
    if (halt === 'lease_lost' || halt === why) return;
    halt = why;
    log('warn', 'the attempt is ended', { job: job.job_id, attempt: job.attempt, why });
    work.abort(new AgentError(why, `The attempt was ended: ${why}.`));
    void trainer?.stop(why === 'lease_lost' ? LOST_GRACE_MS : GRACE_MS).catch(() => {});
  };
  const onStopping = () => stopFor('stopping');
  stopping.addEventListener('abort', onStopping, { once: true });
  if (stopping.aborted) onStopping();

  // The edge's clock may be moved; a lease is measured here from its last confirmation.
  let watchdog = setTimeout(() => stopFor('lease_lost'), leaseMs);
  const confirm = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => stopFor('lease_lost'), leaseMs);
  };

  const beat = async (): Promise<void> => {
    const saved = checkpointSaved;
    try {
      const answer = await edge.heartbeat(job, {
        progress,
        ...(saved ? { checkpoint_saved: true } : {}),
      });
      if (saved) checkpointSaved = false;
      if (!finished.signal.aborted) confirm();
      if (answer.cancel) stopFor('cancelled');
    } catch (failure) {
      if (failure instanceof StaleLeaseError) stopFor('lease_lost');
      else log('warn', 'a heartbeat failed', { problem: sentenceOf(failure) });
    }
  };
  const heartbeats = async (): Promise<void> => {
    for (;;) {
      const pause = Math.min(leaseMs / 3, MAX_BEAT_MS);
      await wait(pause, undefined, { signal: finished.signal }).catch(() => {});
      if (finished.signal.aborted) return;
      await beat();
    }
  };

  const uploadCheckpoints = async (): Promise<void> => {
    while (pendingCheckpoint !== null) {
      const file = pendingCheckpoint;
      pendingCheckpoint = null;
      const tarFile = join(folders.root, 'checkpoint.tar');
      try {
        await packCheckpoint(folders.work, file, tarFile);
        await upload(job.checkpoint.put_url, tarFile, finished.signal);
        checkpointSaved = true;
      } catch (problem) {
        log('warn', 'a checkpoint was not stored', { problem: sentenceOf(problem) });
      } finally {
        await rm(tarFile, { force: true });
      }
    }
    uploading = null;
  };
  const saveCheckpoint = (file: string) => {
    if (file === lastCheckpoint) return;
    lastCheckpoint = file;
    pendingCheckpoint = file;
    uploading ??= uploadCheckpoints();
  };

  const onEvent = (event: TrainerEvent) => {
    switch (event.event) {
      case 'start':
        progress = {
          phase: event.phases[0] ?? 'train',
          step: event.resumed_from_step,
          total_steps: 0,
        };
        return;
      case 'step': {
        const { phase, step, total_steps, loss } = event;
        progress = { phase, step, total_steps, ...(loss === null ? {} : { loss }) };
        losses = recordLoss(losses, event);
        return;
      }
      case 'phase':
        progress = { phase: event.phase, step: 0, total_steps: 0 };
        return;
      case 'evaluation':
        progress = { ...progress, message: `${event.model} on ${event.set}` };
        return;
      case 'checkpoint':
        saveCheckpoint(event.path);
        return;
      case 'done':
        done = event;
        return;
      case 'error':
        error = { code: event.code, message: event.message };
        return;
      case 'interrupted':
        log('info', 'the trainer saved its state', { phase: event.phase, step: event.step });
        if (event.path) saveCheckpoint(event.path);
        return;
      default:
        return event satisfies never;
    }
  };

  const train = async (): Promise<Outcome> => {
    await prepareFolders(paths, folders);
    await fetchInputs(paths, folders, job, { signal: work.signal, log });
    work.signal.throwIfAborted();
    const command = trainerCommand(
      deps.trainer,
      folders.jobFile,
      paths.trainerPid,
      deps.environment,
    );
    progress = { phase: 'start', step: 0, total_steps: 0 };
    trainer = startTrainer(command, onEvent, log);
    const exit = await trainer.exited;
    await uploading;
    // The next attempt is given the checkpoint only if the edge heard of it.
    if (checkpointSaved && halt !== 'lease_lost') await beat();
    return decideAfterTrainer({ halt, done, error, exit });
  };

  const finish = async (result: TrainerDone): Promise<void> => {
    const { accepted } = result.verdict;
    let serving: Completion['serving'] = null;
    if (accepted) {
      await checkArtifacts(result, folders);
      progress = { phase: 'publish', step: 0, total_steps: result.artifacts.length };
      const { server } = deps;
      serving = await publish({ server, paths, folders, job, done: result, signal: work.signal });
    }
    work.signal.throwIfAborted();
    await edge.complete(job, {
      verdict: result.verdict,
      metrics: result.metrics,
      artifacts: (accepted ? result.artifacts : []).map(({ path: _path, ...rest }) => rest),
      serving,
      training: {
        trainable_parameters: result.trainable_parameters,
        git_commit: deps.gitCommit,
        versions: { node: process.versions.node, ...(await readVersions(folders)) },
      },
      log: { losses: losses.points },
    });
  };

  const beating = heartbeats();
  let outcome: Outcome;
  try {
    outcome = await train();
    if (outcome.kind === 'finish') await finish(outcome.done);
  } catch (problem) {
    outcome = outcomeOf(problem, halt);
  } finally {
    finished.abort();
    clearTimeout(watchdog);
    stopping.removeEventListener('abort', onStopping);
    await beating;
  }
  if (outcome.kind === 'fail') await report(deps, job, outcome.failure);
  const resumable =
    outcome.kind === 'abandon' || (outcome.kind === 'fail' && outcome.failure.retryable);
  if (!resumable) await rm(folders.root, { recursive: true, force: true });
  log('info', 'the attempt ended', {
    job: job.job_id,
    attempt: job.attempt,
    outcome: outcome.kind === 'finish' ? outcome.done.verdict.reason : outcome.kind,
  });
  return outcome;
};

const outcomeOf = (problem: unknown, halt: Halt | null): Outcome => {
  if (halt === 'lease_lost' || problem instanceof StaleLeaseError) return { kind: 'abandon' };
  if (halt !== null) return { kind: 'fail', failure: failureOfHalt(halt) };
  const known = problem instanceof AgentError ? problem : null;
  const code = known?.code ?? 'agent_error';
  const retryable = known?.retryable ?? true;
  return { kind: 'fail', failure: { code, message: sentenceOf(problem), retryable } };
};

/** Not being heard is not fatal here: the lease runs out and the edge hands the job out again. */
const report = async (deps: RunnerDeps, job: Job, found: Failure): Promise<void> => {
  const failure = { ...found, message: found.message.slice(0, MAX_MESSAGE) };
  deps.log('warn', 'the job failed', { job: job.job_id, code: failure.code, why: failure.message });
  await deps.edge.fail(job, failure).catch((problem: unknown) => {
    deps.log('warn', 'the failure was not reported', { problem: sentenceOf(problem) });
  });
};
