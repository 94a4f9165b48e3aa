// A dataset that lost examples: its row, its members and pairs, the jobs that run on it and the models
// that learned from it. What a rewrite is about to leave behind is noted before it is made.

import { and, asc, eq, inArray, or, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import type { DatasetRow } from './datasets.ts';
import {
  datasetMembers,
  datasetPairs,
  datasets,
  modelFlags,
  models,
  trainingJobs,
} from './schema.ts';

const IDS_AT_ONCE = 1000;

export async function datasetIds(db: Queryable): Promise<string[]> {
  const rows = await db.select({ id: datasets.id }).from(datasets).orderBy(asc(datasets.id));
  return rows.map(({ id }) => id);
}

/** Objects that are to be deleted, unless the dataset's files name them by then. */
export async function noteSuperseded(
  db: Queryable,
  id: string,
  keys: readonly string[],
): Promise<void> {
  await db
    .update(datasets)
    .set({ superseded: [...keys] })
    .where(eq(datasets.id, id));
}

export interface Rewritten {
  id: string;
  /** The revision that it replaces; another one by now is left alone. */
  from: number;
  status: DatasetRow['status'];
  files: readonly object[];
  counts: object;
  manifestSha256: string;
  superseded: readonly string[];
}

/** False when the dataset has moved on since it was read. */
export async function saveRewrite(db: Queryable, rewritten: Rewritten): Promise<boolean> {
  const { id, from, ...row } = rewritten;
  const saved = await db
    .update(datasets)
    .set({ ...row, superseded: [...row.superseded], revision: from + 1 })
    .where(and(eq(datasets.id, id), eq(datasets.revision, from)))
    .returning({ id: datasets.id });
  return saved.length === 1;
}

export async function removeMembers(
  db: Queryable,
  datasetId: string,
  answers: readonly string[],
): Promise<void> {
  for (let start = 0; start < answers.length; start += IDS_AT_ONCE) {
    const ids = answers.slice(start, start + IDS_AT_ONCE);
    await db
      .delete(datasetMembers)
      .where(
        and(eq(datasetMembers.datasetId, datasetId), inArray(datasetMembers.interactionId, ids)),
      );
    await db
      .delete(datasetPairs)
      .where(
        and(
          eq(datasetPairs.datasetId, datasetId),
          or(
            inArray(datasetPairs.chosenInteractionId, ids),
            inArray(datasetPairs.rejectedInteractionId, ids),
          ),
        ),
      );
  }
}

/**
 * Ends the jobs that were given the dataset as it was: their holders find that they hold nothing. With
 * `all` those that wait for it too. Returns the ids of the jobs that had begun.
 */
export async function endJobsOn(
  db: Queryable,
  datasetId: string,
  { at, all }: { at: Date; all: boolean },
): Promise<string[]> {
  const rows = await db
    .update(trainingJobs)
    .set({
      status: 'cancelled',
      cancelRequested: true,
      leaseExpiresAt: null,
      finishedAt: at,
      error: {
        code: 'dataset_rewritten',
        message: 'A visitor was erased from the dataset while the job ran on it.',
      },
    })
    .where(
      and(
        eq(trainingJobs.datasetId, datasetId),
        or(
          eq(trainingJobs.status, 'leased'),
          // Waiting again after an attempt, whose checkpoint has learned from the dataset as it was.
          and(eq(trainingJobs.status, 'queued'), sql`${trainingJobs.attempt} > 0`),
          all ? eq(trainingJobs.status, 'queued') : undefined,
        ),
      ),
    )
    .returning({ id: trainingJobs.id, attempt: trainingJobs.attempt });
  return rows.filter(({ attempt }) => attempt > 0).map(({ id }) => id);
}

export interface Flag {
  datasetId: string;
  erasureId: string;
  reason: string;
  at: Date;
}

/** Every model made from the dataset so far; returns their ids. Again changes nothing. */
export async function flagModels(db: Queryable, flag: Flag): Promise<string[]> {
  const rows = await db
    .select({ id: models.id })
    .from(models)
    .where(eq(models.datasetId, flag.datasetId))
    .orderBy(asc(models.id));
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  await db
    .insert(modelFlags)
    .values(ids.map((modelId) => ({ modelId, ...flag })))
    .onConflictDoNothing();
  return ids;
}

export type FlagRow = typeof modelFlags.$inferSelect;

/** By model, oldest first. */
export async function flagsOf(
  db: Queryable,
  modelIds: readonly string[],
): Promise<Map<string, FlagRow[]>> {
  if (modelIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(modelFlags)
    .where(inArray(modelFlags.modelId, [...modelIds]))
    .orderBy(asc(modelFlags.at), asc(modelFlags.erasureId), asc(modelFlags.datasetId));
  return Map.groupBy(rows, (row) => row.modelId);
}
