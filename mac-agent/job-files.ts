/**
 * The files of one attempt on the agent's disk: dataset, production adapter, job.json, checkpoints.
 * Used by job-runner.ts. Datasets hold visitors' words, so old job folders are deleted, not kept.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { HomePaths } from './config.ts';
import type { Job } from './edge-schema.ts';
import { AgentError } from './errors.ts';
import { newestCheckpoint } from './job-decisions.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { TrainerDone } from './trainer-events.ts';
import {
  checkpointFolder,
  downloadChecked,
  fileSize,
  restoreCheckpoint,
  sha256File,
} from './transfer.ts';

export type JobFolders = {
  root: string;
  dataset: string;
  work: string;
  output: string;
  jobFile: string;
};

export const jobFolders = (paths: HomePaths, job: Job): JobFolders => {
  const root = join(paths.jobs, job.job_id);
  return {
    root,
    dataset: join(root, 'dataset'),
    work: join(root, 'work'),
    output: join(root, `output-${job.attempt}`),
    jobFile: join(root, 'job.json'),
  };
};

/** Keeps this job's folder (its checkpoints may be resumed) and deletes every other. */
export const prepareFolders = async (paths: HomePaths, folders: JobFolders): Promise<void> => {
  await mkdir(paths.jobs, { recursive: true, mode: 0o700 });
  for (const name of await readdir(paths.jobs)) {
    const path = join(paths.jobs, name);
    if (path !== folders.root) await rm(path, { recursive: true, force: true });
  }
  await rm(folders.output, { recursive: true, force: true });
  for (const folder of [folders.dataset, folders.work, folders.output]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
};

/** Brings everything the trainer reads, and writes job.json last. */
export const fetchInputs = async (
  paths: HomePaths,
  folders: JobFolders,
  job: Job,
  { signal, log }: { signal: AbortSignal; log: Log },
): Promise<void> => {
  if ((await fileSize(paths.baseGguf(job.base))) === null) {
    throw new AgentError('base_not_found', `The base ${job.base} is not on this machine.`);
  }
  for (const file of job.dataset.files) {
    await downloadChecked(file, join(folders.dataset, file.path), signal);
  }
  let production: { model_id: string; adapter_dir: string } | null = null;
  if (job.production) {
    const directory = join(paths.models, job.production.model_id);
    for (const file of job.production.files) {
      await downloadChecked(file, join(directory, file.name), signal);
    }
    production = { model_id: job.production.model_id, adapter_dir: directory };
  }
  const local = await readdir(checkpointFolder(folders.work)).catch(() => []);
  if (newestCheckpoint(local) === null && job.checkpoint.get_url) {
    // A lost checkpoint costs time, not the job: the trainer begins anew without one.
    await restoreCheckpoint(job.checkpoint.get_url, folders.work, signal).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        log('warn', 'no checkpoint was restored', { problem: sentenceOf(error) });
      },
    );
  }
  const content = {
    version: 1,
    job_id: job.job_id,
    attempt: job.attempt,
    model_id: job.model_id,
    seed: job.seed,
    base: { name: job.base, dir: paths.baseDir(job.base) },
    production,
    dataset: { dir: folders.dataset, sha256: job.dataset.manifest_sha256 },
    ...job.config,
    work_dir: folders.work,
    output_dir: folders.output,
  };
  await writeFile(folders.jobFile, JSON.stringify(content, null, 2), { mode: 0o600 });
};

/** The trainer's artifacts must be what it said, and lie where it was told to write. */
export const checkArtifacts = async (done: TrainerDone, folders: JobFolders): Promise<void> => {
  for (const artifact of done.artifacts) {
    const path = join(folders.output, artifact.name);
    const size = artifact.path === path ? await fileSize(path) : null;
    if (size !== artifact.bytes || (await sha256File(path)) !== artifact.sha256) {
      throw new AgentError(
        'bad_artifact',
        `The trainer announced ${artifact.name} with ${artifact.bytes} bytes in the output folder; what lies there is ${size === null ? 'nothing' : `another file of ${size} bytes`}.`,
        { retryable: true },
      );
    }
  }
};

const trainingSchema = z.object({ versions: z.record(z.string(), z.string()) });

/** Package versions from training.json; empty when a refused run wrote none. */
export const readVersions = async (folders: JobFolders): Promise<Record<string, string>> => {
  const text = await readFile(join(folders.output, 'training.json'), 'utf8').catch(() => null);
  if (text === null) return {};
  const parsed = trainingSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data.versions : {};
};
