// One look at an experiment: its sums as they stand, in one statement. It reads a few rows, however many
// visitors there are; what came and went again has left rows of nothing, which are passed over.

import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type ExperimentSums, LEFT_OUT } from '../../core/experiment-sums.ts';
import { GUARDED, LATENCIES } from '../../core/latency.ts';
import type { Queryable } from './connect.ts';
import { metricOf, NEVER_SEEN } from './experiment-tables.ts';

const whole = z.string().transform(BigInt);
const arm = z.enum(['control', 'treatment']);
const at = [z.int(), z.int(), arm] as const;

const lookSchema = z.object({
  totals: z.array(z.tuple([z.string(), ...at, whole, whole, whole])),
  arm_users: z.array(z.tuple([z.string(), z.int(), arm, whole])),
  moments: z.array(z.tuple([z.string(), ...at, ...at, whole, whole, whole, whole, whole])),
  appearances: z.array(z.tuple([...at, z.int(), whole])),
  histograms: z.array(z.tuple([z.enum(LATENCIES), ...at, z.array(z.int()), z.array(z.int())])),
  thresholds: z.array(z.tuple([z.enum(GUARDED), whole, z.int(), z.number()])),
});

/** Empty for an id that nothing was ever counted for. */
export async function readExperimentSums(
  db: Queryable,
  experimentId: string,
): Promise<ExperimentSums> {
  const of = sql`experiment_id = ${experimentId}`;
  const { rows } = await db.execute(sql`
    SELECT
      (SELECT coalesce(jsonb_agg(jsonb_build_array(
                metric, stratum, share_bp, arm, users::text, n::text, y::text)), '[]')
         FROM experiment_totals WHERE ${of} AND users <> 0) AS totals,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(metric, stratum, arm, users::text)), '[]')
         FROM experiment_arm_users WHERE ${of} AND users <> 0) AS arm_users,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(metric, stratum_a, share_a, arm_a, stratum_b,
                share_b, arm_b, users::text, yy::text, yn::text, ny::text, nn::text)), '[]')
         FROM experiment_moments WHERE ${of} AND users <> 0) AS moments,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(
                stratum, share_bp, arm, last_share_bp, users::text)), '[]')
         FROM experiment_appearances WHERE ${of} AND users <> 0) AS appearances,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(
                latency, stratum, share_bp, arm, buckets, answers)), '[]')
         FROM (SELECT latency, stratum, share_bp, arm, array_agg(bucket) AS buckets,
                      array_agg(answers) AS answers
                 FROM experiment_histograms WHERE ${of} AND answers <> 0
                GROUP BY 1, 2, 3, 4) AS h) AS histograms,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(latency, threshold_us::text, answers,
                extract(epoch FROM counted_after) * 1000)), '[]')
         FROM experiment_thresholds WHERE ${of}) AS thresholds`);
  return sumsOf(experimentId, lookSchema.parse(rows[0]));
}

const cell = (stratum: number, shareBp: number, of: z.infer<typeof arm>) => ({
  stratum,
  shareBp,
  arm: of,
});

function sumsOf(experimentId: string, look: z.infer<typeof lookSchema>): ExperimentSums {
  const counted = look.totals.filter(([metric]) => metric !== LEFT_OUT);
  const leftOut = look.totals.filter(([metric]) => metric === LEFT_OUT);
  return {
    experimentId,
    totals: counted.map(([metric, stratum, share, of, users, n, y]) => ({
      metric: metricOf(metric),
      ...cell(stratum, share, of),
      users,
      n,
      y,
    })),
    leftOut: leftOut.map(([, stratum, share, of, users, answers]) => ({
      ...cell(stratum, share, of),
      users,
      answers,
    })),
    armUsers: look.arm_users
      .filter(([metric]) => metric !== LEFT_OUT)
      .map(([metric, stratum, of, users]) => ({
        metric: metricOf(metric),
        stratum,
        arm: of,
        users,
      })),
    moments: look.moments.map(([metric, sa, ha, aa, sb, hb, ab, users, yy, yn, ny, nn]) => ({
      metric: metricOf(metric),
      a: cell(sa, ha, aa),
      b: cell(sb, hb, ab),
      users,
      yy,
      yn,
      ny,
      nn,
    })),
    appearances: look.appearances.map(([stratum, share, of, last, users]) => ({
      ...cell(stratum, share, of),
      lastShareBp: last === NEVER_SEEN ? null : last,
      users,
    })),
    histograms: look.histograms.flatMap(([latency, stratum, share, of, buckets, answers]) =>
      buckets.map((bucket, index) => ({
        ...cell(stratum, share, of),
        latency,
        bucket,
        answers: BigInt(answers[index] ?? 0),
      })),
    ),
    thresholds: look.thresholds.map(([latency, thresholdUs, answers, countedAfterMs]) => ({
      latency,
      thresholdUs: Number(thresholdUs),
      answers,
      countedAfterMs,
    })),
  };
}
