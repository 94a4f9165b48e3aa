// Pruning on the stack, with a real bucket: what the rule lets go loses its files and nothing else, in
// two steps that may break off anywhere, and nothing may use such a model again.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { ObjectStore } from '../../adapters/object-store/index.ts';
import { openDataset } from '../../adapters/postgres/datasets.ts';
import { createJob } from '../../adapters/postgres/jobs.ts';
import { findModel, insertModel } from '../../adapters/postgres/models.ts';
import { AppError } from '../../core/errors.ts';
import { ARTIFACT_NAMES } from '../../core/wire/agent.ts';
import { pruningAnswerSchema } from '../../core/wire/pruning.ts';
import { checkpointKey } from '../../functions/registry/jobs.ts';
import { artifactKey } from '../../functions/registry/models.ts';
import { GRACE_MS, sweepPruning } from '../../functions/registry/pruning.ts';
import { changeTable } from '../../functions/rollout/table.ts';
import { learningOf, moveClock, now } from '../../workers/env.ts';
import { named } from './faults-support.ts';
import {
  cleared,
  database,
  later,
  newRollout,
  PRODUCTION,
  route,
  table,
} from './rollout-support.ts';
import { allObjects, store } from './stored.ts';
import { AGENT, asOperator, call, rows } from './support.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const learning = learningOf(env);
const DATASET = 'pruning-dataset';

beforeEach(async () => {
  await cleared();
  learning.models = { prune: true, keep_last: 2, keep_days: 30 };
  // What earlier tests left is in nobody's way.
  await rows(sql`UPDATE models SET artifacts = '[]' WHERE artifacts <> '[]'`);
});
afterAll(async () => {
  learning.models = { prune: true, keep_last: 8, keep_days: 60 };
  learning.ab_testing.holdout = { enabled: false, share: 0.02, weeks: 4 };
  await cleared();
  // A dataset that is never closed would keep the sweeps of other files waiting.
  await rows(sql`DELETE FROM training_jobs WHERE dataset_id LIKE ${`${DATASET}-%`}`);
  await rows(sql`DELETE FROM datasets WHERE id LIKE ${`${DATASET}-%`}`);
  moveClock(env, Date.now());
});

interface Made {
  days?: number;
  jobId?: string;
}

/** A model so many days old, with its files in the bucket. */
async function stored(id: string, { days = 100, jobId }: Made = {}): Promise<string> {
  const artifacts: object[] = [];
  for (const name of ARTIFACT_NAMES) {
    const key = artifactKey(id, 2, name);
    artifacts.push({ name, key, ...(await store.put(key, `${id} ${name}`, 'text/plain')) });
  }
  await store.put(`models/${id}/manifest.json`, '{}', 'application/json');
  await database((db) =>
    insertModel(db, {
      id,
      display: id,
      base: PRODUCTION,
      parent: PRODUCTION,
      datasetId: '2033-w01',
      jobId: jobId ?? null,
      status: 'registered',
      reason: 'for a test',
      metrics: {},
      artifacts,
      gitCommit: null,
      createdAt: new Date(now(env) - days * DAY),
    }),
  );
  return id;
}

/** The two newest of any age keep theirs by the rule; these let the others be judged. */
async function twoNewest(): Promise<void> {
  for (const days of [1, 2]) await stored(named('newest'), { days });
}

const namesOf = async (id: string) =>
  [...(await allObjects()).keys()]
    .filter((key) => key.startsWith(`models/${id}/`))
    .map((key) => key.split('/').at(-1))
    .toSorted();
const ALL = [...ARTIFACT_NAMES, 'manifest.json'].toSorted();
const KEPT = ['manifest.json', 'training.json'];

const plan = async () => {
  const { body } = await call('/admin/pruning', { headers: asOperator });
  const { models } = pruningAnswerSchema.parse(body);
  return Object.fromEntries(models.map(({ model_id, kept }) => [model_id, kept]));
};
const prune = async () => {
  const { status, body } = await call('/admin/pruning', { body: {}, headers: asOperator });
  expect(status).toBe(200);
  return z.object({ pruned: z.array(z.string()) }).parse(body).pruned;
};
const sweep = (over?: ObjectStore) => sweepPruning(env, now(env), over);
const modelOf = (id: string) => database((db) => findModel(db, id));
const historyOf = (id: string) =>
  rows(
    sql`SELECT action, who, summary FROM history WHERE kind = 'pruning' AND subject = ${id} ORDER BY seq`,
  );

test('an old model loses its weights everywhere, and keeps its manifest, its log and its row', async () => {
  const id = await stored(named('old'));
  await twoNewest();
  expect((await plan())[id]).toBeNull();
  await sweep();
  expect((await modelOf(id))?.artifactsPrunedAt).not.toBeNull();
  await sweep();
  expect(await namesOf(id)).toEqual(ALL);
  later(GRACE_MS + MINUTE);
  await sweep();
  expect(await namesOf(id)).toEqual(KEPT);
  const { body } = await call(`/admin/models/${id}`, { headers: asOperator });
  expect(body).toMatchObject({ id, artifacts_pruned_at: expect.any(String) });
  expect((await modelOf(id))?.artifacts).toHaveLength(ARTIFACT_NAMES.length);
  const lineage = await call(`/admin/lineage/${id}`, { headers: asOperator });
  expect(lineage.body).toMatchObject({ kind: 'model', model: { id } });
  const serving = await call('/agent/serving', { headers: { authorization: `Bearer ${AGENT}` } });
  expect(serving.body).toMatchObject({
    pruned: expect.arrayContaining([{ model_id: id, name: 'agent-bruno' }]),
  });
  await sweep();
  expect(await historyOf(id)).toEqual([
    {
      action: 'pruned',
      who: 'engine',
      summary: `${id} loses its files: not among the newest 2, 30 days old or more, and needed by nothing`,
    },
  ]);
});

test('what earlier attempts left, and the checkpoint, go as well', async () => {
  const id = named('tried-twice');
  const jobId = crypto.randomUUID();
  const datasetId = named(DATASET);
  const at = new Date(now(env));
  await database(async (db) => {
    await openDataset(db, { id: datasetId, windowStart: at, windowEnd: at, createdAt: at });
    const job = { id: jobId, datasetId, iteration: 1, modelId: id, base: PRODUCTION };
    await createJob(db, { ...job, parent: PRODUCTION, createdAt: at, maxAttempts: 5 });
  });
  await rows(sql`UPDATE training_jobs SET status = 'succeeded', attempt = 2 WHERE id = ${jobId}`);
  await stored(id, { jobId });
  await store.put(artifactKey(id, 1, 'model-f16.gguf'), 'half', 'text/plain');
  await store.put(checkpointKey(jobId), 'checkpoint', 'text/plain');
  await twoNewest();
  await sweep();
  later(GRACE_MS + MINUTE);
  await sweep();
  expect(await namesOf(id)).toEqual(KEPT);
  expect(await store.size(checkpointKey(jobId))).toBeUndefined();
});

test('what anything needs keeps its files, and the plan says what for', async () => {
  const [production, previous, tried, planned, measured] = [
    await stored(named('production')),
    await stored(named('previous')),
    await stored(named('tried')),
    await stored(named('planned')),
    await stored(named('measured')),
  ];
  for (const model_id of [previous, production]) {
    await route({ action: 'start', model_id, share: 0.5 });
    await route({ action: 'promote', model_id });
  }
  await route({ action: 'start', model_id: tried, share: 0.1 });
  await newRollout({ candidate: planned, policy: { startsItself: false } });
  const datasetId = named(DATASET);
  const at = new Date(now(env));
  await database(async (db) => {
    await openDataset(db, { id: datasetId, windowStart: at, windowEnd: at, createdAt: at });
    const job = { id: crypto.randomUUID(), datasetId, iteration: 1, modelId: named('model') };
    const made = { ...job, base: PRODUCTION, parent: measured, createdAt: at, maxAttempts: 5 };
    await createJob(db, made);
  });
  await twoNewest();
  expect(await plan()).toMatchObject({
    [production]: 'in production',
    [previous]: 'what production would go back to',
    [tried]: 'in an experiment',
    [planned]: 'in an experiment',
    [measured]: 'a training job is measured against it',
  });
  expect(await prune()).toEqual([]);
  await rows(sql`UPDATE training_jobs SET status = 'cancelled' WHERE parent = ${measured}`);
  expect(await prune()).toEqual([measured]);
});

test('every production of the weeks that will be held out keeps its files, also while it is off', async () => {
  const models = [
    await stored(named('first')),
    await stored(named('second')),
    await stored(named('third')),
  ];
  for (const model_id of models) {
    await route({ action: 'start', model_id, share: 0.5 });
    await route({ action: 'promote', model_id });
    later(7 * DAY);
  }
  await twoNewest();
  const [first = ''] = models;
  expect((await plan())[first]).toBe('held out, or will be');
  later(40 * DAY);
  await twoNewest();
  expect((await plan())[first]).toBeNull();
});

test('no model without files can be started, tried or gone back to', async () => {
  const [id, current] = [await stored(named('old')), await stored(named('current'))];
  await twoNewest();
  expect(await prune()).toContain(id);
  const message = expect.stringMatching(
    new RegExp(`Model ${id} has no files any more: .* Train a new one: bruno job create 2033-w01`),
  );
  const refused = { status: 409, body: { error: { code: 'conflict', message } } };
  expect(await route({ action: 'start', model_id: id, share: 0.1 })).toMatchObject(refused);
  const body = { model_id: id, reason: 'for a test' };
  expect(await call('/admin/experiments', { body, headers: asOperator })).toMatchObject(refused);
  await rows(sql`UPDATE models SET artifacts_pruned_at = NULL WHERE id IN (${id}, ${current})`);
  for (const model_id of [id, current]) {
    await route({ action: 'start', model_id, share: 0.5 });
    await route({ action: 'promote', model_id });
  }
  // By nobody's rule, but somebody may have done it by hand.
  await rows(sql`UPDATE models SET artifacts_pruned_at = now() WHERE id = ${id}`);
  expect(await route({ action: 'rollback', model_id: current })).toMatchObject(refused);
  expect((await table()).production).toBe(current);
});

test('a model that was taken up in the moment it was marked is kept after all', async () => {
  const id = await stored(named('old'));
  await twoNewest();
  await prune();
  // It had been found usable just before.
  await changeTable(env, {
    request_id: crypto.randomUUID(),
    command: { action: 'start', modelId: id, shareBp: 1000 },
    who: 'operator',
    reason: 'at the same moment',
    at: now(env),
  });
  later(GRACE_MS + MINUTE);
  await sweep();
  expect(await namesOf(id)).toEqual(ALL);
  expect((await modelOf(id))?.artifactsPrunedAt).toBeNull();
  expect((await historyOf(id)).map(({ action }) => action)).toEqual(['pruned', 'kept']);
});

test('a store that fails half-way is gone on with at the next sweep', async () => {
  const id = await stored(named('old'));
  await twoNewest();
  await prune();
  later(GRACE_MS + MINUTE);
  let removed = 0;
  const failing = Object.assign(Object.create(store), {
    async remove(key: string) {
      removed += 1;
      if (removed > 2) throw new AppError('dependency_unavailable', 'The store is down.');
      await store.remove(key);
    },
  });
  await expect(sweep(failing)).rejects.toThrow('The store is down.');
  expect((await namesOf(id)).length).toBeLessThan(ALL.length);
  expect((await modelOf(id))?.artifactsDeletedAt).toBeNull();
  await sweep();
  expect(await namesOf(id)).toEqual(KEPT);
});

test('a sweep takes a few, the oldest first; where it is off only an operator does', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 7; index += 1) {
    ids.push(await stored(named('old'), { days: 200 - index }));
  }
  await twoNewest();
  const marked = async () => {
    const found = await rows(sql`SELECT id FROM models WHERE artifacts_pruned_at IS NOT NULL`);
    return ids.filter((id) => found.some((row) => row.id === id));
  };
  learning.models.prune = false;
  await sweep();
  expect(await marked()).toEqual([]);
  learning.models.prune = true;
  await sweep();
  expect(await marked()).toEqual(ids.slice(0, 5));
  learning.models.prune = false;
  expect(await prune()).toEqual(ids.slice(5));
  later(GRACE_MS + MINUTE);
  // What was marked is finished, whoever marked it.
  await sweep();
  await sweep();
  for (const id of ids) expect(await namesOf(id)).toEqual(KEPT);
});
