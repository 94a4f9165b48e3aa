// What the record says about visitors in experiments: counted anew from answers, standing votes and
// judges' verdicts, whatever was delivered when. Read by experiment-sums.ts inside the recorder's transaction. No writes
// but the thresholds of slowness, which are frozen once.

import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Cell, VisitorPair } from '../../core/experiment-sums.ts';
import { GUARDED, percentile95, THRESHOLD_ANSWERS, type TimedAnswer } from '../../core/latency.ts';
import type { VoteBounds } from '../../core/vote-bounds.ts';
import type { Queryable } from './connect.ts';
import { boundedVotes } from './vote-bounds.ts';

export interface Trial {
  experimentId: string;
  visitorId: string;
}

const arm = z.enum(['control', 'treatment']);
const trialsSchema = z.array(
  z
    .object({ experiment_id: z.string(), visitor_id: z.string() })
    .transform((row): Trial => ({ experimentId: row.experiment_id, visitorId: row.visitor_id })),
);

export async function trialsOfVisitors(db: Queryable, ids: readonly string[]): Promise<Trial[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.execute(sql`
    SELECT DISTINCT experiment_id, visitor_id FROM interactions
     WHERE visitor_id IN (SELECT jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))
       AND experiment_id IS NOT NULL AND share_bp IS NOT NULL AND arm <> 'none'`);
  return trialsSchema.parse(rows);
}

/** Everything a visitor did in one cell of one experiment. */
export interface Counted extends Trial {
  /** Who they are: a person where that is known, else the visitor. */
  person: string;
  cell: Cell & { answers: number };
  pairs: VisitorPair[];
}

const count = z.coerce.number().int();
const countedSchema = z.array(
  z.object({
    experiment_id: z.string(),
    visitor_id: z.string(),
    person_id: z.string().nullable(),
    stratum: count,
    share_bp: count,
    arm,
    answers: count,
    error_n: count,
    error_y: count,
    thumbs_n: count,
    thumbs_y: count,
    first_n: count,
    first_y: count,
    output_n: count,
    output_y: count,
    judged_n: count,
    judged_y: count,
  }),
);

/** In SQL what `latenciesOf` is in core/. */
const TIMED = sql`
  SELECT CASE WHEN i.fault IS DISTINCT FROM 'service' THEN i.first_token_ms::bigint * 1000 END AS first_us,
         CASE WHEN i.fault IS DISTINCT FROM 'service' AND i.status = 'complete' AND i.completion_tokens > 1
               AND i.first_token_ms IS NOT NULL
              THEN greatest(0, i.total_ms - i.first_token_ms)::bigint * 1000 / (i.completion_tokens - 1)
          END AS output_us`;

const asRows = (trials: readonly Trial[]) =>
  sql`jsonb_to_recordset(${JSON.stringify(
    trials.map(({ experimentId, visitorId }) => ({
      experiment_id: experimentId,
      visitor_id: visitorId,
    })),
  )}::jsonb) AS t(experiment_id text, visitor_id text)`;

/** With each visitor every visitor who is the same person. */
async function reachedFrom(db: Queryable, trials: readonly Trial[]): Promise<Trial[]> {
  const { rows } = await db.execute(sql`
    SELECT experiment_id, visitor_id FROM ${asRows(trials)}
    UNION
    SELECT t.experiment_id, other.visitor_id FROM ${asRows(trials)}
      JOIN visitor_people own ON own.visitor_id = t.visitor_id
      JOIN visitor_people other ON other.person_id = own.person_id`);
  return trialsSchema.parse(rows);
}

/** The visitors and who else they are. Votes that are bounded are counted nowhere. */
export async function countTrials(
  db: Queryable,
  trials: readonly Trial[],
  bounds: VoteBounds,
): Promise<Counted[]> {
  const reached = await reachedFrom(db, trials);
  const visitorIds = [...new Set(reached.map(({ visitorId }) => visitorId))];
  const bounded = await boundedVotes(db, visitorIds, { bounds });
  const uncounted = JSON.stringify(bounded.map(({ eventId }) => eventId));
  const { rows } = await db.execute(sql`
    WITH reached AS (SELECT * FROM ${asRows(reached)}), uncounted AS (
      SELECT value::uuid AS event_id FROM jsonb_array_elements_text(${uncounted}::jsonb)
    )
    SELECT i.experiment_id, i.visitor_id, p.person_id,
           coalesce(i.stratum, 0) AS stratum, i.share_bp, i.arm,
           count(*) AS answers,
           count(*) FILTER (WHERE i.fault IS DISTINCT FROM 'service') AS error_n,
           count(*) FILTER (WHERE i.fault = 'model') AS error_y,
           count(vote.up) AS thumbs_n,
           count(*) FILTER (WHERE vote.up) AS thumbs_y,
           count(*) FILTER (WHERE timed.first_us IS NOT NULL AND i.created_at > f.counted_after) AS first_n,
           count(*) FILTER (WHERE timed.first_us > f.threshold_us AND i.created_at > f.counted_after) AS first_y,
           count(*) FILTER (WHERE timed.output_us IS NOT NULL AND i.created_at > o.counted_after) AS output_n,
           count(*) FILTER (WHERE timed.output_us > o.threshold_us AND i.created_at > o.counted_after) AS output_y,
           count(judged.state) AS judged_n,
           count(*) FILTER (WHERE judged.state = 'unsupported') AS judged_y
      FROM reached r
      JOIN interactions i ON i.visitor_id = r.visitor_id AND i.experiment_id = r.experiment_id
      LEFT JOIN visitor_people p ON p.visitor_id = i.visitor_id
      LEFT JOIN experiment_thresholds f ON f.experiment_id = i.experiment_id AND f.latency = 'first_token'
      LEFT JOIN experiment_thresholds o ON o.experiment_id = i.experiment_id AND o.latency = 'output_token'
      LEFT JOIN experiment_judges own ON own.experiment_id = i.experiment_id
      LEFT JOIN judgments judged ON judged.interaction_id = i.interaction_id AND judged.judge = own.judge
            AND judged.state IN ('supported', 'unsupported') AND judged.measurement_id IS NULL
      CROSS JOIN LATERAL (${TIMED}) AS timed
      LEFT JOIN LATERAL (
        SELECT v.feedback_type = 'thumbs_up' AS up FROM standing_votes v
         WHERE v.interaction_id = i.interaction_id AND v.visitor_id = i.visitor_id AND v.kind = 'thumb'
           AND v.event_id NOT IN (SELECT event_id FROM uncounted)
         LIMIT 1
      ) AS vote ON true
     WHERE i.share_bp IS NOT NULL AND i.arm <> 'none'
     GROUP BY 1, 2, 3, 4, 5, 6`);
  return countedSchema.parse(rows).map((row) => {
    const cell = { stratum: row.stratum, shareBp: row.share_bp, arm: row.arm };
    const pairs: VisitorPair[] = [
      // Also with nothing to count: that they appeared is known by it.
      { ...cell, metric: 'error', n: row.error_n, y: row.error_y },
      { ...cell, metric: 'thumbs_up', n: row.thumbs_n, y: row.thumbs_y },
      { ...cell, metric: 'slow_first_token', n: row.first_n, y: row.first_y },
      { ...cell, metric: 'slow_output_token', n: row.output_n, y: row.output_y },
      { ...cell, metric: 'hallucination', n: row.judged_n, y: row.judged_y },
    ];
    return {
      experimentId: row.experiment_id,
      visitorId: row.visitor_id,
      person: row.person_id === null ? `visitor ${row.visitor_id}` : `person ${row.person_id}`,
      cell: { ...cell, answers: row.answers },
      pairs: pairs.filter(({ metric, n }) => metric === 'error' || n > 0),
    };
  });
}

export type PlacedAnswer = TimedAnswer & Cell & { interactionId: string };

const answersSchema = z.array(
  z
    .object({
      interaction_id: z.string(),
      stratum: count,
      share_bp: count,
      arm,
      status: z.enum(['complete', 'partial', 'error']),
      fault: z.enum(['model', 'service']).nullable(),
      first_token_ms: count.nullable(),
      total_ms: count,
      completion_tokens: count.nullable(),
    })
    .transform(
      (row): PlacedAnswer => ({
        interactionId: row.interaction_id,
        stratum: row.stratum,
        shareBp: row.share_bp,
        arm: row.arm,
        status: row.status,
        fault: row.fault,
        firstTokenMs: row.first_token_ms,
        totalMs: row.total_ms,
        completionTokens: row.completion_tokens,
      }),
    ),
);

/** One visitor's answers one by one: only for somebody who is taken out of the sums, or back in. */
export async function answersOfTrial(db: Queryable, trial: Trial): Promise<PlacedAnswer[]> {
  const { rows } = await db.execute(sql`
    SELECT interaction_id, coalesce(stratum, 0) AS stratum, share_bp, arm, status, fault,
           first_token_ms, total_ms, completion_tokens
      FROM interactions
     WHERE visitor_id = ${trial.visitorId} AND experiment_id = ${trial.experimentId}
       AND share_bp IS NOT NULL AND arm <> 'none'`);
  return answersSchema.parse(rows);
}

/**
 * Freezes what counts as slow where the control has answered often enough. What is slow is then counted
 * from the first answer asked after all that is recorded by now, in both arms alike.
 */
export async function freezeThresholds(db: Queryable, experimentIds: readonly string[]) {
  const { rows: ripe } = await db.execute(sql`
    SELECT e.id AS experiment_id, l.latency
      FROM jsonb_array_elements_text(${JSON.stringify(experimentIds)}::jsonb) AS e(id)
     CROSS JOIN jsonb_array_elements_text(${JSON.stringify(GUARDED)}::jsonb) AS l(latency)
     WHERE NOT EXISTS (SELECT 1 FROM experiment_thresholds t
                        WHERE t.experiment_id = e.id AND t.latency = l.latency)
       AND (SELECT sum(h.answers) FROM experiment_histograms h
             WHERE h.experiment_id = e.id AND h.latency = l.latency AND h.arm = 'control')
           >= ${THRESHOLD_ANSWERS}`);
  const found = z
    .array(z.object({ experiment_id: z.string(), latency: z.enum(GUARDED) }))
    .parse(ripe);
  for (const { experiment_id: id, latency } of found) await freeze(db, id, latency);
}

async function freeze(db: Queryable, experimentId: string, latency: (typeof GUARDED)[number]) {
  const value = latency === 'first_token' ? sql`timed.first_us` : sql`timed.output_us`;
  const { rows } = await db.execute(sql`
    SELECT ${value} AS us FROM interactions i CROSS JOIN LATERAL (${TIMED}) AS timed
     WHERE i.experiment_id = ${experimentId} AND i.share_bp IS NOT NULL AND i.arm = 'control'
       AND i.created_at >= (SELECT min(first_at) FROM exposures WHERE experiment_id = ${experimentId})
       AND ${value} IS NOT NULL
     ORDER BY i.created_at, i.interaction_id LIMIT ${THRESHOLD_ANSWERS}`);
  const values = z.array(z.object({ us: z.coerce.number() })).parse(rows);
  const thresholdUs = percentile95(values.map(({ us }) => us));
  if (thresholdUs === undefined) return;
  await db.execute(sql`
    INSERT INTO experiment_thresholds (experiment_id, latency, threshold_us, answers, counted_after)
    SELECT ${experimentId}, ${latency}, ${thresholdUs}, ${values.length}, created_at
      FROM interactions WHERE experiment_id = ${experimentId}
     ORDER BY created_at DESC LIMIT 1
    ON CONFLICT DO NOTHING`);
}
