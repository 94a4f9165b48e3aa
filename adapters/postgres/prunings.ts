// Models that lose their files: what may be needed of them, and the two steps of losing them.

import { and, asc, desc, eq, inArray, isNotNull, isNull, lte } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import type { ModelRow } from './models.ts';
import { models, trainingJobs } from './schema.ts';

export async function trainedModels(db: Queryable): Promise<ModelRow[]> {
  return db.select().from(models).where(eq(models.status, 'registered')).orderBy(asc(models.id));
}

/** What jobs that are not over compare their candidates with. */
export async function parentsInTraining(db: Queryable): Promise<Set<string>> {
  const rows = await db
    .selectDistinct({ parent: trainingJobs.parent })
    .from(trainingJobs)
    .where(inArray(trainingJobs.status, ['queued', 'leased']));
  return new Set(rows.map(({ parent }) => parent));
}

/** False where it had been marked before. */
export async function markPruned(db: Queryable, id: string, at: Date): Promise<boolean> {
  const rows = await db
    .update(models)
    .set({ artifactsPrunedAt: at })
    .where(and(eq(models.id, id), isNull(models.artifactsPrunedAt)))
    .returning({ id: models.id });
  return rows.length === 1;
}

/** Only until its files are gone. */
export async function unmarkPruned(db: Queryable, id: string): Promise<boolean> {
  const rows = await db
    .update(models)
    .set({ artifactsPrunedAt: null })
    .where(
      and(
        eq(models.id, id),
        isNotNull(models.artifactsPrunedAt),
        isNull(models.artifactsDeletedAt),
      ),
    )
    .returning({ id: models.id });
  return rows.length === 1;
}

export async function noteDeleted(db: Queryable, id: string, at: Date): Promise<void> {
  await db
    .update(models)
    .set({ artifactsDeletedAt: at })
    .where(and(eq(models.id, id), isNull(models.artifactsDeletedAt)));
}

/** Marked by then, with files that are still there; the longest marked first. */
export async function toDelete(db: Queryable, by: Date, limit: number): Promise<ModelRow[]> {
  return db
    .select()
    .from(models)
    .where(and(lte(models.artifactsPrunedAt, by), isNull(models.artifactsDeletedAt)))
    .orderBy(asc(models.artifactsPrunedAt), asc(models.id))
    .limit(limit);
}

/** Whose files are gone, the latest first. */
export async function deletedModels(db: Queryable, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: models.id })
    .from(models)
    .where(isNotNull(models.artifactsDeletedAt))
    .orderBy(desc(models.artifactsDeletedAt), desc(models.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}
