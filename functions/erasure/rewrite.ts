// Takes erased examples out of one dataset. The order makes it safe to stop anywhere and to begin again:
// note the keys that will be written; write the changed files, and the manifests, under keys of their
// own hash; save the row with everything that follows from it; publish the manifests; and only then
// delete what was replaced. Until the row is saved the published manifest says what is in the files.

import { type ObjectStore, sha256 } from '../../adapters/object-store/index.ts';
import type { Database, Transaction } from '../../adapters/postgres/connect.ts';
import { type DatasetRow, findDataset } from '../../adapters/postgres/datasets.ts';
import { countErased } from '../../adapters/postgres/erasures.ts';
import { jobsOfDataset } from '../../adapters/postgres/jobs.ts';
import {
  endJobsOn,
  flagModels,
  noteSuperseded,
  removeMembers,
  saveRewrite,
} from '../../adapters/postgres/rewrites.ts';
import { AppError } from '../../core/errors.ts';
import type { Env } from '../../workers/env.ts';
import { datasetKeys } from '../curation/write.ts';
import { checkpointKey, createTrainingJob } from '../registry/jobs.ts';
import {
  type DatasetFile,
  filesSchema,
  JSON_TYPE,
  keysSchema,
  newManifests,
  publish,
  readManifests,
  stagedKeys,
} from './manifests.ts';
import {
  type Gone,
  isGoneExample,
  isGonePair,
  nothingGone,
  type Remaining,
  remaining,
  withoutLines,
} from './without.ts';

export interface OpenErasure extends Gone {
  id: string;
}

export interface RewriteContext {
  db: Database;
  env: Env;
  store: ObjectStore;
  at: Date;
}

const JSONL = 'application/jsonl';

/** `busy`: a curation that is under way may yet leave files that it began before the erasure. */
export type RewriteResult = 'rewritten' | 'untouched' | 'busy';

export async function rewriteDataset(
  context: RewriteContext,
  id: string,
  open: readonly OpenErasure[],
): Promise<RewriteResult> {
  const { db, store } = context;
  const row = await findDataset(db, id);
  if (row === undefined) return 'untouched';
  if (row.status === 'curating') return clearUnfinished(context, row);
  await publish(context, row);
  const gone: Gone = {
    answers: new Set(open.flatMap((one) => [...one.answers])),
    phrasings: new Set(open.flatMap((one) => [...one.phrasings])),
  };
  const published = await readManifests(store, row);
  const left = remaining(published.manifest, published.pairs, gone);
  if (nothingGone(left)) return 'untouched';
  const files = filesSchema.parse(row.files);
  const written = await writeFiles(store, files, (file, text) =>
    withoutLines(text, (line) =>
      file.path.startsWith('pairs/') ? isGonePair(line, left.gonePairs) : isGoneExample(line, gone),
    ),
  );
  const shares = open.flatMap((one) => {
    const without = remaining(published.manifest, published.pairs, one);
    return nothingGone(without) ? [] : [{ id: one.id, removed: without.removed }];
  });
  const manifests = newManifests(row, {
    published,
    left,
    written,
    by: shares.map((one) => one.id),
  });
  const manifestSha256 = await sha256(new TextEncoder().encode(manifests.training));
  const staged = stagedKeys(row.id, manifestSha256);
  const replaced = files
    .map((file) => file.key)
    .filter((key) => !written.some((w) => w.key === key));
  const leftovers = [
    ...new Set([...keysSchema.parse(row.superseded), ...staged, ...written.map(({ key }) => key)]),
  ];
  await noteSuperseded(db, id, leftovers);
  for (const { key, text } of written) if (text !== null) await store.put(key, text, JSONL);
  await store.put(staged[0], manifests.training, JSON_TYPE);
  await store.put(staged[1], manifests.rlhf, JSON_TYPE);
  await db.transaction((tx) =>
    save(context, tx, {
      row,
      left,
      answers: [...gone.answers],
      files: written.map(({ text: _text, ...file }) => file),
      manifestSha256,
      superseded: [...leftovers, ...replaced],
      shares,
    }),
  );
  const saved = await findDataset(db, id);
  if (saved) await publish(context, saved);
  return 'rewritten';
}

/** Longer than a curation is given before it is begun anew. */
const UNFINISHED_MS = 3_600_000;

/**
 * What a curation that died has left in the store is in nobody's list. One that ends well, or begins
 * anew, writes these files from what is on record; closeDataset sees to that.
 */
async function clearUnfinished(
  { store, at }: RewriteContext,
  row: DatasetRow,
): Promise<RewriteResult> {
  if (at.getTime() - row.createdAt.getTime() < UNFINISHED_MS) return 'busy';
  for (const key of datasetKeys(row.id)) await store.remove(key);
  return 'untouched';
}

/** The files as they will be; `text` is null where one stays as it lies. Nothing is written yet. */
async function writeFiles(
  store: ObjectStore,
  files: readonly DatasetFile[],
  cut: (file: DatasetFile, text: string) => ReturnType<typeof withoutLines>,
): Promise<(DatasetFile & { text: string | null })[]> {
  const written: (DatasetFile & { text: string | null })[] = [];
  for (const file of files) {
    const found = await store.find(file.key);
    const kept = found === undefined ? undefined : cut(file, found);
    if (kept === undefined || kept.removed === 0) {
      written.push({ ...file, text: null });
      continue;
    }
    const bytes = new TextEncoder().encode(kept.text);
    const hash = await sha256(bytes);
    const folder = file.key.slice(0, file.key.lastIndexOf('/'));
    const stem = file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.jsonl$/, '');
    written.push({
      path: file.path,
      key: `${folder}/${stem}-${hash.slice(0, 16)}.jsonl`,
      sha256: hash,
      bytes: bytes.byteLength,
      lines: kept.lines,
      text: kept.text,
    });
  }
  return written;
}

interface Change {
  row: DatasetRow;
  left: Remaining;
  answers: readonly string[];
  files: readonly DatasetFile[];
  manifestSha256: string;
  superseded: readonly string[];
  shares: readonly { id: string; removed: Remaining['removed'] }[];
}

async function save(context: RewriteContext, tx: Transaction, change: Change): Promise<void> {
  const { row, left, shares } = change;
  const { at, env } = context;
  const trainable = row.status === 'ready' && left.counts.train !== 0;
  const ended = await endJobsOn(tx, row.id, { at, all: !trainable });
  // What such a job has saved has learned from the dataset as it was.
  const checkpoints = ended.map(checkpointKey);
  const saved = await saveRewrite(tx, {
    id: row.id,
    from: row.revision,
    status: trainable ? 'ready' : 'too_small',
    files: change.files,
    counts: left.counts,
    manifestSha256: change.manifestSha256,
    superseded: [...change.superseded, ...checkpoints],
  });
  if (!saved) {
    throw new AppError('conflict', `Dataset ${row.id} changed while it was rewritten.`);
  }
  await removeMembers(tx, row.id, change.answers);
  for (const { id, removed } of shares) {
    const flagged = await flagModels(tx, {
      datasetId: row.id,
      erasureId: id,
      reason: flagReason(row.id, removed),
      at,
    });
    await countErased(tx, id, {
      datasets: 1,
      examples: removed.members,
      held_out: removed.heldOut,
      pairs: removed.pairs,
      models_flagged: flagged.length,
    });
  }
  const waiting = (await jobsOfDataset(tx, row.id)).some(({ status }) => status === 'queued');
  if (trainable && ended.length > 0 && !waiting) {
    await createTrainingJob(tx, env, { datasetId: row.id, again: true });
  }
}

function flagReason(datasetId: string, removed: Remaining['removed']): string {
  const { members, taught, heldOut, pairs } = removed;
  const parts = [
    `${members} ${members === 1 ? 'example' : 'examples'} (${taught} taught)`,
    `${heldOut} held-out ${heldOut === 1 ? 'question' : 'questions'}`,
    `${pairs} ${pairs === 1 ? 'pair' : 'pairs'}`,
  ];
  return `Made from ${datasetId} before a visitor was erased from it: ${parts.join(', ')}.`;
}
