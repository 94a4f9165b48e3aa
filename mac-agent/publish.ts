/**
 * Makes an accepted version real: install its files, register it, prove by probes that what is served
 * is what was trained, then upload. Used by job-runner.ts.
 * A version that fails the proof is taken out again; nothing is uploaded before the proof.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HomePaths } from './config.ts';
import type { Completion, Job } from './edge-schema.ts';
import { AgentError } from './errors.ts';
import type { JobFolders } from './job-files.ts';
import { readGguf } from './model-server/gguf.ts';
import type { ModelServer, Registration } from './model-server/index.ts';
import { vocabularyOf } from './model-server/vocabulary.ts';
import type { ProbeResult } from './probes.ts';
import { compareProbe, mismatchOf } from './probes.ts';
import type { TrainerDone } from './trainer-events.ts';
import { upload } from './transfer.ts';

export type Publication = {
  server: ModelServer;
  paths: HomePaths;
  folders: JobFolders;
  job: Job;
  done: TrainerDone;
  signal: AbortSignal;
};

/** Where a version's files lie for good; also what the reconciler restores into. */
export const registrationOf = (
  paths: HomePaths,
  model: { model_id: string; name: string; base: string; week_tag: string | null },
): Registration => {
  const directory = join(paths.models, model.model_id);
  return {
    modelId: model.model_id,
    name: model.name,
    base: model.base,
    tags: [model.model_id, ...(model.week_tag === null ? [] : [model.week_tag])],
    adapterGguf: join(directory, 'adapter.gguf'),
    mergedGguf: join(directory, 'model-f16.gguf'),
    modelfile: join(directory, 'Modelfile'),
  };
};

const verifyProbes = async ({ server, paths, job, done, signal }: Publication): Promise<number> => {
  if (done.probes.length === 0) {
    throw new AgentError('no_probes', 'The trainer gave no probes, so nothing proves the export.');
  }
  const vocabulary = vocabularyOf(readGguf(paths.baseGguf(job.base)));
  const results: ProbeResult[] = [];
  for (const probe of done.probes) {
    signal.throwIfAborted();
    const tokens = Math.max(1, probe.token_ids.length);
    const served = await server.greedy(job.model_id, probe.messages, tokens);
    results.push(compareProbe(probe, served, vocabulary));
  }
  const mismatch = mismatchOf(results);
  if (mismatch !== null) throw new AgentError('serving_mismatch', mismatch);
  return results.length;
};

export const publish = async (publication: Publication): Promise<Completion['serving']> => {
  const { server, paths, folders, job, done, signal } = publication;
  const addresses = done.artifacts.map((artifact) => {
    const url = job.uploads[artifact.name];
    if (url === undefined) {
      throw new AgentError(
        'no_upload_address',
        `The edge gave no address for the artifact ${artifact.name}: its list of artifacts is older than the trainer's.`,
      );
    }
    return { url, path: join(folders.output, artifact.name) };
  });
  const registration = registrationOf(paths, { ...job, name: job.model_name });
  const directory = join(paths.models, job.model_id);
  // An earlier attempt of this job may have left another content under the same id.
  await server.remove(job.model_id);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { name } of done.artifacts) {
    await copyFile(join(folders.output, name), join(directory, name));
  }
  try {
    await server.register(registration, signal);
    const verified = await verifyProbes(publication);
    for (const { url, path } of addresses) await upload(url, path, signal);
    return {
      server: server.kind,
      name: `${job.model_name}:${job.model_id}`,
      verified_probes: verified,
    };
  } catch (error) {
    await server.remove(job.model_id).catch(() => {});
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
};
