// What the looks of an experiment saw, to be drawn over time. Written once for each look and metric; a
// repeat changes nothing. Nothing is decided by these rows.

import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { MetricAtLook } from '../../core/experiment-view/looks.ts';
import type { Queryable } from './connect.ts';
import { experimentLooks } from './schema.ts';

export interface Look {
  experimentId: string;
  at: Date;
  stratum: number;
  shareBp: number;
  metrics: readonly MetricAtLook[];
}

export async function insertLook(db: Queryable, { metrics, ...look }: Look): Promise<void> {
  if (metrics.length === 0) return;
  const rows = metrics.map((one) => ({ ...look, ...one }));
  await db.insert(experimentLooks).values(rows).onConflictDoNothing();
}

const lookSchema = z.object({
  at_ms: z.coerce.number(),
  metric: z.string(),
  stratum: z.int(),
  share_bp: z.int(),
  control_users: z.int(),
  treatment_users: z.int(),
  scale: z.enum(['log_ratio', 'difference']),
  estimate: z.number(),
  lower: z.number(),
  upper: z.number(),
  tolerated: z.number(),
});
export type LookRow = z.infer<typeof lookSchema>;

/**
 * At most `most` looks, evenly thinned, oldest first. The newest is always among them; which ones are left
 * out is the same for all metrics.
 */
export async function listLooks(
  db: Queryable,
  experimentId: string,
  most: number,
): Promise<LookRow[]> {
  const { rows } = await db.execute(sql`
    WITH numbered AS (
      SELECT at, row_number() OVER (ORDER BY at DESC) - 1 AS newer, count(*) OVER () AS looks
        FROM (SELECT DISTINCT at FROM experiment_looks WHERE experiment_id = ${experimentId}) AS d)
    SELECT extract(epoch FROM l.at) * 1000 AS at_ms, l.metric, l.stratum, l.share_bp, l.control_users,
           l.treatment_users, l.scale, l.estimate, l.lower, l.upper, l.tolerated
      FROM experiment_looks l JOIN numbered n ON n.at = l.at
     WHERE l.experiment_id = ${experimentId}
       AND n.newer % ceil(n.looks / ${most}::numeric)::bigint = 0
     ORDER BY l.at, l.metric`);
  return z.array(lookSchema).parse(rows);
}
