// The routing object: one change after the other, effects that survive a failure, and a table that
// can be rebuilt from the record.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import { readTable, writeTable } from '../../adapters/routing-table/index.ts';
import { LeasedTable } from '../../adapters/routing-table/leased-table.ts';
import { initialTable, routingTableSchema } from '../../core/routing.ts';
import type { RoutingObject } from '../../functions/rollout/routing-object.ts';
import { databaseOf } from '../../workers/env.ts';
import { emptied } from './history-support.ts';
import { asOperator, call, rows } from './support.ts';

const model = (id: string) => ({
  id,
  display: `v1.${id}`,
  base: 'tiny-sre',
  parent: 'tiny-sre',
  datasetId: null,
  jobId: null,
  status: 'registered' as const,
  reason: 'for a test',
  metrics: {},
  artifacts: [],
  gitCommit: null,
  createdAt: new Date(),
});

const stub = () => env.ROUTING.get(env.ROUTING.idFromName('routing'));
const route = async (body: object) => call('/admin/route', { body, headers: asOperator });
const viewSchema = z.looseObject({
  version: z.number(),
  production: z.string(),
  previous: z.string().nullable(),
  candidate: z.string().nullable(),
  share_bp: z.number(),
});
const tableOf = (body: unknown) => z.object({ table: viewSchema }).parse(body).table;
/** The table as the object holds it. */
const heldTable = async () => {
  const response = await stub().fetch('https://itty-durable/table', { method: 'POST' });
  return routingTableSchema.parse(await response.json());
};

beforeAll(async () => {
  await emptied();
  await withDatabase(databaseOf(env), async (db) => {
    await insertModel(db, model('2026-w42.1'));
    await insertModel(db, model('2026-w43.1'));
    await insertModel(db, { ...model('2026-w44.1'), status: 'refused', reason: 'not better' });
  });
});

test('start, share, promote, roll back: each is a row of history, in KV and in the table', async () => {
  const started = await route({ action: 'start', model_id: '2026-w42.1', reason: 'first try' });
  expect(started.status).toBe(200);
  expect(tableOf(started.body)).toMatchObject({ candidate: '2026-w42.1', share_bp: 1000 });
  expect((await route({ action: 'share', share: 0.25 })).status).toBe(200);
  const promoted = await route({ action: 'promote', reason: 'better' });
  expect(tableOf(promoted.body)).toMatchObject({ production: '2026-w42.1', previous: 'tiny-sre' });
  const back = await route({ action: 'rollback', reason: 'worse after all' });
  expect(tableOf(back.body).production).toBe('tiny-sre');
  expect(await readTable(env.ROUTING_KV)).toEqual(await heldTable());
  const history = await rows(
    sql`SELECT version, who, action, reason FROM routing_history ORDER BY version`,
  );
  expect(history.map((row) => row.action)).toEqual(['start', 'share', 'promote', 'rollback']);
  expect(history[0]).toMatchObject({ version: 1, who: 'operator', reason: 'first try' });
});

test('the same request twice changes the table once', async () => {
  const request_id = crypto.randomUUID();
  const start = { action: 'start', model_id: '2026-w43.1', request_id };
  const first = tableOf((await route(start)).body);
  const again = tableOf((await route(start)).body);
  expect(again.version).toBe(first.version);
});

test('what cannot be is refused in a sentence: unknown, refused, second, missing', async () => {
  expect((await route({ action: 'start', model_id: 'nothing' })).status).toBe(404);
  expect((await route({ action: 'start', model_id: '2026-w44.1' })).body).toMatchObject({
    error: { code: 'conflict', message: expect.stringContaining('not better') },
  });
  expect((await route({ action: 'start', model_id: '2026-w42.1' })).status).toBe(409);
  expect((await route({ action: 'share' })).status).toBe(400);
  // One that nobody would be in.
  const nobody = { action: 'start', model_id: '2026-w42.1', slice: 0.00004 };
  expect((await route(nobody)).status).toBe(400);
  expect((await route({ action: 'share', share: 0.05 })).status).toBe(409);
});

test('effects that failed are performed by the alarm, also after an eviction', async () => {
  const before = await heldTable();
  await runInDurableObject(stub(), async (instance: RoutingObject) => {
    const next = { ...before, version: before.version + 1, updatedAt: 1 };
    Object.assign(instance, {
      table: next,
      pending: [
        {
          version: next.version,
          at: 1,
          who: 'operator',
          action: 'share',
          reason: 'saved, not yet performed',
          summary: 'for a test',
          from: before,
          to: next,
        },
      ],
    });
    await instance.persist();
    await instance.setAlarm(Date.now() + 60_000);
  });
  await evictDurableObject(stub());
  expect(await runDurableObjectAlarm(stub())).toBe(true);
  expect(
    await rows(sql`SELECT reason FROM routing_history WHERE version = ${before.version + 1}`),
  ).toEqual([{ reason: 'saved, not yet performed' }]);
  expect((await readTable(env.ROUTING_KV))?.version).toBe(before.version + 1);
});

test('a lost object and a lost KV are rebuilt from the record', async () => {
  const before = await heldTable();
  await env.ROUTING_KV.delete('routing-table');
  await runInDurableObject(stub(), async (instance: RoutingObject, state) => {
    await state.storage.deleteAll();
    Object.assign(instance, { table: null, pending: [], handled: [] });
  });
  const response = await stub().fetch('https://itty-durable/rebuild', { method: 'POST' });
  expect(await response.json()).toEqual(before);
  expect(await readTable(env.ROUTING_KV)).toEqual(before);
});

test('tables stored before there were slices are read: in the object, in KV, in the record', async () => {
  const before = await heldTable();
  const old = {
    schema: 1,
    version: before.version,
    production: '2026-w41.1',
    previous: null,
    experiment: {
      id: 'exp-old',
      salt: 'old:1',
      candidate: '2026-w43.1',
      shareBp: 2500,
      startedAt: 1,
    },
    updatedAt: 1,
  };
  const read = routingTableSchema.parse(old);
  await env.ROUTING_KV.put('routing-table', JSON.stringify(old));
  expect(await readTable(env.ROUTING_KV)).toEqual(read);
  await runInDurableObject(stub(), async (instance: RoutingObject) => {
    Object.assign(instance, { table: old, pending: [] });
    await instance.persist();
  });
  await evictDurableObject(stub());
  expect(await heldTable()).toEqual(read);
  // The next change is made of it, and written in the shape of today.
  const grown = await route({ action: 'share', share: 0.5, experiment_id: 'exp-old' });
  expect(tableOf(grown.body)).toMatchObject({ candidate: '2026-w43.1', share_bp: 5000 });
  expect(await env.ROUTING_KV.get('routing-table', 'json')).toMatchObject({ schema: 2 });
  await rows(sql`UPDATE routing_history SET to_table = ${JSON.stringify(old)}::jsonb
                  WHERE version = ${before.version + 1}`);
  await runInDurableObject(stub(), async (instance: RoutingObject) => {
    Object.assign(instance, { table: null, pending: [], handled: [] });
    await instance.persist();
  });
  expect(await heldTable()).toEqual(read);
  const { body } = await call('/admin/route', { headers: asOperator });
  const { history } = z.object({ history: z.array(z.looseObject({ to: viewSchema })) }).parse(body);
  expect(history[0]?.to).toMatchObject({ candidate: '2026-w43.1', share_bp: 2500 });
});

test('two experiments at once, each named to be changed; the model that was tried is found again', async () => {
  await route({ action: 'rollback' });
  expect((await route({ action: 'start', model_id: '2026-w42.1', slice: 0.4 })).status).toBe(200);
  expect((await route({ action: 'start', model_id: '2026-w43.1', slice: 0.6 })).status).toBe(200);
  expect((await route({ action: 'share', share: 0.5 })).body).toMatchObject({
    error: { code: 'conflict', message: expect.stringContaining('Say which one is meant') },
  });
  const promoted = await route({ action: 'promote', model_id: '2026-w43.1' });
  expect(promoted.body).toMatchObject({
    table: {
      production: '2026-w43.1',
      experiments: [{ candidate: '2026-w42.1', from_bp: 0, to_bp: 4000, stratum: 1 }],
    },
  });
  const { body } = await call('/admin/lineage/2026-w42.1', { headers: asOperator });
  const { routing } = z
    .object({ routing: z.array(z.looseObject({ summary: z.string() })) })
    .parse(body);
  expect(routing.map(({ summary }) => summary).join()).toContain('of a slice of 40 %');
});

test('an isolate sees the object within its lease, KV when the object is gone, else what it had', async () => {
  const table = (version: number) => ({ ...initialTable('base'), version });
  const leased = new LeasedTable();
  let live = table(5);
  const sources = {
    object: async () => live,
    copy: () => readTable(env.ROUTING_KV),
    baseModel: 'base',
  };
  expect((await leased.read(sources, 0)).version).toBe(5);
  live = table(6);
  expect((await leased.read(sources, 2_999)).version).toBe(5);
  expect((await leased.read(sources, 3_000)).version).toBe(6);
  const gone = { ...sources, object: () => Promise.reject(new Error('gone')) };
  await writeTable(env.ROUTING_KV, table(3));
  expect((await leased.read(gone, 10_000)).version).toBe(6);
  await writeTable(env.ROUTING_KV, table(9));
  expect((await leased.read(gone, 20_000)).version).toBe(9);
  await env.ROUTING_KV.delete('routing-table');
  expect((await new LeasedTable().read(gone, 0)).production).toBe('base');
});
