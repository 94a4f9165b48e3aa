/**
 * One holder at a time for a home folder, an install or a build. The lock names its holder, so one
 * left by a killed process is taken over. Called by the stack, the installers and the build.
 */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { hasCode, StackError } from './errors.ts';
import { readJson } from './files.ts';
import { isAlive, markOf } from './processes.ts';

const schema = z.strictObject({ pid: z.number().int(), born: z.string() });
const taken = new Set<string>();

export type Lock = { release(): void };

/** The lock, or the pid that holds it. */
export const tryLock = (path: string): Lock | { readonly holder: number } => {
  if (taken.has(path)) return { holder: process.pid };
  const own = markOf(process.pid);
  if (own === null) throw new StackError('This process cannot see itself in the process list.');
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        // A link appears whole or not at all, so nobody reads a lock without its holder.
        linkSync(draft, path);
        taken.add(path);
        return {
          release: () => {
            if (taken.delete(path)) rmSync(path, { force: true });
          },
        };
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      const holder = readJson(path, schema);
      if (holder !== null && isAlive(holder)) return { holder: holder.pid };
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new StackError(`Could not take the lock ${path}: delete that file and try again.`);
};

/** Waits for the lock, does the work and lets go; `onWait` is told once whom it waits for. */
export const withLock = async <T>(
  path: string,
  work: () => Promise<T>,
  options: { waitMs: number; onWait: (holder: number) => void },
): Promise<T> => {
  const deadline = Date.now() + options.waitMs;
  let told = false;
  for (;;) {
    const lock = tryLock(path);
    if ('release' in lock) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (Date.now() > deadline) {
      throw new StackError(
        `Process ${lock.holder} has held ${path} for too long: end that process and try again.`,
      );
    }
    if (!told) options.onWait(lock.holder);
    told = true;
    await sleep(200);
  }
};
