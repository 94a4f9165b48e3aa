// API keys in the record: made once, revoked at most once, never deleted.

import { and, desc, eq, isNull } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { apiKeys } from './schema.ts';

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type NewApiKey = Omit<ApiKeyRow, 'revokedAt' | 'revokedBy' | 'revokeReason'>;

/** False when a key was made by the same request before; nothing is written then. */
export async function insertApiKey(db: Queryable, key: NewApiKey): Promise<boolean> {
  const made = await db.insert(apiKeys).values(key).onConflictDoNothing().returning();
  return made.length > 0;
}

export async function findApiKey(db: Queryable, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.select().from(apiKeys).where(eq(apiKeys.id, id));
  return row;
}

export async function findApiKeyOfRequest(
  db: Queryable,
  requestId: string,
): Promise<ApiKeyRow | undefined> {
  const [row] = await db.select().from(apiKeys).where(eq(apiKeys.requestId, requestId));
  return row;
}

/** Newest first. */
export async function listApiKeys(db: Queryable): Promise<ApiKeyRow[]> {
  return db.select().from(apiKeys).orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
}

export interface Revocation {
  id: string;
  at: Date;
  by: string;
  reason: string;
}

/** The first revocation stands. */
export async function revokeApiKey(db: Queryable, revocation: Revocation): Promise<void> {
  const { id, at, by, reason } = revocation;
  await db
    .update(apiKeys)
    .set({ revokedAt: at, revokedBy: by, revokeReason: reason })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)));
}
