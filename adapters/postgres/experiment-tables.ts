// The tables of experiment sums: one statement adds a difference to all of them. Whole numbers travel as
// text: they may be wider than a double. Called by experiment-sums.ts; experiment-look.ts reads.

import { sql } from 'drizzle-orm';
import {
  type Cell,
  METRICS,
  type Metric,
  type Sums,
  type Tally,
  type VisitorPair,
} from '../../core/experiment-sums.ts';
import type { Latency } from '../../core/latency.ts';
import type { Queryable } from './connect.ts';

export type HistogramKey = Cell & { latency: Latency; bucket: number };
export type VisitorRow = VisitorPair & { visitorId: string };

export interface Difference {
  sums: Sums;
  histograms: Tally<HistogramKey, 'answers'>;
  /** Visitors' rows as they are now, and those that are no more. */
  kept: readonly VisitorRow[];
  gone: readonly VisitorRow[];
}

/** In the table, where null could be no part of a key. */
export const NEVER_SEEN = -1;

/** Throws on a metric of a later version: counting it as something else would be worse. */
export function metricOf(text: string): Metric {
  const known = METRICS.find((metric) => metric === text);
  if (known === undefined) throw new Error(`the record holds sums of an unknown metric: ${text}`);
  return known;
}

const asJson = (rows: readonly object[]) =>
  JSON.stringify(rows, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );

const cellColumns = ({ stratum, shareBp, arm }: Cell) => ({ stratum, share_bp: shareBp, arm });
const visitorColumns = (row: VisitorRow) => ({
  visitor_id: row.visitorId,
  ...cellColumns(row),
  metric: row.metric,
  n: row.n,
  y: row.y,
});

/** The caller holds the experiment's lock: no two differences meet. */
export async function writeSums(db: Queryable, experimentId: string, difference: Difference) {
  const { sums, histograms, kept, gone } = difference;
  const moments = sums.moments.rows().map(({ metric, a, b, ...products }) => ({
    metric,
    stratum_a: a.stratum,
    share_a: a.shareBp,
    arm_a: a.arm,
    stratum_b: b.stratum,
    share_b: b.shareBp,
    arm_b: b.arm,
    ...products,
  }));
  const rows = {
    kept: kept.map(visitorColumns),
    gone: gone.map(visitorColumns),
    totals: sums.totals
      .rows()
      .map(({ metric, users, n, y, ...at }) => ({ metric, ...cellColumns(at), users, n, y })),
    armUsers: sums.armUsers.rows(),
    moments,
    appearances: sums.appearances.rows().map(({ users, lastShareBp, ...at }) => ({
      ...cellColumns(at),
      last_share_bp: lastShareBp ?? NEVER_SEEN,
      users,
    })),
    histograms: histograms.rows().map(({ latency, bucket, answers, ...at }) => ({
      latency,
      ...cellColumns(at),
      bucket,
      answers,
    })),
  };
  if (Object.values(rows).every((some) => some.length === 0)) return;
  await db.execute(sql`
    WITH gone AS (
      DELETE FROM experiment_visitors v
       USING jsonb_to_recordset(${asJson(rows.gone)}::jsonb)
          AS d(visitor_id text, stratum int, share_bp int, arm text, metric text)
       WHERE v.experiment_id = ${experimentId} AND v.visitor_id = d.visitor_id
         AND v.stratum = d.stratum AND v.share_bp = d.share_bp AND v.arm = d.arm
         AND v.metric = d.metric
    ), kept AS (
      INSERT INTO experiment_visitors (visitor_id, experiment_id, stratum, share_bp, arm, metric, n, y)
      SELECT visitor_id, ${experimentId}, stratum, share_bp, arm, metric, n, y
        FROM jsonb_to_recordset(${asJson(rows.kept)}::jsonb)
          AS d(visitor_id text, stratum int, share_bp int, arm text, metric text, n int, y int)
      ON CONFLICT ON CONSTRAINT experiment_visitors_pk DO UPDATE SET n = excluded.n, y = excluded.y
    ), totals AS (
      INSERT INTO experiment_totals AS t (experiment_id, metric, stratum, share_bp, arm, users, n, y)
      SELECT ${experimentId}, metric, stratum, share_bp, arm, users, n, y
        FROM jsonb_to_recordset(${asJson(rows.totals)}::jsonb)
          AS d(metric text, stratum int, share_bp int, arm text, users bigint, n bigint, y bigint)
      ON CONFLICT ON CONSTRAINT experiment_totals_pk DO UPDATE
         SET users = t.users + excluded.users, n = t.n + excluded.n, y = t.y + excluded.y
    ), arm_users AS (
      INSERT INTO experiment_arm_users AS t (experiment_id, metric, stratum, arm, users)
      SELECT ${experimentId}, metric, stratum, arm, users
        FROM jsonb_to_recordset(${asJson(rows.armUsers)}::jsonb)
          AS d(metric text, stratum int, arm text, users bigint)
      ON CONFLICT ON CONSTRAINT experiment_arm_users_pk DO UPDATE
         SET users = t.users + excluded.users
    ), moments AS (
      INSERT INTO experiment_moments AS t (experiment_id, metric, stratum_a, share_a, arm_a,
             stratum_b, share_b, arm_b, users, yy, yn, ny, nn)
      SELECT ${experimentId}, metric, stratum_a, share_a, arm_a, stratum_b, share_b, arm_b,
             users, yy, yn, ny, nn
        FROM jsonb_to_recordset(${asJson(rows.moments)}::jsonb)
          AS d(metric text, stratum_a int, share_a int, arm_a text, stratum_b int, share_b int,
               arm_b text, users bigint, yy bigint, yn bigint, ny bigint, nn bigint)
      ON CONFLICT ON CONSTRAINT experiment_moments_pk DO UPDATE
         SET users = t.users + excluded.users, yy = t.yy + excluded.yy, yn = t.yn + excluded.yn,
             ny = t.ny + excluded.ny, nn = t.nn + excluded.nn
    ), appearances AS (
      INSERT INTO experiment_appearances AS t (experiment_id, stratum, share_bp, last_share_bp, arm, users)
      SELECT ${experimentId}, stratum, share_bp, last_share_bp, arm, users
        FROM jsonb_to_recordset(${asJson(rows.appearances)}::jsonb)
          AS d(stratum int, share_bp int, last_share_bp int, arm text, users bigint)
      ON CONFLICT ON CONSTRAINT experiment_appearances_pk DO UPDATE
         SET users = t.users + excluded.users
    ), histograms AS (
      INSERT INTO experiment_histograms AS t (experiment_id, latency, stratum, share_bp, arm, bucket, answers)
      SELECT ${experimentId}, latency, stratum, share_bp, arm, bucket, answers
        FROM jsonb_to_recordset(${asJson(rows.histograms)}::jsonb)
          AS d(latency text, stratum int, share_bp int, arm text, bucket int, answers bigint)
      ON CONFLICT ON CONSTRAINT experiment_histograms_pk DO UPDATE
         SET answers = t.answers + excluded.answers
    )
    SELECT 1`);
}
