// Erasing a visitor from the record: the tombstone, what goes with it, and the state of the work that
// is left. Every function may be repeated. Sessions and datasets are functions/erasure's part.

import { and, asc, count, countDistinct, desc, eq, inArray, ne, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Queryable, Transaction } from './connect.ts';
import { forgetAsker } from './phrasings.ts';
import { renameVisitor } from './pseudonyms.ts';
import {
  datasetMembers,
  datasetPairs,
  deadLetters,
  erasures,
  exposures,
  feedbackEvents,
  interactions,
  judgments,
  models,
  visitorPeople,
  visitors,
} from './schema.ts';

const idsSchema = z.array(z.string());
const countsSchema = z.record(z.string(), z.number());
const parse = (row: typeof erasures.$inferSelect) => ({
  ...row,
  answers: idsSchema.parse(row.answers),
  sessions: idsSchema.parse(row.sessions),
  phrasings: idsSchema.parse(row.phrasings),
  counts: countsSchema.parse(row.counts),
});
export type Erasure = ReturnType<typeof parse>;

export interface ErasureRequest {
  id: string;
  visitorId: string;
  pseudonym: string;
  at: Date;
  who: string;
  reason: string;
}

const hashOf = (visitorId: string) => sql<string>`visitor_hash(${visitorId})`;

/** Of these visitors the erased ones. Must be the first thing that a recorder's transaction does. */
export async function erasedAmong(tx: Transaction, ids: readonly string[]): Promise<Set<string>> {
  const list = JSON.stringify([...new Set(ids)]);
  const { rows } = await tx.execute(sql`SELECT id FROM erased_among(${list}::jsonb)`);
  return new Set(
    z
      .array(z.object({ id: z.string() }))
      .parse(rows)
      .map(({ id }) => id),
  );
}

/**
 * Sets the tombstone, after every recorder that could not see it has ended; returns the one that
 * stands, which is an earlier one for a visitor who was erased before.
 */
export async function buryVisitor(tx: Transaction, request: ErasureRequest): Promise<Erasure> {
  await tx.execute(sql`SELECT await_recorders()`);
  const visitorHash = hashOf(request.visitorId);
  await tx
    .insert(erasures)
    .values({
      ...request,
      visitorHash,
      state: 'requested',
      answers: [],
      sessions: [],
      phrasings: [],
      counts: {},
    })
    .onConflictDoNothing({ target: erasures.visitorHash });
  const [row] = await tx.select().from(erasures).where(eq(erasures.visitorHash, visitorHash));
  if (!row) throw new Error('a tombstone that was just set is missing');
  return parse(row);
}

/** Takes the visitor out of the record in one transaction; what is left to do stands in the row. */
export async function eraseRecord(
  tx: Transaction,
  erasureId: string,
  phrasingId: (query: string) => Promise<string>,
): Promise<Erasure | undefined> {
  const [row] = await tx.select().from(erasures).where(eq(erasures.id, erasureId)).for('update');
  if (!row) return undefined;
  const { visitorId } = row;
  if (row.state !== 'requested' || visitorId === null) return parse(row);
  const said = await tx
    .select({ id: interactions.id, sessionId: interactions.sessionId, query: interactions.query })
    .from(interactions)
    .where(eq(interactions.visitorId, visitorId))
    .orderBy(desc(interactions.createdAt));
  const answers = said.map(({ id }) => id);
  const asked = new Set<string>();
  for (const { query } of said) if (query !== '') asked.add(await phrasingId(query));
  const mine = tx
    .select({ id: interactions.id })
    .from(interactions)
    .where(eq(interactions.visitorId, visitorId));
  const feedback = await tx
    .delete(feedbackEvents)
    .where(or(eq(feedbackEvents.visitorId, visitorId), inArray(feedbackEvents.interactionId, mine)))
    .returning({ corrected: sql<boolean>`corrected_response IS NOT NULL` });
  // A verdict quotes its answer. What it counted stays in the sums, under the pseudonym.
  await tx.delete(judgments).where(inArray(judgments.interactionId, mine));
  await tx.delete(interactions).where(eq(interactions.visitorId, visitorId));
  await tx.delete(deadLetters).where(eq(deadLetters.visitorId, visitorId));
  await tx.delete(visitorPeople).where(eq(visitorPeople.visitorId, visitorId));
  await tx.delete(visitors).where(eq(visitors.id, visitorId));
  const renamed = await renameVisitor(tx, visitorId, row.pseudonym);
  const phrasings = await forgetAsker(tx, visitorId, [...asked]);
  // Without a session an answer has the empty id, which names no object.
  const sessions = [...new Set(said.map(({ sessionId }) => sessionId))].filter((id) => id !== '');
  const [updated] = await tx
    .update(erasures)
    .set({
      state: 'rewriting',
      answers,
      sessions,
      phrasings,
      counts: {
        answers: answers.length,
        feedback: feedback.length,
        corrections: feedback.filter(({ corrected }) => corrected).length,
        sessions: sessions.length,
        questions: phrasings.length,
        exposures_renamed: renamed,
      },
    })
    .where(eq(erasures.id, erasureId))
    .returning();
  return updated && parse(updated);
}

/** What an erasure would take, without taking it. */
export async function previewErasure(db: Queryable, visitorId: string) {
  const mine = db
    .select({ id: interactions.id })
    .from(interactions)
    .where(eq(interactions.visitorId, visitorId));
  const [said] = await db
    .select({ answers: count(), sessions: countDistinct(interactions.sessionId) })
    .from(interactions)
    .where(eq(interactions.visitorId, visitorId));
  const ofVisitor = or(
    eq(feedbackEvents.visitorId, visitorId),
    inArray(feedbackEvents.interactionId, mine),
  );
  const asMembers = await db
    .selectDistinct({ id: datasetMembers.datasetId })
    .from(datasetMembers)
    .where(inArray(datasetMembers.interactionId, mine));
  const asPairs = await db
    .selectDistinct({ id: datasetPairs.datasetId })
    .from(datasetPairs)
    .where(
      or(
        inArray(datasetPairs.chosenInteractionId, mine),
        inArray(datasetPairs.rejectedInteractionId, mine),
      ),
    );
  const datasets = [...new Set([...asMembers, ...asPairs].map(({ id }) => id))].toSorted();
  const trained =
    datasets.length === 0
      ? []
      : await db
          .select({ id: models.id })
          .from(models)
          .where(inArray(models.datasetId, datasets))
          .orderBy(asc(models.id));
  const [standing] = await db
    .select({ id: erasures.id })
    .from(erasures)
    .where(eq(erasures.visitorHash, hashOf(visitorId)));
  return {
    erased_before: standing !== undefined,
    counts: {
      answers: said?.answers ?? 0,
      feedback: await db.$count(feedbackEvents, ofVisitor),
      corrections: await db.$count(
        feedbackEvents,
        and(ofVisitor, sql`${feedbackEvents.correctedResponse} IS NOT NULL`),
      ),
      sessions: said?.sessions ?? 0,
      exposures_renamed: await db.$count(exposures, eq(exposures.visitorId, visitorId)),
    },
    datasets,
    models: trained.map(({ id }) => id),
  };
}

/**
 * Those that were not tried yet, oldest first; then those that did not get on, in an order of each
 * turn's own, so that none is always the last when time is short.
 */
export async function openErasures(db: Queryable, turn: string): Promise<string[]> {
  const { id, at, problem } = erasures;
  const rows = await db
    .select({ id })
    .from(erasures)
    .where(ne(erasures.state, 'complete'))
    .orderBy(
      sql`${problem} IS NOT NULL`,
      sql`CASE WHEN ${problem} IS NULL THEN ${at} END`,
      sql`md5(${id}::text || ${turn})`,
    );
  return rows.map((row) => row.id);
}

export async function listErasures(db: Queryable, limit = 200): Promise<Erasure[]> {
  const rows = await db
    .select()
    .from(erasures)
    .orderBy(desc(erasures.at), desc(erasures.id))
    .limit(limit);
  return rows.map(parse);
}

export async function findErasure(db: Queryable, id: string): Promise<Erasure | undefined> {
  const [row] = await db.select().from(erasures).where(eq(erasures.id, id));
  return row && parse(row);
}

/** The sessions that are still to be ended, and why the work did not get on. */
export async function noteErasure(
  db: Queryable,
  id: string,
  note: { sessions?: readonly string[]; problem?: string | null },
): Promise<void> {
  await db.update(erasures).set(note).where(eq(erasures.id, id));
}

/** How often each of these was taken out of a dataset, beside what is counted already. */
export async function countErased(
  db: Queryable,
  id: string,
  more: Readonly<Record<string, number>>,
): Promise<void> {
  const [row] = await db
    .select({ counts: erasures.counts })
    .from(erasures)
    .where(eq(erasures.id, id))
    .for('update');
  const counts = countsSchema.parse(row?.counts ?? {});
  for (const [name, value] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + value;
  await db.update(erasures).set({ counts }).where(eq(erasures.id, id));
}

/** From here on only the tombstone is left: no id of the visitor's, nor of anything they said. */
export async function completeErasure(db: Queryable, id: string, at: Date): Promise<void> {
  await db
    .update(erasures)
    .set({
      state: 'complete',
      completedAt: at,
      visitorId: null,
      answers: [],
      sessions: [],
      phrasings: [],
      problem: null,
    })
    .where(and(eq(erasures.id, id), ne(erasures.state, 'complete')));
}
