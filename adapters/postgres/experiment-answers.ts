// An experiment's answers, a page at a time, by the arm that their visitors were assigned; and how many there
// are in both arms at each stage. Read for operators; decides nothing and writes nothing.

import { type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { AnswersCursor } from '../../core/wire/experiment-answers.ts';
import type { Queryable } from './connect.ts';
import { refusedTraining } from './privacy.ts';

/** In SQL what `ratingOf` is in core/answer-rating.ts: a correction's value if there is one, else the latest. */
const IS_RATING = sql`f.source = 'explicit' AND f.feedback_value IS NOT NULL
  AND f.feedback_type IN ('thumbs_up', 'thumbs_down', 'rating', 'correction')`;
const WEIGHTIEST = sql`(f.feedback_type = 'correction') DESC, f.at DESC, f.received_at DESC, f.event_id DESC`;

/** Looked up for each answer: quick where the newest few are wanted. */
const ratedEach = sql`LEFT JOIN LATERAL (
  SELECT f.feedback_value AS score FROM feedback_events f
   WHERE f.interaction_id = interactions.interaction_id AND f.visitor_id = interactions.visitor_id
     AND ${IS_RATING}
   ORDER BY ${WEIGHTIEST} LIMIT 1) AS rated ON true`;

/** Worked out once for all: where every answer is looked at, many times quicker than one by one. */
const ratedAll = (experimentId: string) => sql`LEFT JOIN (
  SELECT DISTINCT ON (f.interaction_id) f.interaction_id AS rated_id, f.feedback_value AS score
    FROM feedback_events f JOIN interactions own ON own.interaction_id = f.interaction_id
   WHERE own.experiment_id = ${experimentId} AND ${IS_RATING}
     -- Not as a plain equality, which Postgres takes for rare: an answer's votes are its visitor's.
     AND (f.visitor_id = own.visitor_id) IS TRUE
   ORDER BY f.interaction_id, ${WEIGHTIEST}) AS rated ON rated.rated_id = interactions.interaction_id`;

/** Beyond every score, so that it comes last. */
const UNRATED = 2;
const SCORE = sql`coalesce(rated.score, ${UNRATED}::float8)`;

const whole = z.coerce.number().int();
const rowsSchema = z.array(
  z.object({
    id: z.string(),
    at_us: whole,
    visitor_id: z.string(),
    arm: z.enum(['control', 'treatment']),
    model_assigned: z.string(),
    model_served: z.string(),
    assigned_failure: z.string().nullable(),
    share_bp: whole.nullable(),
    stratum: whole.nullable(),
    status: z.enum(['complete', 'partial', 'error']),
    history_turns: whole,
    query: z.string(),
    response: z.string(),
    text_removed: z.boolean(),
    training_opt_out: z.boolean(),
    score: z.coerce.number(),
  }),
);
export type ExperimentAnswerRow = z.infer<typeof rowsSchema>[number];

export interface AnswersPage {
  experimentId: string;
  arm: 'control' | 'treatment';
  low: boolean;
  order: 'newest' | 'worst';
  after: AnswersCursor | undefined;
  limit: number;
}

/** At most `limit` answers after the cursor, and where the next page starts; null after the last. */
export async function answersOfArm(
  db: Queryable,
  page: AnswersPage,
): Promise<{ rows: ExperimentAnswerRow[]; next: AnswersCursor | null }> {
  const { experimentId, arm, low, order, after, limit } = page;
  const byTime = sql`created_at DESC, interactions.interaction_id DESC`;
  const { rows } = await db.execute(sql`
    SELECT interactions.interaction_id AS id, visitor_id, arm, model_assigned, model_served,
           (extract(epoch FROM created_at) * 1000000)::bigint AS at_us,
           assigned_failure, share_bp, stratum, status, history_turns, query, response,
           text_removed_at IS NOT NULL AS text_removed, ${refusedTraining} AS training_opt_out,
           ${SCORE} AS score
      FROM interactions ${order === 'worst' ? ratedAll(experimentId) : ratedEach}
     WHERE experiment_id = ${experimentId} AND arm = ${arm}
       ${low ? sql`AND rated.score < 0` : sql``}
       ${after === undefined ? sql`` : sql`AND ${isAfter(after, order)}`}
     ORDER BY ${order === 'worst' ? sql`${SCORE}, ${byTime}` : byTime}
     LIMIT ${limit + 1}`);
  const found = rowsSchema.parse(rows);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const ended = found.length <= limit || last === undefined;
  return {
    rows: shown,
    next: ended ? null : { score: last.score, atUs: last.at_us, id: last.id },
  };
}

/** By the place itself, not by its answer: that may have been erased since. */
function isAfter({ score, atUs, id }: AnswersCursor, order: AnswersPage['order']): SQL {
  const at = sql`timestamptz 'epoch' + ${atUs}::bigint * interval '1 microsecond'`;
  const older = sql`(created_at, interactions.interaction_id) < (${at}, ${id}::uuid)`;
  if (order === 'newest') return older;
  return sql`(${SCORE} > ${score}::float8 OR (${SCORE} = ${score}::float8 AND ${older}))`;
}

const countsSchema = z.array(
  z.object({
    stratum: whole,
    share_bp: whole.nullable(),
    arm: z.enum(['control', 'treatment']),
    answers: whole,
    rated: whole,
    low: whole,
  }),
);
export type AnswerCounts = z.infer<typeof countsSchema>[number];

/** In the order of the stages. Answers of before stages were kept have no share. */
export async function countAnswers(db: Queryable, experimentId: string): Promise<AnswerCounts[]> {
  const { rows } = await db.execute(sql`
    SELECT coalesce(stratum, 0) AS stratum, share_bp, arm, count(*) AS answers,
           count(rated.score) AS rated, count(*) FILTER (WHERE rated.score < 0) AS low
      FROM interactions ${ratedAll(experimentId)}
     WHERE experiment_id = ${experimentId} AND arm <> 'none'
     GROUP BY 1, 2, 3 ORDER BY 1, 2 NULLS FIRST, 3`);
  return countsSchema.parse(rows);
}
