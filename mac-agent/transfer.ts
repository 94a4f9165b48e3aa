/**
 * Files in and out by presigned addresses: download with its sha256 checked before the file gets its
 * name, upload with a known length, and checkpoints packed as one .tar.
 * Used by the job runner and the reconciler. A half-written file is never visible under its final name.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AgentError } from './errors.ts';
import { sentenceOf } from './log.ts';

const run = promisify(execFile);
const TRANSFER_MS = 30 * 60_000;
const TAR_MS = 10 * 60_000;

export const sha256File = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

export const fileSize = async (path: string): Promise<number | null> => {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? found.size : null;
};

const timed = (signal?: AbortSignal): AbortSignal => {
  const timeout = AbortSignal.timeout(TRANSFER_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
};

const get = async (url: string, name: string, signal: AbortSignal): Promise<Readable> => {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new AgentError('download_failed', `Download of ${name} failed: ${sentenceOf(error)}`, {
      retryable: true,
      cause: error,
    });
  });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new AgentError(
      'download_failed',
      `Download of ${name} was answered ${response.status}.`,
      {
        retryable: response.status !== 404,
      },
    );
  }
  return Readable.from(response.body);
};

/** Network trouble is tried again; a wrong content or a refusal is not. */
const withRetries = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
  for (const pause of [500, 3000]) {
    try {
      return await work();
    } catch (error) {
      const again =
        error instanceof AgentError && error.retryable && error.code !== 'sha256_mismatch';
      if (!again || signal?.aborted) throw error;
    }
    await wait(pause, undefined, signal ? { signal } : {});
  }
  return work();
};

export type Wanted = { url: string; sha256: string; bytes: number };

/** Fetches a file unless it is already there with the right content. */
export const downloadChecked = async (wanted: Wanted, path: string, signal?: AbortSignal) => {
  if ((await fileSize(path)) === wanted.bytes && (await sha256File(path)) === wanted.sha256) return;
  await withRetries(() => downloadOnce(wanted, path, signal), signal);
};

const downloadOnce = async (wanted: Wanted, path: string, signal?: AbortSignal) => {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const name = basename(path);
  try {
    const limit = timed(signal);
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        bytes += chunk.byteLength;
        hash.update(chunk);
        yield chunk;
      }
    };
    const body = await get(wanted.url, name, limit);
    await pipeline(body, counted, createWriteStream(part), { signal: limit });
    const digest = hash.digest('hex');
    if (bytes !== wanted.bytes || digest !== wanted.sha256) {
      throw new AgentError(
        'sha256_mismatch',
        `${name}: expected ${wanted.bytes} bytes with sha256 ${wanted.sha256}, got ${bytes} bytes with ${digest}. The object in the store is not the one that was listed.`,
        { retryable: true },
      );
    }
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
};

export const upload = (url: string, path: string, signal?: AbortSignal): Promise<void> =>
  withRetries(() => uploadOnce(url, path, signal), signal);

const uploadOnce = async (url: string, path: string, signal?: AbortSignal): Promise<void> => {
  const bytes = await fileSize(path);
  const name = basename(path);
  if (bytes === null) throw new AgentError('upload_failed', `${name} is not there to upload.`);
  const response = await fetch(url, {
    method: 'PUT',
    // A file as a Blob has a known length and is still streamed: S3 refuses chunked uploads.
    body: await openAsBlob(path),
    signal: timed(signal),
  }).catch((error: unknown) => {
    throw new AgentError('upload_failed', `Upload of ${name} failed: ${sentenceOf(error)}`, {
      retryable: true,
      cause: error,
    });
  });
  const answer = await response.text();
  if (!response.ok) {
    throw new AgentError(
      'upload_failed',
      `Upload of ${name} was answered ${response.status}: ${answer.slice(0, 200)}`,
      { retryable: true },
    );
  }
};

const CHECKPOINTS = 'checkpoints';

/** Where the trainer keeps its checkpoints. */
export const checkpointFolder = (workDir: string): string => join(workDir, CHECKPOINTS);

/** Packs one checkpoint of a work folder as a .tar that restoreCheckpoint takes back. */
export const packCheckpoint = async (workDir: string, name: string, tarFile: string) => {
  const args = ['-cf', tarFile, '-C', workDir, `${CHECKPOINTS}/${basename(name)}`];
  // macOS tar adds ._ files for extended attributes otherwise.
  const env = { ...process.env, COPYFILE_DISABLE: '1' };
  await run('tar', args, { timeout: TAR_MS, env });
};

/** Puts a stored checkpoint into a work folder; refuses an archive with anything else in it. */
export const restoreCheckpoint = async (url: string, workDir: string, signal?: AbortSignal) => {
  const tarFile = join(workDir, 'restore.tar');
  const limit = timed(signal);
  try {
    const fetchTar = async () => {
      const body = await get(url, 'the checkpoint', limit);
      await pipeline(body, createWriteStream(tarFile), { signal: limit });
    };
    await withRetries(fetchTar, signal);
    const { stdout } = await run('tar', ['-tf', tarFile], { timeout: TAR_MS });
    const names = stdout.split('\n').filter((name) => name !== '');
    const safe = /^checkpoints\/\d+-[a-z]+-\d+\.safetensors$/;
    const strange = names.find((name) => !safe.test(name));
    if (names.length === 0 || strange !== undefined) {
      throw new AgentError(
        'bad_checkpoint',
        `The stored checkpoint should hold files of the folder checkpoints, it holds ${strange ?? 'nothing'}.`,
      );
    }
    await run('tar', ['-xf', tarFile, '-C', workDir, '--no-same-owner'], { timeout: TAR_MS });
  } finally {
    await rm(tarFile, { force: true });
  }
};
