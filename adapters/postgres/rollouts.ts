// Rollouts as lists read them, and what a look needs beside the sums: when each arm was last heard of,
// and what the routing table once held. The truth is the history; see functions/rollout/record.ts.

import { and, asc, desc, eq, inArray, isNotNull, lt, lte, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Arrivals } from '../../core/rollout/evidence.ts';
import type { RolloutState } from '../../core/rollout/state.ts';
import type { Arm } from '../../core/statistics/moments.ts';
import type { Queryable } from './connect.ts';
import { rollouts } from './schema.ts';

export type RolloutListRow = typeof rollouts.$inferSelect;

/** Idempotent by id and by request. */
export async function insertRollout(
  db: Queryable,
  row: Omit<typeof rollouts.$inferInsert, 'ordinal'>,
): Promise<void> {
  await db.insert(rollouts).values(row).onConflictDoNothing();
}

export interface Standing {
  state: RolloutState;
  reason: string;
  nextLookAt: Date | null;
  updatedAt: Date;
}

/** Steps only go up: what is written late does not undo what came after it. */
export async function updateRollout(db: Queryable, id: string, to: Standing): Promise<void> {
  await db
    .update(rollouts)
    .set({ ...to, status: to.state.at.phase })
    .where(and(eq(rollouts.id, id), sql`(${rollouts.state} ->> 'step')::int <= ${to.state.step}`));
}

export async function findRollout(db: Queryable, id: string): Promise<RolloutListRow | undefined> {
  const [row] = await db.select().from(rollouts).where(eq(rollouts.id, id));
  return row;
}

export async function rolloutOfRequest(
  db: Queryable,
  requestId: string,
): Promise<RolloutListRow | undefined> {
  const [row] = await db.select().from(rollouts).where(eq(rollouts.requestId, requestId));
  return row;
}

/** Newest first. */
export async function listRollouts(db: Queryable, limit = 100): Promise<RolloutListRow[]> {
  return db.select().from(rollouts).orderBy(desc(rollouts.ordinal)).limit(limit);
}

export async function rolloutsOfCandidate(db: Queryable, candidate: string) {
  return db.select().from(rollouts).where(eq(rollouts.candidate, candidate));
}

/** The newest of each candidate: whether it was ever tried, and how that ended. */
export async function newestRollouts(db: Queryable, candidates: readonly string[]) {
  const rows = await db
    .selectDistinctOn([rollouts.candidate], {
      id: rollouts.id,
      candidate: rollouts.candidate,
      status: rollouts.status,
      outcome: sql<string | null>`${rollouts.state} -> 'at' ->> 'outcome'`,
    })
    .from(rollouts)
    .where(inArray(rollouts.candidate, [...candidates]))
    .orderBy(rollouts.candidate, desc(rollouts.ordinal));
  return new Map(rows.map(({ candidate, ...rollout }) => [candidate, rollout]));
}

/** What is tried, or may be at any moment: models, and settings. */
export async function openCandidates(db: Queryable): Promise<string[]> {
  const rows = await db
    .selectDistinct({ candidate: rollouts.candidate })
    .from(rollouts)
    .where(ne(rollouts.status, 'ended'));
  return rows.map(({ candidate }) => candidate);
}

/** Those that are not over, in the order of the line. */
export async function openRollouts(db: Queryable) {
  return db
    .select({ id: rollouts.id, candidate: rollouts.candidate, status: rollouts.status })
    .from(rollouts)
    .where(ne(rollouts.status, 'ended'))
    .orderBy(asc(rollouts.ordinal));
}

export async function dueRollouts(db: Queryable, at: Date): Promise<string[]> {
  const rows = await db
    .select({ id: rollouts.id })
    .from(rollouts)
    .where(and(isNotNull(rollouts.nextLookAt), lte(rollouts.nextLookAt, at)))
    .orderBy(asc(rollouts.ordinal));
  return rows.map(({ id }) => id);
}

/** Others that wait in line and were made before this one. */
export async function queuedBefore(db: Queryable, id: string): Promise<number> {
  const own = db.select({ ordinal: rollouts.ordinal }).from(rollouts).where(eq(rollouts.id, id));
  const rows = await db
    .select({ id: rollouts.id })
    .from(rollouts)
    .where(and(eq(rollouts.status, 'queued'), lt(rollouts.ordinal, own)));
  return rows.length;
}

const arrivalsSchema = z.array(
  z.object({
    arm: z.enum(['control', 'treatment']),
    newest_ms: z.coerce.number().nullable(),
    last_day: z.coerce.number(),
  }),
);

/** More a day change nothing: the shortest silence that counts is longer than they explain. */
const PACE_COUNTED = 2_000;

/** By the index on experiment, arm and time: the newest answer, and how many came in the day before it, counted so far. */
export async function arrivalsOf(
  db: Queryable,
  experimentId: string,
): Promise<Record<Arm, Arrivals>> {
  const { rows } = await db.execute(sql`
    SELECT a.arm, extract(epoch FROM newest.at) * 1000 AS newest_ms,
           (SELECT count(*) FROM (
              SELECT 1 FROM interactions i
               WHERE i.experiment_id = ${experimentId} AND i.arm = a.arm
                 AND i.created_at > newest.at - interval '1 day' AND i.created_at <= newest.at
               LIMIT ${PACE_COUNTED}) AS lately) AS last_day
      FROM (VALUES ('control'), ('treatment')) AS a(arm)
     CROSS JOIN LATERAL (
       SELECT max(created_at) AS at FROM interactions i
        WHERE i.experiment_id = ${experimentId} AND i.arm = a.arm) AS newest`);
  const found = arrivalsSchema.parse(rows);
  const of = (arm: Arm): Arrivals => {
    const row = found.find((one) => one.arm === arm);
    const newestMs = row?.newest_ms ?? null;
    return {
      newestMs: newestMs === null ? null : Math.round(newestMs),
      lastDay: row?.last_day ?? 0,
    };
  };
  return { control: of('control'), treatment: of('treatment') };
}

/** Whether the routing table ever held the experiment, and whether leaving it made its candidate production. */
export async function routedBefore(
  db: Queryable,
  { id, candidate }: { id: string; candidate: string },
): Promise<{ started: boolean; promoted: boolean }> {
  const one = JSON.stringify([{ id }]);
  const { rows } = await db.execute(sql`
    SELECT bool_or(to_table -> 'experiments' @> ${one}::jsonb) AS started,
           bool_or(from_table -> 'experiments' @> ${one}::jsonb
                   AND NOT to_table -> 'experiments' @> ${one}::jsonb
                   AND ${candidate} IN (to_table ->> 'production', to_table -> 'settings' ->> 'id'))
             AS promoted
      FROM routing_history`);
  const found = z
    .object({ started: z.boolean().nullable(), promoted: z.boolean().nullable() })
    .parse(rows[0]);
  return { started: found.started === true, promoted: found.promoted === true };
}
