// The registry's rows and the history of what was live.

import { and, asc, desc, eq, gte, inArray, lt, min, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Past, ProductionChange } from '../../core/holdout.ts';
import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import type { Queryable } from './connect.ts';
import { interactions, models, routingHistory } from './schema.ts';

export type ModelRow = typeof models.$inferSelect;

/** Idempotent by id: a model never changes once it is registered. */
export async function insertModel(db: Queryable, model: typeof models.$inferInsert): Promise<void> {
  await db.insert(models).values(model).onConflictDoNothing();
}

export async function findModel(db: Queryable, id: string): Promise<ModelRow | undefined> {
  const [row] = await db.select().from(models).where(eq(models.id, id));
  return row;
}

export async function findModels(db: Queryable, ids: readonly string[]): Promise<ModelRow[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(models)
    .where(inArray(models.id, [...ids]));
}

export async function listModels(db: Queryable, limit = 100): Promise<ModelRow[]> {
  return db.select().from(models).orderBy(desc(models.createdAt), desc(models.id)).limit(limit);
}

/** Trained models that were registered, or refused, in [from, until); oldest first. */
export async function modelsMadeIn(db: Queryable, from: Date, until: Date): Promise<ModelRow[]> {
  return db
    .select()
    .from(models)
    .where(
      and(
        inArray(models.status, ['registered', 'refused']),
        gte(models.createdAt, from),
        lt(models.createdAt, until),
      ),
    )
    .orderBy(asc(models.createdAt), asc(models.id));
}

/** What was trained on any of these datasets, oldest first. */
export async function modelsOfDatasets(
  db: Queryable,
  datasetIds: readonly string[],
): Promise<ModelRow[]> {
  if (datasetIds.length === 0) return [];
  return db
    .select()
    .from(models)
    .where(inArray(models.datasetId, [...datasetIds]))
    .orderBy(asc(models.createdAt), asc(models.id));
}

export type RoutingRow = typeof routingHistory.$inferInsert;

/** Idempotent by version. */
export async function insertRouting(db: Queryable, row: RoutingRow): Promise<void> {
  await db.insert(routingHistory).values(row).onConflictDoNothing();
}

export async function listRouting(db: Queryable, limit = 200) {
  return db.select().from(routingHistory).orderBy(desc(routingHistory.version)).limit(limit);
}

export async function findRouting(db: Queryable, version: number) {
  const [row] = await db.select().from(routingHistory).where(eq(routingHistory.version, version));
  return row;
}

const productionOf = (side: typeof routingHistory.to | typeof routingHistory.from) =>
  sql<string | null>`${side} ->> 'production'`;
/** In tables of today, and in those from before there were slices. */
const triedIn = (side: typeof routingHistory.to | typeof routingHistory.from, modelId: string) =>
  sql`(${side} -> 'experiments' @> ${JSON.stringify([{ candidate: modelId }])}::jsonb
    OR ${side} -> 'experiment' ->> 'candidate' = ${modelId}
    OR ${side} -> 'holdout' ->> 'model' = ${modelId})`;

/** Every change while the model was live, a candidate or held out on, and the one that ended it; newest first. */
export async function routingOfModel(db: Queryable, modelId: string) {
  const { from, to } = routingHistory;
  return db
    .select()
    .from(routingHistory)
    .where(
      or(
        ...[productionOf(from), productionOf(to)].map((role) => sql`${role} = ${modelId}`),
        triedIn(from, modelId),
        triedIn(to, modelId),
      ),
    )
    .orderBy(desc(routingHistory.version));
}

/** Models that a change put or kept in production, in the whole history. */
export async function modelsEverLive(db: Queryable): Promise<Set<string>> {
  const rows = await db
    .selectDistinct({ id: productionOf(routingHistory.to) })
    .from(routingHistory);
  return new Set(rows.flatMap(({ id }) => (id === null ? [] : [id])));
}

/** The table as the record has it; undefined before the first change. */
export async function latestTable(db: Queryable): Promise<RoutingTable | undefined> {
  const [row] = await db
    .select({ to: routingHistory.to })
    .from(routingHistory)
    .orderBy(desc(routingHistory.version))
    .limit(1);
  return row === undefined ? undefined : routingTableSchema.parse(row.to);
}

const wasChange = sql`${productionOf(routingHistory.from)} IS DISTINCT FROM ${productionOf(routingHistory.to)}`;

/** Changes of production since `from`, with the newest before it, and what stood before any change. */
export async function productionPast(db: Queryable, current: string, from: Date): Promise<Past> {
  const { version, at, action } = routingHistory;
  const rows = await db
    .select({
      at,
      action,
      from: productionOf(routingHistory.from),
      to: productionOf(routingHistory.to),
    })
    .from(routingHistory)
    .where(
      and(
        wasChange,
        gte(
          version,
          sql`coalesce((SELECT max(v.version) FROM routing_history v WHERE v.at <= ${from.toISOString()}::timestamptz
                AND v.from_table ->> 'production' IS DISTINCT FROM v.to_table ->> 'production'), 0)`,
        ),
      ),
    )
    .orderBy(asc(version));
  const [first] = await db.select({ at: min(interactions.createdAt) }).from(interactions);
  return {
    production: current,
    firstAnswerMs: first?.at?.getTime() ?? null,
    changes: rows.flatMap((row): ProductionChange[] =>
      row.from === null || row.to === null
        ? []
        : [
            {
              atMs: row.at.getTime(),
              from: row.from,
              to: row.to,
              isRollback: row.action === 'rollback',
            },
          ],
    ),
  };
}

export interface WeekModels {
  heldOut: string[];
  production: string[];
}

const weekModelsSchema = z.array(
  z.object({
    stratum: z.coerce.number().int(),
    held_out: z.array(z.string()),
    production: z.array(z.string()),
  }),
);

/** By week: what visitors were held out on, and what was in production meanwhile. */
export async function heldOutWeeks(db: Queryable, id: string): Promise<Map<number, WeekModels>> {
  const { rows } = await db.execute(sql`
    SELECT h.stratum, array_agg(DISTINCT h.model) AS held_out, array_agg(DISTINCT h.production) AS production
      FROM (SELECT to_table -> 'holdout' ->> 'stratum' AS stratum, to_table -> 'holdout' ->> 'model' AS model,
                   to_table ->> 'production' AS production
              FROM routing_history WHERE to_table -> 'holdout' ->> 'id' = ${id}) AS h
     WHERE h.model IS NOT NULL AND h.model <> h.production
     GROUP BY 1`);
  return new Map(
    weekModelsSchema
      .parse(rows)
      .map(({ stratum, held_out: heldOut, production }) => [stratum, { heldOut, production }]),
  );
}
