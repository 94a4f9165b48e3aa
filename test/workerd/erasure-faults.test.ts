// Erasure against what may go on at the same time, and what may break off in the middle.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { eraseVisitor, sweepErasures } from '../../functions/erasure/index.ts';
import { type Bindings, databaseOf, now } from '../../workers/env.ts';
import type { SessionObject } from '../../workers/router/session-object.ts';
import { deliver, eraseBy, SECRET, settle, sweep } from './erasure-support.ts';
import { quiet } from './faults-support.ts';
import { makeDataset, memberOf, said } from './privacy-support.ts';
import { allObjects, store } from './stored.ts';
import { asOperator, call, chat, eventually, interactionOf, newVisitor, rows } from './support.ts';

beforeAll(settle);

test('a phrasing that somebody else asked too keeps its words', async () => {
  const id = crypto.randomUUID();
  const alone = await said(`one-${id}`, `only mine ${id}`);
  const shared = await said(`one-${id}`, `shared ${id}`);
  await said(`two-${id}`, `shared ${id}`);
  await call('/admin/erasures', {
    body: { visitor_id: `one-${id}`, reason: 'asked by mail' },
    headers: asOperator,
  });
  const textOf = async (phrasing: string) => {
    const [row] = await rows(
      sql`SELECT text, split, embedding IS NULL AS bare FROM question_phrasings WHERE id = ${phrasing}`,
    );
    return row;
  };
  expect(await textOf(alone.phrasingId)).toEqual({ text: null, split: 'train', bare: true });
  expect(await textOf(shared.phrasingId)).toEqual({
    text: `shared ${id}`,
    split: 'train',
    bare: false,
  });
  await sweep();
});

test('a rewrite that broke off is taken up again, and leaves nothing behind', async () => {
  const visitorId = `broken-${crypto.randomUUID()}`;
  const mine = await said(visitorId, `${SECRET} in a rewrite`);
  const kept = await said('kept-visitor', 'kept in a rewrite');
  await makeDataset('2026-w23', { members: [memberOf(mine), memberOf(kept)] });
  await call('/admin/erasures', {
    body: { visitor_id: visitorId, reason: 'asked by mail' },
    headers: asOperator,
  });
  const put = store.put.bind(store);
  let calls = 0;
  store.put = async (...args) => {
    calls += 1;
    if (calls === 2) throw new Error('the store went away');
    return put(...args);
  };
  await expect(sweep()).rejects.toThrow();
  store.put = put;
  const open = await rows(sql`SELECT state, problem FROM erasures WHERE state <> 'complete'`);
  expect(open).toEqual([{ state: 'rewriting', problem: expect.stringContaining('dataset') }]);
  await sweep();
  expect(await rows(sql`SELECT id FROM erasures WHERE state <> 'complete'`)).toEqual([]);
  const objects = await allObjects();
  expect([...objects.values()].join()).not.toContain(SECRET);
  const ours = [...objects.keys()].filter((key) => key.startsWith('training-data/2026/week-23/'));
  expect(ours).toHaveLength(6);
});

const eraseAsOperator = (visitorId: string) =>
  call('/admin/erasures', {
    body: { visitor_id: visitorId, reason: 'asked by mail' },
    headers: asOperator,
  });
const openOnes = () =>
  rows(sql`SELECT visitor_id, problem FROM erasures WHERE state <> 'complete'`);

test('of whom nothing is on record the erasure is complete at once', async () => {
  const { status, body } = await eraseAsOperator(`unknown-${crypto.randomUUID()}`);
  expect(status).toBe(202);
  expect(body).toMatchObject({ state: 'complete', problem: null });
  expect(await openOnes()).toEqual([]);
});

test('erasures that cannot get on, however many, keep no later one waiting', async () => {
  const run = crypto.randomUUID();
  const stuck = Array.from({ length: 51 }, (_, index) => `stuck-${index}-${run}`);
  await withDatabase(databaseOf(env), (db) =>
    insertInteractions(
      db,
      stuck.map((visitor_id) => interactionOf({ visitor_id, session_id: visitor_id })),
    ),
  );
  const SESSIONS = Object.assign(Object.create(null), {
    idFromName: (name: string) => name,
    get: () => ({ fetch: () => Promise.reject(new Error('gone')) }),
  });
  const away: Bindings = { ...env, SESSIONS };
  for (const visitorId of stuck) {
    await eraseVisitor(away, { visitorId, who: 'operator', reason: 'asked by mail', atMs: 1 });
  }
  await said(`late-${run}`, `${SECRET} of who came later`, { session_id: '' });
  await eraseAsOperator(`late-${run}`);
  await sweepErasures(away, now(env) + 7_200_000, store);
  const left = await openOnes();
  expect(left.map(({ visitor_id }) => visitor_id).toSorted()).toEqual(stuck.toSorted());
  expect(left[0]).toMatchObject({ problem: '1 sessions are not ended yet.' });
  await sweep();
  expect(await openOnes()).toEqual([]);
});

test('a dataset that cannot be rewritten keeps only those waiting who are in it', async () => {
  const run = crypto.randomUUID();
  const hit = await said(`hit-${run}`, `${SECRET} in a damaged file`);
  const kept = await said('kept-visitor', 'kept in a damaged file');
  await makeDataset('2026-w25', { members: [memberOf(hit), memberOf(kept)] });
  await said(`beside-${run}`, `${SECRET} beside it`);
  await eraseAsOperator(`hit-${run}`);
  await eraseAsOperator(`beside-${run}`);
  const put = store.put.bind(store);
  store.put = () => Promise.reject(new Error('the store went away'));
  await expect(sweep()).rejects.toThrow();
  store.put = put;
  expect(await openOnes()).toMatchObject([{ visitor_id: `hit-${run}` }]);
  await sweep();
  expect(await openOnes()).toEqual([]);
});

test('a curation that is under way holds an erasure up until it has ended', async () => {
  const visitorId = `curated-${crypto.randomUUID()}`;
  await said(visitorId, `${SECRET} in a curation`);
  await withDatabase(databaseOf(env), (db) =>
    openDataset(db, {
      id: '2026-w26',
      windowStart: new Date(0),
      windowEnd: new Date(1),
      createdAt: new Date(now(env) + 7_200_000),
    }),
  );
  await eraseAsOperator(visitorId);
  await sweep();
  expect(await openOnes()).toEqual([
    { visitor_id: visitorId, problem: expect.stringContaining('2026-w26') },
  ]);
  await rows(sql`UPDATE datasets SET created_at = ${new Date(0)} WHERE id = '2026-w26'`);
  await sweep();
  expect(await openOnes()).toEqual([]);
});

test('a dataset that is closed after the erasure must be written again', async () => {
  const visitorId = `racing-${crypto.randomUUID()}`;
  // Nobody erases this one: it must not hold what other tests look for in the whole record.
  const mine = await said(visitorId, 'racing');
  await rows(sql`DELETE FROM interactions WHERE visitor_id = ${visitorId}`);
  const closing = withDatabase(databaseOf(env), async (db) => {
    await openDataset(db, {
      id: '2026-w24',
      windowStart: new Date(0),
      windowEnd: new Date(1),
      createdAt: new Date(2),
    });
    const { groupId: _group, repeats: _repeats, ...member } = memberOf(mine);
    await db.transaction((tx) =>
      closeDataset(tx, '2026-w24', [{ datasetId: '2026-w24', ...member }], [], {
        status: 'ready',
        counts: {},
        files: [],
        manifestSha256: 'a'.repeat(64),
      }),
    );
  });
  await expect(closing).rejects.toThrow('erased while it was written');
});

test('only whose token it is can erase, and the operator only with a reason', async () => {
  expect((await call('/api/visitor', { method: 'DELETE' })).status).toBe(401);
  expect((await eraseBy('forged')).status).toBe(401);
  const without = await call('/admin/erasures', { body: { visitor_id: 'x' }, headers: asOperator });
  expect(without.status).toBe(400);
  const all = await call('/admin/erasures', {
    body: { visitor_id: 'operator', reason: 'no' },
    headers: asOperator,
  });
  expect(all.status).toBe(400);
  expect((await call('/admin/erasures', { body: { visitor_id: 'x', reason: 'y' } })).status).toBe(
    401,
  );
});

test('a pseudonym cannot be erased; a user of a key whose prefix looks like one can', async () => {
  const erase = (visitor_id: string) =>
    call('/admin/erasures', { body: { visitor_id, reason: 'asked by mail' }, headers: asOperator });
  const refused = await erase(`erased-${crypto.randomUUID()}`);
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('is not a visitor who can be erased');
  expect((await erase(`erased-shop:u-${crypto.randomUUID()}`)).status).toBe(202);
});

test('a conversation is ended too whose first answer reaches the record after the erasure', async () => {
  const visitor = await newVisitor();
  const { interaction_id } = await chat(`${SECRET} not on record yet`, visitor);
  await quiet();
  const [answer] = await eventually(
    sql`SELECT visitor_id FROM interactions WHERE interaction_id = ${interaction_id}`,
  );
  const visitor_id = z.string().parse(answer?.visitor_id);
  // As if the queue still held the answer.
  await rows(sql`DELETE FROM interactions WHERE visitor_id = ${visitor_id}`);
  await eraseBy(visitor.visitor_token);
  const stored = () =>
    runInDurableObject(
      env.SESSIONS.get(env.SESSIONS.idFromName(visitor.id)),
      async (_: SessionObject, state) => JSON.stringify([...(await state.storage.list()).values()]),
    );
  expect(await stored()).toContain(SECRET);
  const late = interactionOf({ visitor_id, session_id: visitor.id, query: `${SECRET} late` });
  const { explicitAcks, retryMessages } = await deliver([late, late]);
  expect([explicitAcks.length, retryMessages.length]).toEqual([2, 0]);
  expect(await stored()).not.toContain(SECRET);
  expect(await rows(sql`SELECT 1 FROM interactions WHERE visitor_id = ${visitor_id}`)).toEqual([]);
});

test('a conversation that cannot be ended now holds up its own answer, and no other', async () => {
  const visitorId = `unreachable-${crypto.randomUUID()}`;
  await call('/admin/erasures', {
    body: { visitor_id: visitorId, reason: 'asked by mail' },
    headers: asOperator,
  });
  const session = env.SESSIONS.get(env.SESSIONS.idFromName(visitorId));
  const late = interactionOf({ visitor_id: visitorId, session_id: visitorId });
  const other = interactionOf({ query: 'beside it' });
  await runInDurableObject(session, (object: SessionObject) => {
    Reflect.set(object, 'persist', () => Promise.reject(new Error('storage is out of reach')));
  });
  const held = await deliver([late, other]);
  expect(held.explicitAcks).toEqual(['1']);
  expect(held.retryMessages).toHaveLength(1);
  await runInDurableObject(session, (object: SessionObject) => {
    Reflect.deleteProperty(object, 'persist');
  });
  expect((await deliver([late])).explicitAcks).toEqual(['0']);
});

test('an answer that was on its way to the record meets the tombstone', async () => {
  const visitorId = `meeting-${crypto.randomUUID()}`;
  const answers = Array.from({ length: 30 }, () =>
    interactionOf({ visitor_id: visitorId, query: `${SECRET} meeting` }),
  );
  await withDatabase(databaseOf(env), (db) => insertInteractions(db, answers.slice(0, 1)));
  await Promise.all([
    ...answers.slice(1).map((answer) => deliver([answer])),
    call('/admin/erasures', {
      body: { visitor_id: visitorId, reason: 'asked by mail' },
      headers: asOperator,
    }),
  ]);
  expect(await rows(sql`SELECT 1 FROM interactions WHERE visitor_id = ${visitorId}`)).toEqual([]);
});
