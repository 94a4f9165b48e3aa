// Datasets, their members and pairs, and the evidence they are made from.

import { and, asc, desc, eq, gt, inArray, lt, or, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { datasetMembers, datasetPairs, datasets, feedbackEvents, interactions } from './schema.ts';

export type DatasetRow = typeof datasets.$inferSelect;
export type MemberRow = typeof datasetMembers.$inferSelect;
export type PairRow = typeof datasetPairs.$inferSelect;
export type InteractionRow = typeof interactions.$inferSelect;

export async function findDataset(db: Queryable, id: string): Promise<DatasetRow | undefined> {
  const [row] = await db.select().from(datasets).where(eq(datasets.id, id));
  return row;
}

export async function listDatasets(db: Queryable, limit = 100): Promise<DatasetRow[]> {
  return db.select().from(datasets).orderBy(desc(datasets.id)).limit(limit);
}

/** Idempotent by id: the row that stands is returned. */
export async function openDataset(
  db: Queryable,
  row: Pick<DatasetRow, 'id' | 'windowStart' | 'windowEnd' | 'createdAt'>,
): Promise<DatasetRow> {
  await db
    .insert(datasets)
    .values({ ...row, status: 'curating', counts: {}, files: [] })
    .onConflictDoNothing();
  const stored = await findDataset(db, row.id);
  if (!stored) throw new Error('a dataset that was just inserted is missing');
  return stored;
}

export interface DatasetResult {
  status: 'ready' | 'too_small';
  counts: object;
  files: object;
  manifestSha256: string;
}

/** Members, pairs and the result in one transaction; a dataset that is not `curating` stays as it is. */
export async function closeDataset(
  db: Queryable,
  id: string,
  members: readonly MemberRow[],
  pairs: readonly PairRow[],
  result: DatasetResult,
): Promise<void> {
  const [open] = await db
    .select({ id: datasets.id })
    .from(datasets)
    .where(and(eq(datasets.id, id), eq(datasets.status, 'curating')))
    .for('update');
  if (!open) return;
  for (const batch of chunked(members, 500)) {
    await db.insert(datasetMembers).values(batch).onConflictDoNothing();
  }
  for (const batch of chunked(pairs, 500)) {
    await db.insert(datasetPairs).values(batch).onConflictDoNothing();
  }
  await db.update(datasets).set(result).where(eq(datasets.id, id));
}

function chunked<Row>(rows: readonly Row[], size: number): Row[][] {
  const out: Row[][] = [];
  for (let start = 0; start < rows.length; start += size) out.push(rows.slice(start, start + size));
  return out;
}

/**
 * A page of answers with something new in the window: answered in it, voted on in it, or with a
 * correction decided in it. Ordered by id, after `afterId`.
 */
export async function pageOfCandidates(
  db: Queryable,
  window: { start: Date; end: Date },
  afterId: string | null,
  limit: number,
): Promise<InteractionRow[]> {
  const { start, end } = window;
  const touched = db
    .select({ id: feedbackEvents.interactionId })
    .from(feedbackEvents)
    .where(
      or(
        sql`${feedbackEvents.receivedAt} >= ${start} AND ${feedbackEvents.receivedAt} < ${end}`,
        sql`${feedbackEvents.reviewedAt} >= ${start} AND ${feedbackEvents.reviewedAt} < ${end}`,
      ),
    );
  return db
    .select()
    .from(interactions)
    .where(
      and(
        afterId === null ? undefined : gt(interactions.id, afterId),
        lt(interactions.createdAt, end),
        or(sql`${interactions.createdAt} >= ${start}`, inArray(interactions.id, touched)),
      ),
    )
    .orderBy(asc(interactions.id))
    .limit(limit);
}

/** Training members of earlier datasets, newest dataset first, with their answer and correction. */
export async function earlierMembers(db: Queryable, beforeId: string) {
  return db
    .select({
      member: datasetMembers,
      interaction: interactions,
      correction: feedbackEvents.correctedResponse,
    })
    .from(datasetMembers)
    .innerJoin(interactions, eq(interactions.id, datasetMembers.interactionId))
    .leftJoin(feedbackEvents, eq(feedbackEvents.id, datasetMembers.feedbackEventId))
    .where(
      and(
        lt(datasetMembers.datasetId, beforeId),
        sql`${datasetMembers.replayedFrom} IS NULL`,
        eq(interactions.trainingOptOut, false),
      ),
    )
    .orderBy(desc(datasetMembers.datasetId), asc(datasetMembers.interactionId));
}

export async function membersOf(db: Queryable, datasetId: string): Promise<MemberRow[]> {
  return db
    .select()
    .from(datasetMembers)
    .where(eq(datasetMembers.datasetId, datasetId))
    .orderBy(asc(datasetMembers.interactionId));
}

export async function datasetsWith(db: Queryable, interactionId: string): Promise<string[]> {
  const rows = await db
    .selectDistinct({ id: datasetMembers.datasetId })
    .from(datasetMembers)
    .where(eq(datasetMembers.interactionId, interactionId))
    .orderBy(asc(datasetMembers.datasetId));
  return rows.map((row) => row.id);
}
