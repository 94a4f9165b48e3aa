// Datasets, their members and pairs, and the evidence they are made from.

import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  not,
  or,
  sql,
} from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { AppError } from '../../core/errors.ts';
import type { Queryable } from './connect.ts';
import { refusedTraining } from './privacy.ts';
import {
  datasetMembers,
  datasetPairs,
  datasets,
  feedbackEvents,
  interactions,
  questionGroups,
  questionPhrasings,
} from './schema.ts';

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

/** Those made in [from, until), oldest first. */
export async function datasetsMadeIn(db: Queryable, from: Date, until: Date) {
  return db
    .select({ id: datasets.id, status: datasets.status })
    .from(datasets)
    .where(and(gte(datasets.createdAt, from), lt(datasets.createdAt, until)))
    .orderBy(asc(datasets.id));
}

/** Idempotent by id: the row that stands is returned, dated by the run that makes it. */
export async function openDataset(
  db: Queryable,
  row: Pick<DatasetRow, 'id' | 'windowStart' | 'windowEnd' | 'createdAt'>,
): Promise<DatasetRow> {
  await db
    .insert(datasets)
    .values({ ...row, status: 'curating', counts: {}, files: [] })
    .onConflictDoUpdate({
      target: datasets.id,
      set: { createdAt: row.createdAt },
      setWhere: eq(datasets.status, 'curating'),
    });
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

/**
 * Members, pairs and the result in one transaction; a dataset that is not `curating` stays as it is.
 * Throws AppError conflict when something in it was erased since its files were written: write them anew.
 */
export async function closeDataset(
  db: Queryable,
  id: string,
  members: readonly MemberRow[],
  pairs: readonly PairRow[],
  result: DatasetResult,
  heldOut: readonly string[] = [],
): Promise<void> {
  const [open] = await db
    .select({ id: datasets.id })
    .from(datasets)
    .where(and(eq(datasets.id, id), eq(datasets.status, 'curating')))
    .for('update');
  if (!open) return;
  await holdAnswers(db, [
    ...members.map((member) => member.interactionId),
    ...pairs.flatMap((pair) => [pair.chosenInteractionId, pair.rejectedInteractionId]),
  ]);
  await holdPhrasings(db, heldOut);
  for (const batch of chunked(members, 500)) {
    await db.insert(datasetMembers).values(batch).onConflictDoNothing();
  }
  for (const batch of chunked(pairs, 500)) {
    await db.insert(datasetPairs).values(batch).onConflictDoNothing();
  }
  await db.update(datasets).set(result).where(eq(datasets.id, id));
}

const erasedMeanwhile = () =>
  new AppError('conflict', 'Part of this dataset was erased while it was written. Write it again.');

/** Keeps these answers until the transaction ends: an erasure waits, and then finds the dataset. */
async function holdAnswers(db: Queryable, ids: readonly string[]): Promise<void> {
  for (const batch of chunked([...new Set(ids)].toSorted(), 500)) {
    const held = await db
      .select({ id: interactions.id })
      .from(interactions)
      .where(inArray(interactions.id, batch))
      .orderBy(asc(interactions.id))
      .for('key share');
    if (held.length < batch.length) throw erasedMeanwhile();
  }
}

async function holdPhrasings(db: Queryable, ids: readonly string[]): Promise<void> {
  for (const batch of chunked([...new Set(ids)].toSorted(), 500)) {
    const held = await db
      .select({ id: questionPhrasings.id })
      .from(questionPhrasings)
      .where(and(inArray(questionPhrasings.id, batch), isNotNull(questionPhrasings.text)))
      .orderBy(asc(questionPhrasings.id))
      .for('share');
    if (held.length < batch.length) throw erasedMeanwhile();
  }
}

function chunked<Row>(rows: readonly Row[], size: number): Row[][] {
  const out: Row[][] = [];
  for (let start = 0; start < rows.length; start += size) out.push(rows.slice(start, start + size));
  return out;
}

/**
 * A page of answers with something new in the window: answered in it, voted on in it, or with a
 * correction decided in it. Ordered by id, after `afterId`. Answers that lost their words are none;
 * `trainingOptOut` is also set by a visitor who refused for good.
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
    .select({ ...getTableColumns(interactions), trainingOptOut: refusedTraining })
    .from(interactions)
    .where(
      and(
        isNull(interactions.textRemovedAt),
        afterId === null ? undefined : gt(interactions.id, afterId),
        lt(interactions.createdAt, end),
        or(sql`${interactions.createdAt} >= ${start}`, inArray(interactions.id, touched)),
      ),
    )
    .orderBy(asc(interactions.id))
    .limit(limit);
}

/**
 * A page of what earlier datasets taught or held out, newest dataset first: a correction only while
 * it stands accepted, praise only while the visitor's latest verdict before `until` is not negative,
 * and neither once its words are gone or its visitor refuses.
 */
export async function earlierMembers(
  db: Queryable,
  before: { id: string; until: Date },
  page: { limit: number; offset: number },
) {
  const latestVerdict = sql<number | null>`(
    SELECT f.feedback_value FROM feedback_events f
    WHERE f.interaction_id = ${datasetMembers.interactionId} AND f.source = 'explicit'
      AND f.feedback_type IN ('thumbs_up', 'thumbs_down', 'rating') AND f.received_at < ${before.until}
    ORDER BY f.at DESC, f.received_at DESC, f.event_id DESC LIMIT 1)`;
  return db
    .select({
      member: datasetMembers,
      visitorId: interactions.visitorId,
      response: interactions.response,
      correction: feedbackEvents.correctedResponse,
      groupId: questionPhrasings.groupId,
      groupSplit: questionGroups.split,
      phrasingSplit: questionPhrasings.split,
    })
    .from(datasetMembers)
    .innerJoin(interactions, eq(interactions.id, datasetMembers.interactionId))
    .innerJoin(questionPhrasings, eq(questionPhrasings.id, datasetMembers.phrasingId))
    .innerJoin(questionGroups, eq(questionGroups.id, questionPhrasings.groupId))
    .leftJoin(feedbackEvents, eq(feedbackEvents.id, datasetMembers.feedbackEventId))
    .where(
      and(
        lt(datasetMembers.datasetId, before.id),
        sql`${datasetMembers.replayedFrom} IS NULL`,
        not(refusedTraining),
        isNull(interactions.textRemovedAt),
        sql`CASE ${datasetMembers.source} WHEN 'correction'
          THEN ${feedbackEvents.reviewStatus} = 'accepted' AND ${feedbackEvents.correctedResponse} IS NOT NULL
          ELSE coalesce(${latestVerdict}, 0) >= 0 END`,
      ),
    )
    .orderBy(
      desc(datasetMembers.datasetId),
      asc(datasetMembers.interactionId),
      asc(datasetMembers.source),
    )
    .limit(page.limit)
    .offset(page.offset);
}

/** The first `limit` members of a dataset, by answer. */
export async function membersOf(
  db: Queryable,
  datasetId: string,
  limit: number,
): Promise<MemberRow[]> {
  return db
    .select()
    .from(datasetMembers)
    .where(eq(datasetMembers.datasetId, datasetId))
    .orderBy(asc(datasetMembers.interactionId), asc(datasetMembers.source))
    .limit(limit);
}

export async function pairsOf(db: Queryable, datasetId: string, limit: number): Promise<PairRow[]> {
  return db
    .select()
    .from(datasetPairs)
    .where(eq(datasetPairs.datasetId, datasetId))
    .orderBy(asc(datasetPairs.id))
    .limit(limit);
}

/** What was said about these answers before `before`: what curation could know. Newest first. */
export async function feedbackBefore(
  db: Queryable,
  interactionIds: readonly string[],
  before: Date,
) {
  if (interactionIds.length === 0) return [];
  return db
    .select()
    .from(feedbackEvents)
    .where(
      and(
        inArray(feedbackEvents.interactionId, [...interactionIds]),
        lt(feedbackEvents.receivedAt, before),
      ),
    )
    .orderBy(desc(feedbackEvents.at), desc(feedbackEvents.receivedAt), desc(feedbackEvents.id));
}

/** How much there is of a dataset in all, however little of it is listed. */
export async function sizeOfDataset(db: Queryable, dataset: Pick<DatasetRow, 'id' | 'windowEnd'>) {
  const answers = db
    .select({ id: datasetMembers.interactionId })
    .from(datasetMembers)
    .where(eq(datasetMembers.datasetId, dataset.id));
  const said = and(
    inArray(feedbackEvents.interactionId, answers),
    lt(feedbackEvents.receivedAt, dataset.windowEnd),
  );
  return {
    members: await db.$count(datasetMembers, eq(datasetMembers.datasetId, dataset.id)),
    pairs: await db.$count(datasetPairs, eq(datasetPairs.datasetId, dataset.id)),
    feedback: await db.$count(feedbackEvents, said),
  };
}

export interface AnswerUse {
  datasetId: string;
  role: 'praise' | 'correction' | 'chosen' | 'rejected';
  split: string;
}

/** Every dataset an answer is in: as an example, or as a side of a preference pair. */
export async function usesOfAnswer(db: Queryable, interactionId: string): Promise<AnswerUse[]> {
  const asMember = await db
    .selectDistinct({
      datasetId: datasetMembers.datasetId,
      role: datasetMembers.source,
      split: datasetMembers.split,
    })
    .from(datasetMembers)
    .where(eq(datasetMembers.interactionId, interactionId));
  const side = (column: AnyPgColumn, role: 'chosen' | 'rejected') =>
    db
      .selectDistinct({
        datasetId: datasetPairs.datasetId,
        role: sql<'chosen' | 'rejected'>`${role}::text`,
        split: datasetPairs.split,
      })
      .from(datasetPairs)
      .where(eq(column, interactionId));
  const asChosen = await side(datasetPairs.chosenInteractionId, 'chosen');
  const asRejected = await side(datasetPairs.rejectedInteractionId, 'rejected');
  return [...asMember, ...asChosen, ...asRejected].toSorted((a, b) =>
    a.datasetId < b.datasetId ? -1 : a.datasetId > b.datasetId ? 1 : 0,
  );
}
