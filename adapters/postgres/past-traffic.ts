// The traffic of the last weeks, as a plan needs it: visitors and answers of a mean day, how much one
// visitor asks, and for each metric its rate, how often it is observed and how alike one visitor's
// observations are. Sums only; reads, writes nothing.

import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { PastTraffic } from '../../core/rollout/plan.ts';
import { intraclassCorrelation } from '../../core/statistics/intraclass.ts';
import type { Queryable } from './connect.ts';
import type { FixedJudge } from './judgments.ts';

const DAY_MS = 86_400_000;

const number = z.coerce.number();
const trafficSchema = z.object({
  answers: number,
  with_sources: number,
  first_at_ms: number.nullable(),
  visitors: number,
  visitor_days: number,
  squares_by_day: number,
  squares: number,
});
type Seen = z.infer<typeof trafficSchema> & { judge: FixedJudge };
const metricSchema = z.object({
  metric: z.string(),
  n: number,
  y: number,
  users: number,
  nn: number,
  yy_over_n: number,
});

export interface PastTrafficOf {
  from: Date;
  until: Date;
  /** Younger identities take no part in experiments. */
  minAgeSeconds: number;
  judge: FixedJudge;
}

/** Of those who could have taken part in an experiment. Null while none of them asked in [from, until). */
export async function pastTraffic(
  db: Queryable,
  { from, until, minAgeSeconds, judge }: PastTrafficOf,
): Promise<PastTraffic | null> {
  // As core/enrolment.ts decides; an identity is as old as its first question, or a little older.
  const asked = sql`SELECT i.* FROM interactions i LEFT JOIN visitors v ON v.id = i.visitor_id
                     WHERE i.created_at >= ${from.toISOString()}::timestamptz
                       AND i.created_at < ${until.toISOString()}::timestamptz
                       AND (${minAgeSeconds} = 0 OR i.visitor_id LIKE '%:%'
                            OR (i.platform = 'homepage' AND i.history_turns > 0)
                            OR i.created_at >= v.first_seen_at + make_interval(secs => ${minAgeSeconds}))`;
  const { rows: trafficRows } = await db.execute(sql`
    WITH asked AS (${asked}), by_day AS (
      SELECT visitor_id, floor(extract(epoch FROM ${until.toISOString()}::timestamptz - created_at) / 86400) AS day,
             count(*) AS m, min(created_at) AS first_at,
             count(*) FILTER (WHERE status = 'complete' AND jsonb_array_length(sources) > 0) AS s
        FROM asked GROUP BY 1, 2
    ), by_visitor AS (
      SELECT visitor_id, sum(m) AS m, sum(s) AS s, sum(m * m) AS day_squares, count(*) AS days, min(first_at) AS first_at
        FROM by_day GROUP BY 1
    )
    SELECT coalesce(sum(m), 0) AS answers, coalesce(sum(s), 0) AS with_sources, extract(epoch FROM min(first_at)) * 1000 AS first_at_ms,
           count(*) AS visitors, coalesce(sum(days), 0) AS visitor_days,
           coalesce(sum(day_squares), 0) AS squares_by_day, coalesce(sum(m * m), 0) AS squares
      FROM by_visitor`);
  const seen = trafficSchema.parse(trafficRows[0]);
  if (seen.answers === 0 || seen.first_at_ms === null) return null;
  // A product that is younger than these weeks is planned for by the days it has.
  const days = Math.max(1, Math.ceil((until.getTime() - seen.first_at_ms) / DAY_MS));
  const usersPerDay = seen.visitor_days / days;
  const firstDay = seen.squares_by_day / seen.answers;
  const further = (value: number) => (days === 1 ? 0 : Math.max(0, value / (days - 1)));
  return {
    days,
    traffic: {
      usersPerDay,
      // One day tells nothing of who comes back: then all are taken for new.
      newUsersPerDay: days === 1 ? usersPerDay : further(seen.visitors - usersPerDay),
      answersPerDay: seen.answers / days,
      clusterSize: { firstDay, perFurtherDay: further(seen.squares / seen.answers - firstDay) },
    },
    metrics: await metricsOf(db, asked, { ...seen, judge }),
  };
}

async function metricsOf(
  db: Queryable,
  asked: ReturnType<typeof sql>,
  { answers, with_sources: withSources, judge }: Seen,
): Promise<PastTraffic['metrics']> {
  // Slow is what it is in an experiment: above the 95th percentile.
  const { rows } = await db.execute(sql`
    WITH asked AS (${asked}), timed AS (
      SELECT interaction_id, visitor_id, fault,
             CASE WHEN fault IS DISTINCT FROM 'service' THEN first_token_ms END AS first_ms,
             CASE WHEN fault IS DISTINCT FROM 'service' AND status = 'complete' AND completion_tokens > 1
                   AND first_token_ms IS NOT NULL
                  THEN greatest(0, total_ms - first_token_ms)::float8 / (completion_tokens - 1) END AS output_ms
        FROM asked
    ), limits AS (
      SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY first_ms) AS first_ms,
             percentile_disc(0.95) WITHIN GROUP (ORDER BY output_ms) AS output_ms FROM timed
    ), observed AS (
      SELECT 'error' AS metric, visitor_id, fault IS NOT DISTINCT FROM 'model' AS event
        FROM timed WHERE fault IS DISTINCT FROM 'service'
      UNION ALL
      SELECT 'slow_first_token', visitor_id, timed.first_ms > limits.first_ms
        FROM timed CROSS JOIN limits WHERE timed.first_ms IS NOT NULL
      UNION ALL
      SELECT 'slow_output_token', visitor_id, timed.output_ms > limits.output_ms
        FROM timed CROSS JOIN limits WHERE timed.output_ms IS NOT NULL
      UNION ALL
      SELECT 'thumbs_up', timed.visitor_id, vote.feedback_type = 'thumbs_up'
        FROM standing_votes vote
        JOIN timed ON timed.interaction_id = vote.interaction_id AND timed.visitor_id = vote.visitor_id
       WHERE vote.kind = 'thumb'
      UNION ALL
      SELECT 'hallucination', timed.visitor_id, judged.state = 'unsupported'
        FROM judgments judged JOIN timed ON timed.interaction_id = judged.interaction_id
       WHERE judged.judge = ${judge.name} AND judged.state IN ('supported', 'unsupported')
    ), by_visitor AS (
      SELECT metric, visitor_id, count(*) AS n, count(*) FILTER (WHERE event) AS y
        FROM observed GROUP BY 1, 2
    )
    SELECT metric, sum(n) AS n, sum(y) AS y, count(*) AS users, sum(n * n) AS nn,
           sum(y::float8 * y / n) AS yy_over_n
      FROM by_visitor GROUP BY 1 ORDER BY 1`);
  return z
    .array(metricSchema)
    .parse(rows)
    .map(({ metric, n, y, users, nn, yy_over_n: yyOverN }) => ({
      metric,
      rate: y / n,
      // Outside experiments nothing is judged; in one it is a part of the answers that have sources.
      observedShare:
        metric === 'hallucination' ? (withSources * judge.rate) / answers : n / answers,
      intraclassCorrelation: intraclassCorrelation({ users, n, y, nn, yyOverN }),
    }));
}
