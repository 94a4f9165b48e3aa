// One week of the tiny loop through real training: the new model, live for everyone, answers the
// corrected questions right which the old one got wrong. The agent is killed in mid-training on the
// way, and the stack is restarted at the end.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultAssetsHome, repoRoot } from '../../local/home.ts';
import { startStack } from '../../local/stack.ts';
import type { Fact } from '../../simulation/bank.ts';
import { visitorClient } from '../../simulation/client.ts';
import { waitFor } from '../../simulation/pool.ts';
import {
  type Asked,
  acceptAll,
  awaitJob,
  ended,
  endWeek,
  heldOutShare,
  type LoopJob,
  type Rig,
  rigOn,
  signal,
  startRig,
  taughtFacts,
  visitEveryone,
} from './loop.ts';

const lineageSchema = z.object({ answer: z.looseObject({ model_served: z.string() }) });

let rig: Rig;
let asked: Asked[];
let job: LoopJob;
let datasetId: string;
let taught: Fact[];
let before: number;

beforeAll(async () => {
  rig = await startRig();
}, 300_000);

afterAll(async () => {
  await rig.stack.stop();
}, 60_000);

test('visitors ask, praise and correct; an operator accepts; the week ends in a dataset', async () => {
  asked = await visitEveryone(rig, (fact) => fact);
  const wrong = asked.filter(({ right }) => !right).length;
  expect(wrong).toBeGreaterThan(asked.length / 2);
  expect(await acceptAll(rig, wrong)).toBe(wrong);
  await endWeek(rig);
  const dataset = await waitFor(
    async () => (await rig.operator.datasets()).find((found) => found.status === 'ready'),
    { everyMs: 250, limitMs: 60_000, signal },
  );
  datasetId = dataset?.id ?? '';
  taught = await taughtFacts(rig, datasetId, asked);
  expect(taught.length).toBeGreaterThanOrEqual(4);
  before = await heldOutShare(rig, 'tiny-sre', taught);
}, 180_000);

test('an agent killed in mid-training: the lease runs out, another attempt finishes the job once', async () => {
  const training = await awaitJob(
    rig,
    (found) => (found.progress?.step ?? 0) >= 30 || ended(found),
  );
  expect(training.status).toBe('leased');
  const pid = rig.stack.agentPid();
  if (pid === null) throw new Error('the agent has no process');
  process.kill(pid, 'SIGKILL');
  await rig.admin('/local/clock', z.unknown(), { advance_ms: 61_000 });
  job = await awaitJob(rig, ended);
  expect(job.status, JSON.stringify(job.verdict)).toBe('succeeded');
  expect(job.attempt).toBe(2);
  // The second attempt went on from the first one's checkpoint (one every 20 steps).
  expect(job.losses?.[0]?.[0]).toBeGreaterThan(20);
  const { models } = await rig.admin(
    '/admin/models',
    z.object({ models: z.array(z.looseObject({ id: z.string() })) }),
  );
  expect(models.filter(({ id }) => id === job.model_id)).toHaveLength(1);
}, 240_000);

test('live for everyone, it answers corrected questions right which the old model got wrong', async () => {
  await rig.operator.route({
    action: 'start',
    model_id: job.model_id,
    share: 0.1,
    reason: 'gate passed',
  });
  await rig.operator.route({ action: 'promote', model_id: job.model_id, reason: 'looks good' });
  const after = await heldOutShare(rig, job.model_id, taught);
  expect(before).toBeLessThanOrEqual(0.3);
  expect(after).toBeGreaterThanOrEqual(0.85);
  const visitor = visitorClient(rig.stack.url, signal);
  const servedBy = async (interactionId: string) =>
    waitFor(
      async () => {
        const found = await rig
          .admin(`/admin/lineage/${interactionId}`, lineageSchema)
          .catch(() => undefined);
        return found?.answer.model_served;
      },
      { everyMs: 200, limitMs: 10_000, signal },
    );
  const live = await waitFor(
    async () => {
      const session = await visitor.openSession();
      const answer = await visitor.chat(session, asked[0]?.question ?? '', true);
      return (await servedBy(answer.interactionId)) === job.model_id ? answer : undefined;
    },
    { everyMs: 500, limitMs: 20_000, signal },
  );
  expect(live?.text).toBeTypeOf('string');
}, 120_000);

test('the hash of the GGUF that serves equals the registry\u2019s', async () => {
  const model = await rig.admin(
    `/admin/models/${job.model_id}`,
    z.looseObject({ artifacts: z.array(z.looseObject({ name: z.string(), sha256: z.string() })) }),
  );
  const folder = join(rig.stack.home, 'agent', 'models', job.model_id);
  const served = readdirSync(folder).filter((name) => name.endsWith('.gguf'));
  expect(served).toContain('adapter.gguf');
  for (const name of served) {
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    expect(model.artifacts.find((artifact) => artifact.name === name)?.sha256).toBe(hash);
  }
});

test('lineage leads from a taught answer to the model that learned it, and back', async () => {
  const correction = asked.find(({ fact, right }) => !right && taught.includes(fact));
  const forward = await rig.admin(
    `/admin/lineage/${correction?.answer.interactionId}`,
    z.looseObject({
      taught_in: z.array(z.string()),
      learned_by: z.array(z.string()),
      feedback: z.array(z.unknown()),
    }),
  );
  expect(forward).toMatchObject({ taught_in: [datasetId], learned_by: [job.model_id] });
  expect(forward.feedback).toHaveLength(2);
  const back = await rig.admin(
    `/admin/lineage/${job.model_id}`,
    z.looseObject({
      dataset: z.looseObject({ members: z.array(z.looseObject({ interaction_id: z.string() })) }),
    }),
  );
  expect(back.dataset.members.map((member) => member.interaction_id)).toContain(
    correction?.answer.interactionId,
  );
});

test('curating the same week again changes nothing', async () => {
  const view = z.looseObject({ manifest_sha256: z.string(), created_at: z.string() });
  const first = await rig.admin(`/admin/datasets/${datasetId}`, view);
  const { run_id } = await rig.admin('/admin/datasets', z.looseObject({ run_id: z.string() }), {
    week: datasetId,
  });
  await waitFor(
    async () => {
      const run = await rig.admin(
        `/admin/curations/${run_id}`,
        z.looseObject({ status: z.string() }),
      );
      return run.status === 'complete' ? true : undefined;
    },
    { everyMs: 250, limitMs: 30_000, signal },
  );
  expect(await rig.admin(`/admin/datasets/${datasetId}`, view)).toEqual(first);
  expect((await awaitJob(rig, () => true)).id).toBe(job.id);
});

test('after a restart everything is still there and the new model answers', async () => {
  const { home } = rig.stack;
  await rig.stack.stop();
  const again = await startStack({
    home,
    assetsHome: defaultAssetsHome(process.env),
    port: Number(new URL(rig.stack.url).port),
    base: 'tiny-sre',
    learningOverridesFile: join(repoRoot, 'learning.tiny.yaml'),
    environment: {},
  });
  rig = rigOn(again, rig.bank);
  const status = await rig.admin(
    '/admin/status',
    z.looseObject({
      live: z.looseObject({ production: z.string() }),
      dataset: z.looseObject({ id: z.string() }),
    }),
  );
  expect(status).toMatchObject({ live: { production: job.model_id }, dataset: { id: datasetId } });
  const after = await waitFor(
    async () => heldOutShare(rig, job.model_id, taught).catch(() => undefined),
    { everyMs: 500, limitMs: 30_000, signal },
  );
  expect(after).toBeGreaterThanOrEqual(0.85);
}, 120_000);
