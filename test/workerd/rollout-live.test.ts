// Where the engine meets the rest of the product: a candidate that fails its visitors is taken off by
// the router's breaker, a model that its gate accepts starts its own experiment, several run beside each
// other on slices, and operators are told.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest';
import { createJob } from '../../adapters/postgres/jobs.ts';
import { ARTIFACT_NAMES } from '../../core/wire/agent.ts';
import { claim, complete } from '../../functions/registry/jobs.ts';
import { artifactKey } from '../../functions/registry/models.ts';
import { learningOf, settingsOf } from '../../workers/env.ts';
import { fire } from '../../workers/scheduled.ts';
import { advance, named, PAST_LEASE_MS, quiet } from './faults-support.ts';
import {
  actionsOf,
  cleared,
  database,
  HOUR,
  later,
  look,
  newModel,
  newRollout,
  order,
  PRODUCTION,
  route,
  shareOf,
  shown,
  stepsOf,
  table,
  traffic,
} from './rollout-support.ts';
import { store } from './stored.ts';
import { chat, eventually, rows } from './support.ts';

const { ab_testing, automation } = learningOf(env);
beforeEach(cleared);
afterAll(cleared);
afterEach(() => {
  ab_testing.max_experiments = 1;
  automation.auto_experiment = false;
});

test('a candidate that fails every visitor is off for everyone within a few answers', async () => {
  const candidate = named('refuses');
  await newModel({ id: candidate });
  const { id } = await newRollout({ candidate, rules: { shares: [0.5, 0.95] } });
  await look(id);
  await advance(PAST_LEASE_MS);
  let asked = 0;
  for (; asked < 60 && (await shareOf(id)) !== null; asked += 1) {
    expect((await chat(named('question'))).response).toContain(`${PRODUCTION} answers`);
  }
  expect(await shareOf(id)).toBeNull();
  // Five of its own failures open the breaker; every other visitor was asked of production.
  expect(asked).toBeLessThan(30);
  // Traffic comes first, the record a moment later.
  await eventually(sql`SELECT 1 FROM history WHERE subject = ${id} AND action = 'rolled_back'`);
  expect((await stepsOf(id)).at(-1)).toMatchObject({
    action: 'rolled_back',
    reason: `rolled back: the candidate is down: calls to ${candidate} fail while ${PRODUCTION} answers`,
  });
  await quiet();
});

test('a model that its gate accepts starts its own experiment, where that is on', async () => {
  automation.auto_experiment = true;
  const { endpoint, bucket, region, credentials } = storeSettings();
  Object.assign(settingsOf(env), {
    S3_ENDPOINT: endpoint,
    S3_BUCKET: bucket,
    S3_REGION: region,
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  const modelId = '2019-w01.1';
  const jobId = await claimedJob(modelId);
  const artifacts = [];
  for (const name of ARTIFACT_NAMES) {
    await store.put(artifactKey(modelId, 1, name), 'bytes', 'text/plain');
    artifacts.push({ name, sha256: '0'.repeat(64), bytes: 5 });
  }
  const holder = { jobId, agentId: 'mac-9', attempt: 1 };
  const result = {
    agent_id: 'mac-9',
    attempt: 1,
    verdict: { accepted: true, reason: 'accepted: improvement +0.4 nats' },
    metrics: { phrasings: { lower: 0.2 } },
    artifacts,
    serving: { server: 'llama.cpp' as const, name: modelId, verified_probes: 3 },
    training: { trainable_parameters: 1, git_commit: null, versions: {} },
    log: { losses: [] },
  };
  for (const _ of [1, 2]) await database((db) => complete(db, env, holder, result));
  const id = `rollout-${modelId}-1`;
  expect(await actionsOf(id)).toEqual(['planned']);
  await fire('*/15 * * * *', Date.now() + 24 * HOUR, env).catch(() => undefined);
  expect(await actionsOf(id)).toEqual(['planned', 'running']);
  const view = await shown(id);
  expect(view).toMatchObject({ status: 'running', model_id: modelId, promote_on: 'improvement' });
  expect(view.history.at(-1)?.reason).toBe('accepted by its gate; auto_experiment is on');
  await order(id, 'stop');
  await rows(sql`DELETE FROM training_jobs WHERE id = ${jobId}`);
});

test('three on slices of their own, and a fourth waits with its place', async () => {
  ab_testing.max_experiments = 3;
  const made = [];
  for (let count = 0; count < 4; count += 1) made.push(await newRollout());
  for (const { id } of made) await look(id);
  const slices = (await table()).experiments.map(({ fromBp, toBp }) => [fromBp, toBp]);
  expect(slices).toEqual([
    [0, 3333],
    [3333, 6666],
    [6666, 9999],
  ]);
  const [first, , , fourth] = made;
  if (!first || !fourth) throw new Error('four were made');
  expect(await shown(fourth.id)).toMatchObject({
    status: 'queued',
    reason: 'waits for a free slice, number 1 in the line',
  });
  // One reaches everyone: the others start counting anew against it, and the fourth has its slice.
  await traffic(900);
  for (let step = 0; step < 3; step += 1) {
    later(25 * HOUR);
    await traffic(800);
    await look(first.id);
  }
  expect((await table()).production).toBe(first.candidate);
  await look(fourth.id);
  expect(await shareOf(fourth.id)).toBe(2_500);
  const second = made[1]?.id ?? '';
  await look(second);
  expect((await shown(second)).reason).toContain('counting starts anew');
  await route({ action: 'rollback', model_id: first.candidate });
});

const storeSettings = () => {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = inject('bucket');
  return { endpoint, bucket, region, credentials: { accessKeyId, secretAccessKey } };
};

async function claimedJob(modelId: string): Promise<string> {
  await rows(sql`
    INSERT INTO datasets (id, window_start, window_end, status, counts, files, manifest_sha256, created_at)
    VALUES ('2019-w01', now(), now(), 'ready', '{}', '[]', ${'0'.repeat(64)}, now()) ON CONFLICT DO NOTHING`);
  const id = crypto.randomUUID();
  await database((db) =>
    createJob(db, {
      id,
      datasetId: '2019-w01',
      iteration: 1,
      modelId,
      base: PRODUCTION,
      parent: PRODUCTION,
      createdAt: new Date(),
      maxAttempts: 1,
    }),
  );
  await database((db) => claim(db, env, 'mac-9', [PRODUCTION]));
  return id;
}
