// What the loop does becomes messages, once: candidates, failures, routes, a dead agent, Monday; and what
// operators see of them.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { agentSeen, createJob } from '../../adapters/postgres/jobs.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import { deliverDue } from '../../functions/notify/deliver.ts';
import { watch } from '../../functions/notify/watch.ts';
import { endExhausted } from '../../functions/registry/failures.ts';
import { claim, complete, fail } from '../../functions/registry/jobs.ts';
import type { RoutingObject } from '../../functions/rollout/routing-object.ts';
import { createApp } from '../../workers/app.ts';
import { type Env, moveClock } from '../../workers/env.ts';
import { fire } from '../../workers/scheduled.ts';
import { endErasures } from './erasure-support.ts';
import {
  clean,
  database,
  later,
  MINUTE,
  on,
  outbox,
  promoted,
  seen,
  tell,
  trouble,
} from './notify-support.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

beforeEach(async () => {
  moveClock(on, Date.now());
  await clean();
});
afterAll(async () => {
  moveClock(on, Date.now());
  await clean();
});

describe('what the loop does', () => {
  const DATASET = '2026-w40';
  const holder = { agentId: 'mac-1', attempt: 1 };
  async function job(createdAt = new Date()) {
    await rows(sql`
      INSERT INTO datasets (id, window_start, window_end, status, counts, files, manifest_sha256, created_at)
      VALUES (${DATASET}, now(), now(), 'ready', '{}', '[]', ${'0'.repeat(64)}, now()) ON CONFLICT DO NOTHING`);
    const id = crypto.randomUUID();
    await database((db) =>
      createJob(db, {
        id,
        datasetId: DATASET,
        iteration: 1,
        modelId: '2026-w40.1',
        base: 'tiny-sre',
        parent: 'tiny-sre',
        createdAt,
        maxAttempts: 1,
      }),
    );
    return id;
  }
  const claimed = async () => {
    const jobId = await job();
    await database((db) => claim(db, on, 'mac-1', ['tiny-sre']));
    return jobId;
  };

  test('a candidate that the gate refused is told with its reason, once', async () => {
    const jobId = await claimed();
    const result = {
      agent_id: 'mac-1',
      attempt: 1,
      verdict: { accepted: false, reason: 'harm +0.2 nats is above the margin' },
      metrics: {},
      artifacts: [],
      serving: null,
      training: { trainable_parameters: 1, git_commit: null, versions: {} },
      log: { losses: [] },
    };
    for (let said = 0; said < 2; said += 1) {
      await database((db) => complete(db, on, { ...holder, jobId }, result));
    }
    await deliverDue(on);
    const { accepted } = await seen('slack');
    expect(accepted).toHaveLength(1);
    expect(JSON.stringify(accepted)).toContain('harm +0.2 nats is above the margin');
    expect(JSON.stringify(accepted)).toContain('#models|Console');
  });

  test('a training that failed is told, by the agent or by its silence; a cancelled one is not', async () => {
    const failure = { code: 'out_of_memory', message: 'no room', retryable: false };
    const first = await claimed();
    await database((db) => fail(db, on, { ...holder, jobId: first }, failure));
    await rows(sql`DELETE FROM training_jobs`);
    const second = await claimed();
    const lost = new Date(Date.now() + 10 * MINUTE);
    await database((db) => endExhausted(db, on, lost));
    await rows(sql`DELETE FROM training_jobs`);
    await claimed();
    await rows(sql`UPDATE training_jobs SET cancel_requested = true`);
    await database((db) => endExhausted(db, on, lost));
    expect((await outbox()).map(({ id }) => id)).toEqual([
      `slack:training_failed:${first}`,
      `slack:training_failed:${second}`,
    ]);
  });

  test('a change of the route is told in the transaction that records it', async () => {
    await rows(sql`DELETE FROM routing_history`);
    await database((db) =>
      insertModel(db, {
        id: '2026-w40.7',
        display: 'v1.40.7',
        base: 'tiny-sre',
        parent: 'tiny-sre',
        datasetId: null,
        jobId: null,
        status: 'registered',
        reason: 'for a test',
        metrics: {},
        artifacts: [],
        gitCommit: null,
        createdAt: new Date(),
      }),
    );
    const stub = env.ROUTING.get(env.ROUTING.idFromName('routing'));
    await runInDurableObject(stub, (instance: RoutingObject) => {
      Reflect.set(Reflect.get(instance, 'state'), 'raw', on);
    });
    const body = { action: 'start', model_id: '2026-w40.7', reason: 'first <try>' };
    expect((await call('/admin/route', { body, headers: asOperator })).status).toBe(200);
    await deliverDue(on);
    await runInDurableObject(stub, (instance: RoutingObject) => {
      Reflect.set(Reflect.get(instance, 'state'), 'raw', env);
    });
    const told = JSON.stringify((await seen('slack')).accepted);
    expect(told).toContain('Route started: 2026-w40.7 at 10 % beside tiny-sre');
    expect(told).toContain('first &lt;try&gt;');
    await call('/admin/route', { body: { action: 'rollback' }, headers: asOperator });
    await rows(sql`DELETE FROM routing_history`);
  });

  test('an agent that is gone while a job waits wakes somebody once, and its return ends it', async () => {
    const at = Date.now();
    await database((db) => agentSeen(db, 'mac-1', new Date(at - 20 * MINUTE)));
    await job(new Date(at - 14 * MINUTE));
    await watch(on, at);
    expect(await outbox()).toEqual([]);
    for (const minutes of [1, 16, 31]) await watch(on, at + minutes * MINUTE);
    expect((await outbox()).map(({ id }) => String(id).split(':')[1])).toEqual([
      'agent_silent',
      'agent_silent',
    ]);
    await database((db) => claim(db, on, 'mac-1', ['tiny-sre']));
    await watch(on, at + 46 * MINUTE);
    await deliverDue(on);
    const { accepted } = await seen('pagerduty');
    expect(accepted).toMatchObject([
      { event_action: 'trigger', payload: { severity: 'error', source: 'bruno.example' } },
      { event_action: 'resolve' },
    ]);
    expect(accepted[1]?.dedup_key).toBe(accepted[0]?.dedup_key);
    expect((await seen('slack')).accepted).toHaveLength(2);
  });

  test('an alert is not resolved before it was raised, however its sending goes', async () => {
    const lastSeen = new Date('2026-10-19T08:30:00Z');
    const waiting = { jobId: 'j', modelId: 'm', since: lastSeen };
    await tell({ kind: 'agent_silent', lastSeen, minutes: 15, waiting });
    const incident = `agent:${lastSeen.toISOString()}:j`;
    await trouble('pagerduty', [{ status: 500 }]);
    await deliverDue(on);
    await tell({ kind: 'agent_back', incident, because: 'seen again' });
    await deliverDue(on);
    expect((await seen('pagerduty')).accepted).toEqual([]);
    later(2 * MINUTE);
    await deliverDue(on);
    expect((await seen('pagerduty')).accepted.map((event) => event.event_action)).toEqual([
      'trigger',
      'resolve',
    ]);
  });

  test('Monday brings one digest from the record, also when Monday was missed', async () => {
    const monday = Date.parse('2031-03-10T00:00:00Z');
    const week = Date.parse('2031-03-05T12:00:00Z');
    const answer = interactionOf({ created_at: week });
    await rows(sql`
      INSERT INTO interactions (interaction_id, visitor_id, session_id, trace_id, query, history_turns,
        response, sources, retrieval_possible, prompt_version, model_served, model_assigned, arm,
        routing_version, status, total_ms, training_opt_out, platform, created_at)
      VALUES (${answer.interaction_id}, 'v', 's', 't', 'q', 0, 'r', '[]', false, 'v1', 'm', 'm', 'none',
        0, 'complete', 1, false, 'homepage', ${new Date(week)})`);
    for (const [type, count] of [
      ['thumbs_up', 3],
      ['thumbs_down', 1],
    ] as const) {
      for (let one = 0; one < count; one += 1) {
        await rows(sql`
          INSERT INTO feedback_events (event_id, interaction_id, visitor_id, source, feedback_type,
            model_version, metadata, at, received_at)
          VALUES (${crypto.randomUUID()}, ${answer.interaction_id}, 'v', 'explicit', ${type}, 'm', '{}',
            ${new Date(week)}, ${new Date(week)})`);
      }
    }
    await watch(on, monday + 5 * 60 * MINUTE);
    expect(await outbox()).toEqual([]);
    for (const hours of [6, 7, 40]) await watch(on, monday + hours * 60 * MINUTE);
    expect((await outbox()).map(({ id }) => id)).toEqual(['slack:digest:2031-w10']);
    await deliverDue(on);
    const told = JSON.stringify((await seen('slack')).accepted);
    expect(told).toContain('Week 2031-w10: 1 answer');
    expect(told).toContain('75.0 % of 4 thumbs');
    // Nothing was recorded in the week after, and its Monday was missed.
    await watch(on, monday + (7 * 24 + 40) * 60 * MINUTE);
    expect(await outbox()).toHaveLength(1);
    await rows(sql`DELETE FROM feedback_events WHERE interaction_id = ${answer.interaction_id}`);
    await rows(sql`DELETE FROM interactions WHERE interaction_id = ${answer.interaction_id}`);
  });

  test('a sweep delivers what waits, and does the rest when notifications are broken', async () => {
    await tell(promoted(1));
    await endErasures();
    await fire('*/15 * * * *', Date.now(), on);
    expect((await seen('slack')).accepted).toHaveLength(1);
    await claimed();
    await rows(sql`ALTER TABLE notifications RENAME TO away`);
    try {
      await expect(fire('*/15 * * * *', Date.now(), on)).rejects.toThrow('sqlstate 42P01');
    } finally {
      await rows(sql`ALTER TABLE away RENAME TO notifications`);
    }
  });
});

describe('operators', () => {
  const app = createApp();
  const ask = async (path: string, to: Env, body?: unknown) => {
    const request = new Request(`https://bruno.example${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...asOperator, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await app.fetch(request, to);
    return { status: response.status, body: await response.json() };
  };

  test('test each channel and see what became of it', async () => {
    const sent = await ask('/admin/notifications/test', on, {});
    expect(sent).toMatchObject({
      status: 200,
      body: {
        channels: [
          { name: 'slack', state: 'on' },
          { name: 'pagerduty', state: 'on' },
        ],
        notifications: [
          { channel: 'slack', state: 'sent' },
          { channel: 'pagerduty', kind: 'test', state: 'sent' },
          { channel: 'pagerduty', kind: 'test_over', state: 'sent' },
        ],
      },
    });
    expect((await seen('pagerduty')).accepted).toMatchObject([
      { event_action: 'trigger', payload: { severity: 'info' } },
      { event_action: 'resolve' },
    ]);
  });

  test('learn which channel is off and which is set up wrongly, without its secret', async () => {
    const wrong = { ...on, PAGERDUTY_ROUTING_KEY: 'too-short', SLACK_WEBHOOK_URL: '' };
    const { body } = await ask('/admin/notifications', wrong);
    expect(body).toMatchObject({
      channels: [
        { name: 'slack', state: 'off', why: 'SLACK_WEBHOOK_URL is not set' },
        { name: 'pagerduty', state: 'unusable', why: expect.stringContaining('got 9 characters') },
      ],
      counts: { pending: 0, sent: 0, failed: 0 },
    });
    expect(JSON.stringify(body)).not.toContain('too-short');
    expect((await ask('/admin/notifications/test', wrong, {})).status).toBe(409);
    expect((await ask('/admin/status', wrong)).body).toMatchObject({
      notifications: { channels: [{ state: 'off' }, { state: 'unusable' }], failed: 0 },
    });
  });

  test('read the outbox by state', async () => {
    await tell(promoted(1));
    await tell(promoted(2));
    await trouble('slack', [{ status: 404, body: 'no_service' }]);
    await deliverDue(on);
    const failed = await ask('/admin/notifications?state=failed', on);
    expect(failed.body).toMatchObject({
      counts: { pending: 0, sent: 1, failed: 1 },
      notifications: [{ id: 'slack:route:1', last_error: 'it answered 404: no_service' }],
    });
    expect((await ask('/admin/notifications?state=lost', on)).status).toBe(400);
  });
});
