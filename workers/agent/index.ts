// What the Mac agent polls: a job under lease, its heartbeat and its end, answers to be judged, and the
// models it must serve. Every address in an answer is presigned and good for that one object.

import { Hono } from 'hono';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { agentSeen } from '../../adapters/postgres/jobs.ts';
import {
  claimRequestSchema,
  completeRequestSchema,
  failRequestSchema,
  heartbeatRequestSchema,
} from '../../core/wire/agent.ts';
import { judgmentClaimSchema, judgmentRepliesSchema } from '../../core/wire/judging.ts';
import { LIMITS, parseWire, uuidSchema } from '../../core/wire/shared.ts';
import { offerJudgments, takeReplies } from '../../functions/judging/work.ts';
import { deliverQuietly } from '../../functions/notify/deliver.ts';
import { claim, complete, fail, heartbeat } from '../../functions/registry/jobs.ts';
import { servingList } from '../../functions/registry/models.ts';
import { databaseOf, now, settingsOf } from '../env.ts';
import { type App, readJson, requireBearer } from '../http.ts';

export const agent = new Hono<App>()
  .use('/agent/*', async (c, next) => {
    await requireBearer(c, settingsOf(c.env).AGENT_TOKEN);
    await next();
  })
  .post('/agent/jobs/claim', async (c) => {
    const body = parseWire(claimRequestSchema, await readJson(c, LIMITS.agentBytes));
    const job = await withDatabase(databaseOf(c.env), (db) =>
      claim(db, c.env, body.agent_id, body.bases),
    );
    if (job === undefined) return c.body(null, 204);
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json({ job });
  })
  .post('/agent/jobs/:id/heartbeat', async (c) => {
    const jobId = parseWire(uuidSchema, c.req.param('id'));
    const body = parseWire(heartbeatRequestSchema, await readJson(c, LIMITS.agentBytes));
    const beat = { progress: body.progress, checkpointSaved: body.checkpoint_saved === true };
    const holder = { jobId, agentId: body.agent_id, attempt: body.attempt };
    return c.json(
      await withDatabase(databaseOf(c.env), (db) => heartbeat(db, c.env, holder, beat)),
    );
  })
  .post('/agent/jobs/:id/complete', async (c) => {
    const jobId = parseWire(uuidSchema, c.req.param('id'));
    const body = parseWire(completeRequestSchema, await readJson(c, LIMITS.agentBytes));
    const holder = { jobId, agentId: body.agent_id, attempt: body.attempt };
    await withDatabase(databaseOf(c.env), (db) => complete(db, c.env, holder, body));
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json({ status: 'recorded' });
  })
  .post('/agent/jobs/:id/fail', async (c) => {
    const jobId = parseWire(uuidSchema, c.req.param('id'));
    const body = parseWire(failRequestSchema, await readJson(c, LIMITS.agentBytes));
    const holder = { jobId, agentId: body.agent_id, attempt: body.attempt };
    await withDatabase(databaseOf(c.env), (db) => fail(db, c.env, holder, body));
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json({ status: 'recorded' });
  })
  .post('/agent/judgments/claim', async (c) => {
    const body = parseWire(judgmentClaimSchema, await readJson(c, LIMITS.agentBytes));
    const batch = await offerJudgments(c.env, body.agent_id, body.models);
    return batch === undefined ? c.body(null, 204) : c.json(batch);
  })
  .post('/agent/judgments', async (c) => {
    const body = parseWire(judgmentRepliesSchema, await readJson(c, LIMITS.agentBytes));
    return c.json(await takeReplies(c.env, body.agent_id, body.replies));
  })
  .get('/agent/serving', async (c) => {
    const agentId = c.req.header('x-agent-id') ?? 'unnamed';
    return c.json(
      await withDatabase(databaseOf(c.env), async (db) => {
        await agentSeen(db, agentId.slice(0, 200), new Date(now(c.env)));
        return servingList(db, c.env);
      }),
    );
  });
