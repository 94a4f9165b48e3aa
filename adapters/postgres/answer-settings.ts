// Settings as the record keeps them: written once, read by id, never changed.

import { desc, eq, inArray } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { answerSettings } from './schema.ts';

export type SettingsRow = typeof answerSettings.$inferSelect;

/** Idempotent by id. */
export async function insertSettings(db: Queryable, row: SettingsRow): Promise<void> {
  await db.insert(answerSettings).values(row).onConflictDoNothing();
}

export async function findSettings(db: Queryable, id: string): Promise<SettingsRow | undefined> {
  const [row] = await db.select().from(answerSettings).where(eq(answerSettings.id, id));
  return row;
}

export async function findManySettings(
  db: Queryable,
  ids: readonly string[],
): Promise<SettingsRow[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(answerSettings)
    .where(inArray(answerSettings.id, [...ids]));
}

/** Newest first. */
export async function listSettings(db: Queryable, limit = 100): Promise<SettingsRow[]> {
  return db
    .select()
    .from(answerSettings)
    .orderBy(desc(answerSettings.createdAt), desc(answerSettings.id))
    .limit(limit);
}
