/**
 * Small file helpers of the local stack: whole-file writes that are never seen half done, and JSON
 * that is checked when read. Called by everything in local/ that keeps state in the home folder.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { hasCode, StackError } from './errors.ts';

export const SECRET = 0o600;

/** Writes beside the target and renames: a reader sees the old file or the new one. */
export const writeAtomic = (path: string, text: string, mode = SECRET): void => {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(draft, text, { mode });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
};

export const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
    throw error;
  }
};

/** The file's content in its shape, or null when it is missing, damaged or of another shape. */
export const readJson = <T>(path: string, schema: z.ZodType<T>): T | null => {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

const MIB = 1024 * 1024;

/** Refuses before work starts that is known not to fit. */
export const requireFreeSpace = (folder: string, leastMib: number, purpose: string): void => {
  const { bavail, bsize } = statfsSync(folder);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  if (freeMib >= leastMib) return;
  throw new StackError(
    `Only ${freeMib} MB are free at ${folder}, and ${purpose} needs ${leastMib} MB: free some space, or point BRUNO_HOME at a disk with room.`,
  );
};
