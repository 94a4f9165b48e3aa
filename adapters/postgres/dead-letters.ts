// Messages the recorder could not write: kept by the dead letters' consumer, listed and sent again by
// operators. Nothing leaves by being sent again; what fails once more comes back to its row.

import { and, asc, count, eq, inArray, lt, ne, type SQL, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { deadLetters } from './schema.ts';

export type DeadLetterRow = typeof deadLetters.$inferSelect;
export type DeadLetterStatus = DeadLetterRow['status'];

export type NewDeadLetter = Pick<
  DeadLetterRow,
  'id' | 'reason' | 'body' | 'kind' | 'interactionId' | 'visitorId' | 'messageId'
>;

/** The same delivery twice is one failure; a further delivery is a further one, and waits again. */
export async function keepDeadLetters(
  db: Queryable,
  letters: readonly NewDeadLetter[],
  at: Date,
): Promise<void> {
  const newest = [...new Map(letters.map((letter) => [letter.id, letter])).values()];
  if (newest.length === 0) return;
  await db
    .insert(deadLetters)
    .values(
      newest
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map((letter) => ({
          ...letter,
          attempts: 1,
          firstAt: at,
          lastAt: at,
          status: 'waiting' as const,
        })),
    )
    .onConflictDoUpdate({
      target: deadLetters.id,
      set: {
        reason: sql`excluded.reason`,
        messageId: sql`excluded.message_id`,
        attempts: sql`${deadLetters.attempts} + 1`,
        lastAt: sql`excluded.last_at`,
        status: 'waiting',
      },
      setWhere: ne(deadLetters.messageId, sql`excluded.message_id`),
    });
}

export interface DeadLetterPage {
  status: DeadLetterStatus;
  /** The last id of the page before. */
  after?: string | undefined;
  limit?: number;
}

/** Oldest first. */
export async function listDeadLetters(
  db: Queryable,
  { status, after, limit = 200 }: DeadLetterPage,
): Promise<DeadLetterRow[]> {
  const beyond: SQL | undefined =
    after === undefined
      ? undefined
      : sql`(${deadLetters.firstAt}, ${deadLetters.id}) >
          (SELECT first_at, id FROM dead_letters WHERE id = ${after})`;
  return db
    .select()
    .from(deadLetters)
    .where(and(eq(deadLetters.status, status), beyond))
    .orderBy(asc(deadLetters.firstAt), asc(deadLetters.id))
    .limit(limit);
}

export async function countWaiting(db: Queryable): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(deadLetters)
    .where(eq(deadLetters.status, 'waiting'));
  return row?.total ?? 0;
}

/** Held until the transaction ends, so that its return cannot overtake its being marked. */
export async function holdDeadLetter(
  db: Queryable,
  id: string,
): Promise<DeadLetterRow | undefined> {
  const [row] = await db.select().from(deadLetters).where(eq(deadLetters.id, id)).for('update');
  return row;
}

export async function markReplayed(
  db: Queryable,
  id: string,
  { by, at }: { by: string; at: Date },
): Promise<void> {
  await db
    .update(deadLetters)
    .set({ status: 'replayed', replayedAt: at, replayedBy: by })
    .where(eq(deadLetters.id, id));
}

export async function markStillDead(
  db: Queryable,
  id: string,
  { reason, at }: { reason: string; at: Date },
): Promise<void> {
  await db
    .update(deadLetters)
    .set({ reason, lastAt: at, attempts: sql`${deadLetters.attempts} + 1` })
    .where(eq(deadLetters.id, id));
}

/** Whatever is that old, waiting or not: what nobody could write by then is not kept for its words. */
export async function forgetLettersBefore(
  db: Queryable,
  before: Date,
  limit: number,
): Promise<number> {
  const oldest = db
    .select({ id: deadLetters.id })
    .from(deadLetters)
    .where(lt(deadLetters.firstAt, before))
    .orderBy(asc(deadLetters.firstAt))
    .limit(limit);
  const gone = await db
    .delete(deadLetters)
    .where(inArray(deadLetters.id, oldest))
    .returning({ id: deadLetters.id });
  return gone.length;
}

/** What was sent again and did not come back by then has been written; its text is kept once. */
export async function forgetReplayed(db: Queryable, before: Date): Promise<void> {
  await db
    .delete(deadLetters)
    .where(and(eq(deadLetters.status, 'replayed'), lt(deadLetters.replayedAt, before)));
}
