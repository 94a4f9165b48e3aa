// Erasure against what may go on at the same time, and what may break off in the middle.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { databaseOf } from '../../workers/env.ts';
import { deliver, eraseBy, SECRET, settle, sweep } from './erasure-support.ts';
import { makeDataset, memberOf, said } from './privacy-support.ts';
import { allObjects, store } from './stored.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

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

test('a dataset that is closed after the erasure must be written again', async () => {
  const visitorId = `racing-${crypto.randomUUID()}`;
  const mine = await said(visitorId, `${SECRET} racing`);
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
