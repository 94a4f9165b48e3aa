// A dataset's manifests through an erasure: read where they are published, made anew, staged under a key
// of their own hash until the row that they describe is saved, and only then published.

import { z } from 'zod';
import type { ObjectStore } from '../../adapters/object-store/index.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import type { DatasetRow } from '../../adapters/postgres/datasets.ts';
import { noteSuperseded } from '../../adapters/postgres/rewrites.ts';
import { AppError } from '../../core/errors.ts';
import { datasetFolder } from '../curation/write.ts';
import {
  type Manifest,
  manifestSchema,
  type PairManifest,
  pairManifestSchema,
  type Remaining,
} from './without.ts';

const fileSchema = z.object({
  path: z.string(),
  key: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  lines: z.number(),
});
export const filesSchema = z.array(fileSchema);
export type DatasetFile = z.infer<typeof fileSchema>;
export const keysSchema = z.array(z.string());

export const JSON_TYPE = 'application/json';

const published = (id: string) =>
  [
    `training-data/${datasetFolder(id)}/manifest.json`,
    `rlhf-data/${datasetFolder(id)}/manifest.json`,
  ] as const;

/** Where the manifests lie until the row that they describe is saved. */
export const stagedKeys = (id: string, hash: string) =>
  [
    `training-data/${datasetFolder(id)}/manifest-${hash.slice(0, 16)}.json`,
    `rlhf-data/${datasetFolder(id)}/manifest-${hash.slice(0, 16)}.json`,
  ] as const;

/** Throws AppError dependency_unavailable where files have no manifest that says what is in them. */
export async function readManifests(
  store: ObjectStore,
  { id, files }: DatasetRow,
): Promise<{ manifest: Manifest; pairs: PairManifest }> {
  const [training, rlhf] = published(id);
  const manifest = await store.find(training);
  if (manifest === undefined && filesSchema.parse(files).length > 0) {
    throw new AppError('dependency_unavailable', `The manifest of dataset ${id} is missing.`);
  }
  const none = '{"counts":{}}';
  return {
    manifest: manifestSchema.parse(JSON.parse(manifest ?? none)),
    pairs: pairManifestSchema.parse(JSON.parse((await store.find(rlhf)) ?? none)),
  };
}

export function newManifests(
  row: DatasetRow,
  change: {
    published: { manifest: Manifest; pairs: PairManifest };
    left: Remaining;
    written: readonly DatasetFile[];
    by: readonly string[];
  },
): { training: string; rlhf: string } {
  const { left, written } = change;
  const lineage = {
    counts: left.counts,
    revision: row.revision + 1,
    replaces: { revision: row.revision, manifest_sha256: row.manifestSha256 },
    erasures: change.by,
  };
  const listed = (prefix: string) =>
    written
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, key, sha256: hash, bytes, lines }) => ({
        path,
        key,
        sha256: hash,
        bytes,
        lines,
      }));
  const training = {
    ...change.published.manifest,
    ...lineage,
    files: listed(''),
    members: left.members,
    held_out: left.heldOut,
  };
  const rlhf = {
    ...change.published.pairs,
    ...lineage,
    files: listed('pairs/'),
    pairs: left.pairs,
  };
  return { training: JSON.stringify(training, null, 1), rlhf: JSON.stringify(rlhf, null, 1) };
}

/** Puts saved manifests in their place, then deletes what nothing names any more. */
export async function publish(
  { db, store }: { db: Database; store: ObjectStore },
  row: DatasetRow,
): Promise<void> {
  const superseded = keysSchema.parse(row.superseded);
  if (superseded.length === 0) return;
  const staged = stagedKeys(row.id, row.manifestSha256 ?? '');
  for (const [index, key] of published(row.id).entries()) {
    const text = await store.find(staged[index] ?? '');
    if (text !== undefined) await store.put(key, text, JSON_TYPE);
  }
  const inUse = new Set(filesSchema.parse(row.files).map(({ key }) => key));
  for (const key of superseded) if (!inUse.has(key)) await store.remove(key);
  await noteSuperseded(db, row.id, []);
}
