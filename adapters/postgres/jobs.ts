// Training jobs under lease. A claim takes the oldest job that is queued or whose lease ran out;
// the attempt number fences: whatever a holder of an earlier attempt says no longer counts.

import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { agents, trainingJobs } from './schema.ts';

export type JobRow = typeof trainingJobs.$inferSelect;

/** Idempotent by model id. Returns the row that stands. */
export async function createJob(
  db: Queryable,
  job: Pick<
    JobRow,
    'id' | 'datasetId' | 'iteration' | 'modelId' | 'base' | 'parent' | 'createdAt'
  > & {
    maxAttempts: number;
  },
): Promise<JobRow> {
  await db
    .insert(trainingJobs)
    .values({
      ...job,
      status: 'queued',
      attempt: 0,
      cancelRequested: false,
      hasCheckpoint: false,
    })
    .onConflictDoNothing();
  const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.modelId, job.modelId));
  if (!row) throw new Error('a job that was just inserted is missing');
  return row;
}

export interface Claim {
  agentId: string;
  bases: readonly string[];
  now: Date;
  leaseExpiresAt: Date;
}

/** One claimer gets a job, however many ask at once (SKIP LOCKED). */
export async function claimJob(db: Queryable, claim: Claim): Promise<JobRow | undefined> {
  const bases = sql.join(
    claim.bases.map((base) => sql`${base}`),
    sql`, `,
  );
  const [row] = await db
    .update(trainingJobs)
    .set({
      status: 'leased',
      agentId: claim.agentId,
      leaseExpiresAt: claim.leaseExpiresAt,
      attempt: sql`${trainingJobs.attempt} + 1`,
      error: null,
    })
    .where(
      eq(
        trainingJobs.id,
        sql`(
          SELECT id FROM training_jobs
          WHERE (status = 'queued' OR (status = 'leased' AND lease_expires_at <= ${claim.now}))
            AND attempt < max_attempts AND NOT cancel_requested AND base IN (${bases})
          ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)`,
      ),
    )
    .returning();
  return row;
}

interface Holder {
  jobId: string;
  agentId: string;
  attempt: number;
}

const heldBy = ({ jobId, agentId, attempt }: Holder) =>
  and(
    eq(trainingJobs.id, jobId),
    eq(trainingJobs.agentId, agentId),
    eq(trainingJobs.attempt, attempt),
    eq(trainingJobs.status, 'leased'),
  );

/** Undefined for a stale holder: another attempt runs, or the job has ended. */
export async function heartbeatJob(
  db: Queryable,
  holder: Holder,
  beat: { leaseExpiresAt: Date; progress: unknown; checkpointSaved: boolean },
): Promise<JobRow | undefined> {
  const [row] = await db
    .update(trainingJobs)
    .set({
      leaseExpiresAt: beat.leaseExpiresAt,
      ...(beat.progress === null ? {} : { progress: beat.progress }),
      ...(beat.checkpointSaved ? { hasCheckpoint: true } : {}),
    })
    .where(heldBy(holder))
    .returning();
  return row;
}

export interface JobEnd {
  status: 'succeeded' | 'refused' | 'failed' | 'cancelled' | 'queued';
  verdict?: unknown;
  error?: unknown;
  losses?: unknown;
  maxAttempts?: number;
  finishedAt: Date | null;
}

export async function endJob(
  db: Queryable,
  holder: Holder,
  end: JobEnd,
): Promise<JobRow | undefined> {
  const [row] = await db
    .update(trainingJobs)
    .set({ ...end, leaseExpiresAt: null })
    .where(heldBy(holder))
    .returning();
  return row;
}

export const LEASE_EXPIRED = {
  code: 'lease_expired',
  message: 'The last attempt stopped reporting.',
} as const;

/** Leases that ran out with no attempt left become failures, or end as cancelled; returns them. */
export async function failExhausted(db: Queryable, now: Date): Promise<JobRow[]> {
  return db
    .update(trainingJobs)
    .set({
      status: sql`CASE WHEN cancel_requested THEN 'cancelled' ELSE 'failed' END`,
      error: LEASE_EXPIRED,
      leaseExpiresAt: null,
      finishedAt: now,
    })
    .where(
      and(
        eq(trainingJobs.status, 'leased'),
        lt(trainingJobs.leaseExpiresAt, now),
        sql`(${trainingJobs.attempt} >= ${trainingJobs.maxAttempts} OR ${trainingJobs.cancelRequested})`,
      ),
    )
    .returning();
}

/** The job that has waited longest for an agent: queued, or with a lease that ran out. */
export async function longestWaiting(
  db: Queryable,
  now: Date,
): Promise<{ jobId: string; modelId: string; since: Date } | undefined> {
  const expired = sql`status = 'leased' AND lease_expires_at <= ${now}`;
  const since = sql<Date>`CASE WHEN status = 'leased' THEN lease_expires_at ELSE created_at END`;
  const [row] = await db
    .select({
      jobId: trainingJobs.id,
      modelId: trainingJobs.modelId,
      since: since.mapWith(trainingJobs.createdAt),
    })
    .from(trainingJobs)
    .where(
      sql`(status = 'queued' OR (${expired})) AND attempt < max_attempts AND NOT cancel_requested`,
    )
    .orderBy(since, trainingJobs.id)
    .limit(1);
  return row;
}

export async function countWaiting(db: Queryable): Promise<number> {
  return db.$count(trainingJobs, eq(trainingJobs.status, 'queued'));
}

/** A queued job ends at once; a running one learns of it at its next heartbeat. */
export async function cancelJob(
  db: Queryable,
  jobId: string,
  now: Date,
): Promise<JobRow | undefined> {
  const [row] = await db
    .update(trainingJobs)
    .set({
      cancelRequested: true,
      status: sql`CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END`,
      finishedAt: sql`CASE WHEN status = 'queued' THEN ${now}::timestamptz ELSE finished_at END`,
    })
    .where(and(eq(trainingJobs.id, jobId), sql`status IN ('queued', 'leased')`))
    .returning();
  return row;
}

export async function findJob(db: Queryable, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.id, jobId));
  return row;
}

export async function listJobs(db: Queryable, limit = 100): Promise<JobRow[]> {
  return db.select().from(trainingJobs).orderBy(desc(trainingJobs.createdAt)).limit(limit);
}

export async function jobsOfDataset(db: Queryable, datasetId: string): Promise<JobRow[]> {
  return db
    .select()
    .from(trainingJobs)
    .where(eq(trainingJobs.datasetId, datasetId))
    .orderBy(trainingJobs.iteration);
}

export async function agentSeen(db: Queryable, agentId: string, at: Date): Promise<void> {
  await db
    .insert(agents)
    .values({ id: agentId, seenAt: at })
    .onConflictDoUpdate({ target: agents.id, set: { seenAt: at } });
}

export async function lastAgentSeen(db: Queryable): Promise<Date | null> {
  const [row] = await db.select().from(agents).orderBy(desc(agents.seenAt)).limit(1);
  return row?.seenAt ?? null;
}
