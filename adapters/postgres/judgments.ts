// What judges said of answers, and which judge an experiment has. Every write is idempotent by answer and
// judge; the caller's transaction counts what it changes (experiment-sums.ts).

import { and, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Judge } from '../../core/judging.ts';
import type { Queryable } from './connect.ts';
import { insertRows } from './rows.ts';
import { experimentJudges, judgments } from './schema.ts';

export interface FixedJudge extends Judge {
  rate: number;
}

/** Of those experiments that have one. */
export async function judgesOf(
  db: Queryable,
  experimentIds: readonly string[],
): Promise<Map<string, FixedJudge>> {
  const rows = await db
    .select()
    .from(experimentJudges)
    .where(inArray(experimentJudges.experimentId, [...experimentIds]));
  return new Map(
    rows.map(({ experimentId, judge: name, model, rate }) => [experimentId, { name, model, rate }]),
  );
}

/** For good: one that stands is left as it is. */
export async function fixJudges(
  db: Queryable,
  experimentIds: readonly string[],
  { name, model, rate }: FixedJudge,
  at: Date,
): Promise<void> {
  // In one order everywhere, so that two batches at once never wait for each other.
  const rows = experimentIds
    .toSorted()
    .map((experimentId) => ({ experimentId, judge: name, model, rate, fixedAt: at }));
  if (rows.length > 0) await db.insert(experimentJudges).values(rows).onConflictDoNothing();
}

export interface NewJudgment {
  id: string;
  judge: Judge;
  /** Null: its judge is still to be asked. */
  verdict: { state: 'supported' | 'unsupported'; unsupported: readonly string[] } | null;
  createdAt: Date;
  judgedAt: Date;
  planted?: { measurementId: string; content: unknown };
}

export async function insertJudgments(db: Queryable, all: readonly NewJudgment[]): Promise<void> {
  if (all.length === 0) return;
  const rows = all
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, judge, verdict, createdAt, judgedAt, planted }) => ({
      interaction_id: id,
      judge: judge.name,
      model: judge.model,
      state: verdict?.state ?? 'waiting',
      unsupported: verdict?.unsupported ?? [],
      attempt: 0,
      created_at: createdAt.toISOString(),
      judged_at: verdict === null ? null : judgedAt.toISOString(),
      measurement_id: planted?.measurementId ?? null,
      planted: planted?.content ?? null,
    }));
  await db.execute(sql`${insertRows(judgments, rows)} ON CONFLICT DO NOTHING`);
}

export interface JudgmentClaim {
  agentId: string;
  /** Those that the agent's model server has. */
  models: readonly string[];
  now: Date;
  leaseExpiresAt: Date;
  limit: number;
  mostAttempts: number;
}

const claimedSchema = z.array(
  z.object({
    interaction_id: z.string(),
    judge: z.string(),
    model: z.string(),
    attempt: z.int(),
    planted: z.unknown(),
    question: z.string().nullable(),
    answer: z.string().nullable(),
    sources: z.unknown(),
  }),
);
export type ClaimedJudgment = z.infer<typeof claimedSchema>[number];

/**
 * The oldest that wait, all for one model; texts planted to measure a judge come first, since somebody
 * waits for them. However many ask at once, one claimer gets each (SKIP LOCKED).
 */
export async function claimJudgments(
  db: Queryable,
  claim: JudgmentClaim,
): Promise<ClaimedJudgment[]> {
  const { agentId, models, limit, mostAttempts } = claim;
  const [at, until] = [claim.now.toISOString(), claim.leaseExpiresAt.toISOString()];
  const open = sql`state IN ('waiting', 'leased')
    AND model IN (SELECT jsonb_array_elements_text(${JSON.stringify(models)}::jsonb))
    AND (state = 'waiting' OR lease_expires_at <= ${at}::timestamptz)`;
  await db.execute(sql`
    UPDATE judgments SET state = 'none', lease_expires_at = NULL, judged_at = ${at}::timestamptz
     WHERE ${open} AND attempt >= ${mostAttempts}`);
  const { rows } = await db.execute(sql`
    WITH first AS (
      SELECT model FROM judgments WHERE ${open}
       ORDER BY measurement_id IS NULL, created_at, interaction_id LIMIT 1
    ), chosen AS (
      SELECT interaction_id, judge FROM judgments
       WHERE ${open} AND model = (SELECT model FROM first)
       ORDER BY measurement_id IS NULL, created_at, interaction_id
       LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE judgments j SET state = 'leased', agent_id = ${agentId}, attempt = j.attempt + 1,
             lease_expires_at = ${until}::timestamptz
        FROM chosen c WHERE c.interaction_id = j.interaction_id AND c.judge = j.judge
      RETURNING j.interaction_id, j.judge, j.model, j.attempt, j.planted, j.created_at
    )
    SELECT c.interaction_id, c.judge, c.model, c.attempt, c.planted,
           i.query AS question, i.response AS answer, i.sources
      FROM claimed c
      LEFT JOIN interactions i ON i.interaction_id = c.interaction_id AND i.text_removed_at IS NULL
     ORDER BY c.created_at, c.interaction_id`);
  return claimedSchema.parse(rows);
}

export interface JudgmentEnd {
  id: string;
  judge: string;
  agentId: string;
  attempt: number;
  state: 'waiting' | 'supported' | 'unsupported' | 'none';
  unsupported: readonly string[];
  /** Its judge was not asked: the attempt does not count. */
  isGivenBack: boolean;
  at: Date;
}

/** False for a stale holder: it was judged already, is another's, or its visitor was erased. */
export async function endJudgment(db: Queryable, end: JudgmentEnd): Promise<boolean> {
  const rows = await db
    .update(judgments)
    .set({
      state: end.state,
      unsupported: end.unsupported,
      leaseExpiresAt: null,
      ...(end.isGivenBack ? { attempt: end.attempt - 1 } : {}),
      ...(end.state === 'waiting' ? {} : { judgedAt: end.at }),
    })
    .where(
      and(
        eq(judgments.interactionId, end.id),
        eq(judgments.judge, end.judge),
        eq(judgments.agentId, end.agentId),
        eq(judgments.attempt, end.attempt),
        eq(judgments.state, 'leased'),
      ),
    )
    .returning({ id: judgments.interactionId });
  return rows.length > 0;
}

/** By answer; planted texts and answers that were erased have none. */
export async function visitorsOfAnswers(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.execute(sql`
    SELECT interaction_id, visitor_id FROM interactions
     WHERE interaction_id IN (SELECT jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)`);
  const found = z
    .array(z.object({ interaction_id: z.string(), visitor_id: z.string() }))
    .parse(rows);
  return new Map(found.map((row) => [row.interaction_id, row.visitor_id]));
}

const number = z.coerce.number();

/** How far the judging of an experiment has come, by arm. Erased visitors' answers are not in it. */
/** When the oldest answer of an experiment that still waits for its verdict was given; null where none does. */
export async function oldestUnjudged(db: Queryable, experimentId: string): Promise<number | null> {
  const { rows } = await db.execute(sql`
    SELECT extract(epoch FROM min(i.created_at)) * 1000 AS at_ms
      FROM judgments j JOIN interactions i ON i.interaction_id = j.interaction_id
     WHERE j.state IN ('waiting', 'leased') AND i.experiment_id = ${experimentId}`);
  return z.array(z.object({ at_ms: number.nullable() })).parse(rows)[0]?.at_ms ?? null;
}

export async function judgedSoFar(db: Queryable, experimentId: string, judge: string) {
  const { rows } = await db.execute(sql`
    SELECT i.arm, count(*) FILTER (WHERE j.state IN ('supported', 'unsupported')) AS judged,
           count(*) FILTER (WHERE j.state IN ('waiting', 'leased')) AS waiting,
           count(*) FILTER (WHERE j.state = 'none') AS none
      FROM interactions i JOIN judgments j ON j.interaction_id = i.interaction_id
     WHERE i.experiment_id = ${experimentId} AND i.arm <> 'none' AND j.judge = ${judge}
     GROUP BY 1`);
  return z
    .array(
      z.object({
        arm: z.enum(['control', 'treatment']),
        judged: number,
        waiting: number,
        none: number,
      }),
    )
    .parse(rows);
}

const plantedRowsSchema = z.array(
  z.object({
    planted: z.unknown(),
    state: z.enum(['waiting', 'leased', 'supported', 'unsupported', 'none']),
    judged_at: z.coerce.date().nullable(),
  }),
);

/** The texts of a judge's newest measurement, and what it said of each. */
export async function newestMeasurement(db: Queryable, judge: string) {
  const { rows } = await db.execute(sql`
    SELECT planted, state, judged_at FROM judgments
     WHERE judge = ${judge} AND measurement_id = (
       SELECT measurement_id FROM judgments WHERE judge = ${judge} AND measurement_id IS NOT NULL
        ORDER BY created_at DESC, measurement_id DESC LIMIT 1)
     ORDER BY interaction_id`);
  return plantedRowsSchema.parse(rows);
}
