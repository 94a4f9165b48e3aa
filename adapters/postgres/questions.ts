// Questions and the groups they form, kept from first sight: nearest phrasing by cosine similarity
// (pgvector, HNSW). What a phrasing's split is never changes.

import { and, asc, count, eq, inArray, isNotNull, ne, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { questionGroups, questionPhrasings } from './schema.ts';

/** Far below the 65,535 parameters that a statement may have. */
const IDS_AT_ONCE = 1000;

const columns = {
  id: questionPhrasings.id,
  groupId: questionPhrasings.groupId,
  text: questionPhrasings.text,
  ordinalInGroup: questionPhrasings.ordinalInGroup,
  split: questionPhrasings.split,
  firstSeenAt: questionPhrasings.firstSeenAt,
};

export async function findPhrasings(db: Queryable, ids: readonly string[]) {
  if (ids.length === 0) return [];
  return db
    .select({ ...columns, groupSplit: questionGroups.split })
    .from(questionPhrasings)
    .innerJoin(questionGroups, eq(questionGroups.id, questionPhrasings.groupId))
    .where(inArray(questionPhrasings.id, [...ids]));
}

/** The held-out phrasings of these groups whose words are kept, as far as the groups are taught. */
export async function heldOutPhrasings(db: Queryable, groupIds: readonly string[]) {
  const found = [];
  for (let start = 0; start < groupIds.length; start += IDS_AT_ONCE) {
    const rows = await db
      .select(columns)
      .from(questionPhrasings)
      .innerJoin(questionGroups, eq(questionGroups.id, questionPhrasings.groupId))
      .where(
        and(
          inArray(questionPhrasings.groupId, groupIds.slice(start, start + IDS_AT_ONCE)),
          eq(questionGroups.split, 'train'),
          ne(questionPhrasings.split, 'train'),
          isNotNull(questionPhrasings.text),
        ),
      )
      .orderBy(asc(questionPhrasings.id));
    for (const row of rows) if (row.text !== null) found.push({ ...row, text: row.text });
  }
  return found;
}

export interface Nearest {
  groupId: string;
  similarity: number;
}

export async function nearestPhrasing(
  db: Queryable,
  embedding: readonly number[],
): Promise<Nearest | undefined> {
  const target = JSON.stringify(embedding);
  const [row] = await db
    .select({
      groupId: questionPhrasings.groupId,
      similarity: sql<number>`1 - (${questionPhrasings.embedding} <=> ${target}::vector)`,
    })
    .from(questionPhrasings)
    .where(isNotNull(questionPhrasings.embedding))
    .orderBy(asc(sql`${questionPhrasings.embedding} <=> ${target}::vector`))
    .limit(1);
  return row;
}

export async function countGroups(db: Queryable): Promise<number> {
  const [row] = await db.select({ total: count() }).from(questionGroups);
  return row?.total ?? 0;
}

export async function countInGroup(db: Queryable, groupId: string): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(questionPhrasings)
    .where(eq(questionPhrasings.groupId, groupId));
  return row?.total ?? 0;
}

export async function insertGroup(
  db: Queryable,
  group: Omit<typeof questionGroups.$inferInsert, 'ordinal'>,
): Promise<void> {
  await db.insert(questionGroups).values(group).onConflictDoNothing({ target: questionGroups.id });
}

export async function insertPhrasing(
  db: Queryable,
  phrasing: typeof questionPhrasings.$inferInsert,
): Promise<void> {
  // Only the same phrasing may stand already; another one in its place is a race, and retried.
  await db
    .insert(questionPhrasings)
    .values(phrasing)
    .onConflictDoNothing({ target: questionPhrasings.id });
}

/**
 * Somebody asks again what was forgotten: the phrasing gets its words back, in its old place. False
 * where there is no such phrasing.
 */
export async function restorePhrasing(
  db: Queryable,
  { id, text, embedding }: { id: string; text: string; embedding: number[] },
): Promise<boolean> {
  const rows = await db
    .update(questionPhrasings)
    .set({ text, embedding })
    .where(eq(questionPhrasings.id, id))
    .returning({ id: questionPhrasings.id });
  return rows.length === 1;
}
