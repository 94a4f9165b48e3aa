// What is kept of a question's words, and as long as whom. A phrasing keeps its place and its split for
// ever, so that nothing held out is ever taught; its text and embedding stay only while somebody is
// left who asked it and lets it be used.

import { and, eq, inArray, isNotNull, lt, notExists, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { phrasingAskers, questionPhrasings } from './schema.ts';

const ROWS_AT_ONCE = 1000;

export interface Asked {
  phrasingId: string;
  visitorId: string;
  askedAt: Date;
}

/** Who asked what, last when. */
export async function noteAskers(db: Queryable, asked: readonly Asked[]): Promise<void> {
  const latest = new Map<string, Asked>();
  for (const one of asked) {
    const key = JSON.stringify([one.phrasingId, one.visitorId]);
    const known = latest.get(key);
    if (known === undefined || known.askedAt < one.askedAt) latest.set(key, one);
  }
  const rows = [...latest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    await db
      .insert(phrasingAskers)
      .values(rows.slice(start, start + ROWS_AT_ONCE))
      .onConflictDoUpdate({
        target: [phrasingAskers.phrasingId, phrasingAskers.visitorId],
        set: { askedAt: sql`greatest(${phrasingAskers.askedAt}, excluded.asked_at)` },
      });
  }
}

const withoutAskers = (db: Queryable) =>
  notExists(
    db
      .select({ one: sql`1` })
      .from(phrasingAskers)
      .where(eq(phrasingAskers.phrasingId, questionPhrasings.id)),
  );

/**
 * The visitor no longer counts among those who asked. Of these phrasings (`asked`: beside those on
 * record) the ones that nobody else asked lose their words; their ids are returned.
 */
export async function forgetAsker(
  db: Queryable,
  visitorId: string,
  asked: readonly string[],
): Promise<string[]> {
  const left = await db
    .delete(phrasingAskers)
    .where(eq(phrasingAskers.visitorId, visitorId))
    .returning({ id: phrasingAskers.phrasingId });
  const ids = [...new Set([...asked, ...left.map(({ id }) => id)])].toSorted();
  const forgotten: string[] = [];
  for (let start = 0; start < ids.length; start += ROWS_AT_ONCE) {
    const rows = await db
      .update(questionPhrasings)
      .set({ text: null, embedding: null })
      .where(
        and(
          inArray(questionPhrasings.id, ids.slice(start, start + ROWS_AT_ONCE)),
          withoutAskers(db),
        ),
      )
      .returning({ id: questionPhrasings.id });
    forgotten.push(...rows.map(({ id }) => id));
  }
  return forgotten;
}

/** Retention: nobody asked them since `before`. Returns how many lost their words. */
export async function forgetPhrasingsBefore(
  db: Queryable,
  before: Date,
  limit: number,
): Promise<number> {
  await db.delete(phrasingAskers).where(lt(phrasingAskers.askedAt, before));
  const stale = db
    .select({ id: questionPhrasings.id })
    .from(questionPhrasings)
    .where(
      and(
        isNotNull(questionPhrasings.text),
        lt(questionPhrasings.firstSeenAt, before),
        withoutAskers(db),
      ),
    )
    .limit(limit);
  const rows = await db
    .update(questionPhrasings)
    .set({ text: null, embedding: null })
    .where(inArray(questionPhrasings.id, stale))
    .returning({ id: questionPhrasings.id });
  return rows.length;
}
