// What GET /metrics reads. No query here grows with the record: running totals are a few rows a
// model version (kept by triggers, see schema.ts), the capture rate looks at a bounded number of
// answers through the indexes on their time and on feedback's answer, jobs are a few a week.

import { and, eq, exists, gte, inArray, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Sample } from '../../core/metrics.ts';
import type { Queryable } from './connect.ts';
import { feedbackEvents, interactions, metricTotals, trainingJobs } from './schema.ts';

const CAPTURE_WINDOW_MS = 86_400_000;
const CAPTURE_ANSWERS = 10_000;

const labelsSchema = z.record(z.string(), z.string());

export async function readTotals(db: Queryable): Promise<Sample[]> {
  const rows = await db
    .select({
      metric: metricTotals.metric,
      labels: metricTotals.labels,
      total: sql<number>`sum(${metricTotals.total})`.mapWith(Number),
    })
    .from(metricTotals)
    .groupBy(metricTotals.metric, metricTotals.labels)
    .orderBy(metricTotals.metric, metricTotals.labels);
  return rows.map(({ metric, labels, total }) => ({
    metric,
    labels: labelsSchema.parse(labels),
    value: total,
  }));
}

/** Nothing while there were no answers: a rate of none is not zero. */
export async function captureRate(db: Queryable, at: Date): Promise<Sample[]> {
  const newest = db
    .select({ id: interactions.id })
    .from(interactions)
    .where(
      and(
        gte(interactions.createdAt, new Date(at.getTime() - CAPTURE_WINDOW_MS)),
        lte(interactions.createdAt, at),
      ),
    )
    .orderBy(sql`${interactions.createdAt} DESC`)
    .limit(CAPTURE_ANSWERS)
    .as('newest');
  const said = exists(
    db
      .select({ one: sql`1` })
      .from(feedbackEvents)
      .where(
        and(eq(feedbackEvents.interactionId, newest.id), eq(feedbackEvents.source, 'explicit')),
      ),
  );
  const [row] = await db
    .select({ rate: sql<number | null>`avg((${said})::int)::float8` })
    .from(newest);
  const rate = row?.rate ?? null;
  return rate === null ? [] : [{ metric: 'feedback_capture_rate', labels: {}, value: rate }];
}

/** The status by its name in the metric; a job that goes on is none yet. */
const ENDINGS = {
  succeeded: 'success',
  failed: 'failed',
  refused: 'refused',
  cancelled: 'cancelled',
} as const;
const ENDED = ['succeeded', 'failed', 'refused', 'cancelled'] as const;

export async function jobEndings(db: Queryable): Promise<Sample[]> {
  const rows = await db
    .select({ status: trainingJobs.status, total: sql<number>`count(*)`.mapWith(Number) })
    .from(trainingJobs)
    .where(inArray(trainingJobs.status, [...ENDED]))
    .groupBy(trainingJobs.status);
  return ENDED.map((status) => ({
    metric: 'training_jobs_total',
    labels: { status: ENDINGS[status] },
    value: rows.find((row) => row.status === status)?.total ?? 0,
  }));
}
