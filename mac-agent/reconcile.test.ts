import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { homePaths } from './config.ts';
import { type ServingModel, servingSchema } from './edge-schema.ts';
import type { HeldModel } from './model-server/index.ts';
import { createLlamaCppServer } from './model-server/llama-cpp.ts';
import type { PlanFacts } from './reconcile.ts';
import { createReconciler, planServing, REMOVE_AFTER_MS } from './reconcile.ts';

const listed = (id: string, week: string | null = 'week-42'): ServingModel => ({
  model_id: id,
  name: 'agent-bruno',
  base: 'tiny-sre',
  week_tag: week,
  files: [],
});
const holds = (id: string, tags: string[] = [id, 'week-42']): HeldModel => ({
  modelId: id,
  base: 'tiny-sre',
  tags,
  isBase: false,
});
const base: HeldModel = { modelId: 'tiny-sre', base: 'tiny-sre', tags: [], isBase: true };

const plan = (overrides: Partial<PlanFacts>) =>
  planServing({
    serving: { production: 'tiny-sre', pruned: [], models: [] },
    held: [base],
    pinned: null,
    keepsUnlisted: false,
    unlistedSince: new Map(),
    pruned: new Set(),
    now: 1000,
    ...overrides,
  });

test('an empty list and only a base need nothing', () => {
  expect(plan({})).toEqual({
    register: [],
    tagLatest: null,
    remove: [],
    prune: [],
    unlistedSince: new Map(),
  });
});

test('a listed version that is not held is registered and tagged when it is production', () => {
  const serving = { production: '2026-w42.1', pruned: [], models: [listed('2026-w42.1')] };
  expect(plan({ serving })).toMatchObject({
    register: [{ model_id: '2026-w42.1' }],
    tagLatest: '2026-w42.1',
  });
});

test('what is equal is left alone', () => {
  const serving = { production: '2026-w42.1', pruned: [], models: [listed('2026-w42.1')] };
  const held = [base, holds('2026-w42.1', ['2026-w42.1', 'week-42', 'latest'])];
  expect(plan({ serving, held })).toMatchObject({ register: [], tagLatest: null, remove: [] });
});

test('the older version of a week does not take the tag of the newer one', () => {
  const models = [listed('2026-w42.9'), listed('2026-w42.10')];
  const held = [base, holds('2026-w42.9', ['2026-w42.9']), holds('2026-w42.10')];
  expect(plan({ serving: { production: null, pruned: [], models }, held }).register).toEqual([]);
});

test('a version is taken out only after it was unlisted for a while', () => {
  const held = [base, holds('2026-w41.1')];
  const first = plan({ held });
  expect(first.remove).toEqual([]);
  const { unlistedSince } = first;
  expect(plan({ held, unlistedSince, now: 2000 }).remove).toEqual([]);
  expect(plan({ held, unlistedSince, now: 1000 + REMOVE_AFTER_MS }).remove).toEqual(['2026-w41.1']);
});

test('a version that is listed again starts its time anew', () => {
  const held = [base, holds('2026-w41.1')];
  const serving = { production: null, pruned: [], models: [listed('2026-w41.1')] };
  const unlistedSince = new Map([['2026-w41.1', 0]]);
  expect(plan({ held, serving, unlistedSince }).unlistedSince.size).toBe(0);
});

test('the version a job is publishing is neither registered by others nor taken out', () => {
  const held = [base, holds('2026-w42.1')];
  const unlistedSince = new Map([['2026-w42.1', -REMOVE_AFTER_MS]]);
  expect(plan({ held, unlistedSince, pinned: '2026-w42.1' }).remove).toEqual([]);
  const serving = { production: null, pruned: [], models: [listed('2026-w43.1')] };
  expect(plan({ serving, pinned: '2026-w43.1' }).register).toEqual([]);
});

test('a server that keeps old versions on disk removes none', () => {
  const held = [base, holds('2026-w41.1')];
  const unlistedSince = new Map([['2026-w41.1', -REMOVE_AFTER_MS]]);
  expect(plan({ held, unlistedSince, keepsUnlisted: true }).remove).toEqual([]);
});

test('what the edge has pruned goes once, whatever the server keeps, but never what is listed', () => {
  const gone = { model_id: '2026-w30.1', name: 'agent-bruno' };
  const serving = { production: null, pruned: [gone], models: [] };
  expect(plan({ serving, keepsUnlisted: true }).prune).toEqual([gone]);
  expect(plan({ serving, pruned: new Set(['2026-w30.1']) }).prune).toEqual([]);
  expect(plan({ serving, pinned: '2026-w30.1' }).prune).toEqual([]);
  expect(plan({ serving: { ...serving, models: [listed('2026-w30.1')] } }).prune).toEqual([]);
});

test('an edge that names nothing as pruned, or what is no folder, is understood', () => {
  expect(servingSchema.parse({ production: null, models: [] }).pruned).toEqual([]);
  const pruned = ['../../etc', '2026-w30.1'].map((model_id) => ({ model_id, name: 'agent-bruno' }));
  expect(servingSchema.parse({ production: null, pruned, models: [] }).pruned).toEqual([pruned[1]]);
});

test('the files of a pruned version leave the disk, and no others', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bruno-reconcile-'));
  const paths = homePaths(home);
  for (const id of ['2026-w30.1', '2026-w31.1']) {
    mkdirSync(join(paths.models, id), { recursive: true });
    writeFileSync(join(paths.models, id, 'adapter.gguf'), 'weights');
  }
  const server = createLlamaCppServer({
    python: 'python3',
    embeddingGguf: paths.embeddingGguf,
    contextTokens: 512,
    slots: 1,
    threads: 1,
    log: () => {},
  });
  const reconciler = createReconciler({ server, paths, bases: [], log: () => {} });
  const pruned = [{ model_id: '2026-w30.1', name: 'agent-bruno' }];
  await reconciler.run({ production: null, pruned, models: [] }, null);
  expect(readdirSync(paths.models)).toEqual(['2026-w31.1']);
  await reconciler.run({ production: null, pruned, models: [] }, null);
  await server.close();
  rmSync(home, { recursive: true });
});
