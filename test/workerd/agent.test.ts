// The lease protocol: one job for two claimers, a lease that runs out, and a holder that comes too late.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { claimJob, createJob } from '../../adapters/postgres/jobs.ts';
import { databaseOf } from '../../workers/env.ts';
import { fire } from '../../workers/scheduled.ts';
import { endErasures } from './erasure-support.ts';
import { AGENT, asOperator, call, rows } from './support.ts';

const T0 = Date.now();
const asAgent = { authorization: `Bearer ${AGENT}` };
const claim = (agent_id: string) =>
  call('/agent/jobs/claim', { body: { agent_id, bases: ['tiny-sre'] }, headers: asAgent });
const offerSchema = z.object({ job: z.object({ job_id: z.string(), attempt: z.number() }) });

beforeEach(async () => {
  await rows(sql`DELETE FROM training_jobs`);
  await rows(sql`
    INSERT INTO datasets (id, window_start, window_end, status, counts, files, manifest_sha256, created_at)
    VALUES ('2026-w40', now(), now(), 'ready', '{}', '[]', ${'0'.repeat(64)}, now()) ON CONFLICT DO NOTHING`);
  await withDatabase(databaseOf(env), (db) =>
    createJob(db, {
      id: crypto.randomUUID(),
      datasetId: '2026-w40',
      iteration: 1,
      modelId: '2026-w40.1',
      base: 'tiny-sre',
      parent: 'tiny-sre',
      createdAt: new Date(T0),
      maxAttempts: 2,
    }),
  );
});

test('twenty claimers at once, one job: exactly one gets it', async () => {
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      withDatabase(databaseOf(env), (db) =>
        claimJob(db, {
          agentId: `agent-${index}`,
          bases: ['tiny-sre'],
          now: new Date(T0),
          leaseExpiresAt: new Date(T0 + 60_000),
        }),
      ),
    ),
  );
  expect(claims.filter((job) => job !== undefined)).toHaveLength(1);
});

test('an offer names the job, its dataset, its settings and where to put what comes out', async () => {
  const { status, body } = await claim('mac-1');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    job: {
      attempt: 1,
      model_id: '2026-w40.1',
      model_name: 'agent-bruno',
      week_tag: 'week-40',
      base: 'tiny-sre',
      production: null,
      config: { training: { lora_rank: 16 }, rlhf: { method: 'dpo' } },
      checkpoint: { get_url: null },
    },
  });
  expect((await claim('mac-2')).status).toBe(204);
});

test('an agent that cannot train this base gets nothing', async () => {
  const other = await call('/agent/jobs/claim', {
    body: { agent_id: 'mac-3', bases: ['llama-3.1-8b-instruct'] },
    headers: asAgent,
  });
  expect(other.status).toBe(204);
});

test('a heartbeat extends the lease, reports progress and learns of cancellation', async () => {
  const { job } = offerSchema.parse((await claim('mac-1')).body);
  const beat = {
    agent_id: 'mac-1',
    attempt: 1,
    progress: { phase: 'sft', step: 3, total_steps: 10, loss: 1.5 },
  };
  const first = await call(`/agent/jobs/${job.job_id}/heartbeat`, { body: beat, headers: asAgent });
  expect(first.body).toMatchObject({ cancel: false });
  const cancelled = await call(`/admin/jobs/${job.job_id}/cancel`, {
    body: {},
    headers: asOperator,
  });
  expect(cancelled.body).toMatchObject({
    status: 'leased',
    cancel_requested: true,
    progress: beat.progress,
  });
  const second = await call(`/agent/jobs/${job.job_id}/heartbeat`, {
    body: beat,
    headers: asAgent,
  });
  expect(second.body).toMatchObject({ cancel: true });
  const failed = await call(`/agent/jobs/${job.job_id}/fail`, {
    body: {
      agent_id: 'mac-1',
      attempt: 1,
      code: 'cancelled',
      message: 'as asked',
      retryable: true,
    },
    headers: asAgent,
  });
  expect(failed.status).toBe(200);
  expect(await rows(sql`SELECT status FROM training_jobs`)).toEqual([{ status: 'cancelled' }]);
});

test('after the lease ran out another agent goes on and the stale holder is refused', async () => {
  const { job } = offerSchema.parse((await claim('mac-1')).body);
  await rows(sql`UPDATE training_jobs SET lease_expires_at = ${new Date(T0 - 1000)}`);
  const taken = offerSchema.parse((await claim('mac-2')).body);
  expect(taken.job).toMatchObject({ job_id: job.job_id, attempt: 2 });
  const late = await call(`/agent/jobs/${job.job_id}/complete`, {
    body: {
      agent_id: 'mac-1',
      attempt: 1,
      verdict: { accepted: false, reason: 'too late' },
      metrics: {},
      artifacts: [],
      serving: null,
      training: { trainable_parameters: 1, git_commit: null, versions: {} },
      log: { losses: [] },
    },
    headers: asAgent,
  });
  expect(late).toMatchObject({ status: 409, body: { error: { code: 'stale_holder' } } });
});

test('a job whose last attempt went silent fails at the next sweep', async () => {
  await rows(sql`UPDATE training_jobs SET status = 'leased', attempt = 2, agent_id = 'gone',
    lease_expires_at = ${new Date(T0 - 1000)}`);
  await endErasures();
  await fire('*/15 * * * *', Date.now(), env);
  const [row] = await rows(sql`SELECT status, error->>'code' AS code FROM training_jobs`);
  expect(row).toEqual({ status: 'failed', code: 'lease_expired' });
});

test('a refused candidate ends its job and is registered as refused, once', async () => {
  const { job } = offerSchema.parse((await claim('mac-1')).body);
  const body = {
    agent_id: 'mac-1',
    attempt: 1,
    verdict: {
      accepted: false,
      reason: 'Held-out phrasings: 0.01 nats better, interval includes 0.',
    },
    metrics: { loss: 1 },
    artifacts: [],
    serving: null,
    training: { trainable_parameters: 10, git_commit: 'abc', versions: { mlx: '0.32' } },
    log: { losses: [[1, 2.5]] },
  };
  const path = `/agent/jobs/${job.job_id}/complete`;
  expect((await call(path, { body, headers: asAgent })).status).toBe(200);
  // The reply may be lost: the holder may say it again, and nobody else may.
  expect((await call(path, { body, headers: asAgent })).status).toBe(200);
  const other = { ...body, agent_id: 'mac-2' };
  expect((await call(path, { body: other, headers: asAgent })).status).toBe(409);
  expect(await rows(sql`SELECT status, reason FROM models WHERE id = '2026-w40.1'`)).toEqual([
    { status: 'refused', reason: body.verdict.reason },
  ]);
});
