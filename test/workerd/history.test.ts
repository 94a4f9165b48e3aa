// The history in a real Postgres and a real bucket: one chain however many write, refused changes, a
// head outside that only moves forward, old rows taken over, and what operators read of it.

import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ObjectStore } from '../../adapters/object-store/index.ts';
import { insertModel, insertRouting } from '../../adapters/postgres/models.ts';
import { initialTable } from '../../core/routing.ts';
import { recordRoute, takeOverHistory } from '../../functions/history/append.ts';
import { dayKey, readHeads } from '../../functions/history/publish.ts';
import {
  append,
  chain,
  DAY,
  database,
  emptied,
  emptyBucket,
  HEAD,
  HOUR,
  K1,
  publish,
  RING,
  step,
  store,
  T0,
  tamper,
  verify,
  write,
} from './history-support.ts';
import { asOperator, call, rows } from './support.ts';

beforeEach(async () => {
  await emptied();
  await emptyBucket();
});
afterAll(emptied);

describe('writing', () => {
  test('rows follow each other from the first on, and the same key twice is one row', async () => {
    const first = await append(step(1));
    const second = await append(step(2));
    const again = await append(step(1, { reason: 'another one' }));
    expect([first.seq, first.prevHash, second.seq]).toEqual([1, '0'.repeat(64), 2]);
    expect(second.prevHash).toBe(first.hash);
    expect(again).toEqual(first);
    expect((await verify()).checked).toBe(2);
  });

  test('writers at the same time make one chain, each entry once', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => append(step(1 + Math.floor(index / 2)))),
    );
    const found = await rows(sql`SELECT seq, key FROM history ORDER BY seq`);
    expect(found.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(found.map(({ key }) => key)).size).toBe(6);
    await publish();
    expect((await verify()).named).toEqual([]);
  });

  test.each([
    ['UPDATE', sql`UPDATE history SET reason = 'better' WHERE seq = 1`],
    ['DELETE', sql`DELETE FROM history WHERE seq = 2`],
    ['TRUNCATE', sql`TRUNCATE history`],
  ])('Postgres itself refuses %s', async (_what, statement) => {
    await write(2);
    await expect(rows(statement)).rejects.toThrow('sqlstate 23001');
    expect(await rows(sql`SELECT count(*)::integer AS n FROM history`)).toEqual([{ n: 2 }]);
  });

  test('a value survives jsonb exactly: numbers, nesting, letters', async () => {
    const body = {
      z: 1e21,
      a: -0.1,
      m: [1e-7, { '\u20ac': 'caf\u00e9 \u{1f600}', 'a b': null }],
      t: true,
    };
    await append(step(1, { body }));
    await publish();
    expect((await verify()).named).toEqual([]);
  });

  test('a new key signs what comes, the old one still verifies what was', async () => {
    await append(step(1), chain({ ring: { ...RING, current: 'k0' } }));
    await append(step(2));
    await publish();
    expect((await verify()).named).toEqual([]);
    const other = await verify({ ring: { current: 'k1', keys: { k1: K1, k0: K1 } } });
    expect(other.named).toEqual(['changed 1-1']);
    expect(other.damage[0]?.sentence).toContain('experiment:exp-1:1');
  });
});

describe('the published head', () => {
  test('only moves forward, keeps one of each day, and a repeat writes nothing', async () => {
    await write(2);
    expect(await publish(T0 - DAY)).toBe('published');
    await append(step(3));
    expect(await publish()).toBe('published');
    expect(await publish()).toBe('up_to_date');
    const heads = await readHeads(store, RING, T0, 2);
    expect(
      heads.map(({ key, found }) => [key, found.state === 'signed' && found.head.seq]),
    ).toEqual([
      [HEAD, 3],
      [dayKey(T0), 3],
      [dayKey(T0 - DAY), 2],
    ]);
    expect((await verify()).end).toMatchObject({ head: 'matches', published: 3 });
  });

  test('publishers at the same time leave the newest', async () => {
    await write(1);
    await Promise.all(
      [2, 3, 4].map(async (number) => {
        await append(step(number));
        await publish();
      }),
    );
    await publish();
    expect((await verify()).end).toMatchObject({ seq: 4, head: 'matches', published: 4 });
  });

  test('behind the record it is no damage: it is written by the next sweep', async () => {
    await write(2);
    await publish();
    await append(step(3));
    expect(await verify()).toMatchObject({ named: [], end: { head: 'behind', published: 2 } });
  });
});

describe('old rows', () => {
  const change = (version: number) => {
    const at = new Date(T0 + version * HOUR);
    const from = { ...initialTable('tiny-sre'), version: version - 1 };
    const to = { ...initialTable(`model-${version}`), version };
    const action = 'promote';
    return { version, at, who: 'operator', action, reason: 'better', summary: 'all', from, to };
  };
  beforeEach(async () => {
    await database(async (db) => {
      for (const version of [1, 2, 3]) await insertRouting(db, change(version));
    });
  });

  test('are taken over once and marked, before the first new row or by the sweep', async () => {
    const record = () =>
      database((db) => db.transaction((tx) => recordRoute(tx, chain(), change(4))));
    await record();
    await record();
    expect(await database((db) => takeOverHistory(db, chain()))).toBe(0);
    expect(
      await rows(sql`SELECT seq, key, body -> 'taken_over' AS old FROM history ORDER BY seq`),
    ).toEqual([
      { seq: 1, key: 'route:1', old: true },
      { seq: 2, key: 'route:2', old: true },
      { seq: 3, key: 'route:3', old: true },
      { seq: 4, key: 'route:4', old: false },
    ]);
    await publish();
    expect((await verify()).named).toEqual([]);
    await emptied();
    await database((db) => insertRouting(db, change(1)));
    expect(await database((db) => takeOverHistory(db, chain()))).toBe(1);
  });

  test('a row slipped into the old table later is not taken over but named', async () => {
    await database((db) => takeOverHistory(db, chain()));
    await database((db) => insertRouting(db, change(4)));
    await rows(sql`UPDATE routing_history SET reason = 'worse' WHERE version = 2`);
    await rows(sql`DELETE FROM routing_history WHERE version = 1`);
    await publish();
    expect((await verify()).named).toEqual([
      'projection_differs 1-1',
      'projection_differs 2-2',
      'projection_differs 4-4',
    ]);
  });
});

const MODEL = {
  id: '2026-w42.9',
  display: 'v1.42.9',
  base: 'tiny-sre',
  parent: 'tiny-sre',
  datasetId: null,
  jobId: null,
  status: 'registered' as const,
  reason: 'for a test',
  metrics: {},
  artifacts: [],
  gitCommit: null,
  createdAt: new Date(T0),
};

const at = (time: string) =>
  call(`/admin/history/at?at=${encodeURIComponent(time)}`, { headers: asOperator });

test('operators read what was live at a time, why, and until when', async () => {
  await database((db) => insertModel(db, MODEL));
  const started = await call('/admin/route', {
    body: { action: 'start', model_id: MODEL.id, reason: 'week 42' },
    headers: asOperator,
  });
  expect(started.status).toBe(200);
  await call('/admin/route', {
    body: { action: 'promote', reason: 'better' },
    headers: asOperator,
  });
  await call('/admin/route', {
    body: { action: 'rollback', reason: 'worse' },
    headers: asOperator,
  });
  const listed = await call('/admin/history?kind=route&limit=2', { headers: asOperator });
  expect(listed.body).toMatchObject({
    rows: [
      { action: 'rollback', reason: 'worse', who: 'operator', taken_over: false },
      { action: 'promote', reason: 'better' },
    ],
  });
  await tamper(
    sql`UPDATE history SET at = ${new Date(T0)} WHERE seq = 1`,
    sql`UPDATE history SET at = ${new Date(T0 + HOUR)} WHERE seq = 2`,
  );
  expect((await at('2026-11-03T08:59Z')).body).toMatchObject({
    live: { production: 'tiny-sre' },
    because: null,
    until: { action: 'start' },
  });
  expect((await at('2026-11-03T10:30:00+01:00')).body).toMatchObject({
    live: { production: 'tiny-sre', candidate: MODEL.id, share_bp: 1000 },
    because: { seq: 1, action: 'start', reason: 'week 42' },
    // The time was changed to make this test: so it says.
    row_intact: false,
    until: { seq: 2, action: 'promote' },
  });
  const now = z.object({ row_intact: z.boolean() }).parse((await at('2100-01-01T00:00Z')).body);
  expect(now.row_intact).toBe(true);
  const [last] = await rows(sql`SELECT seq, key FROM history ORDER BY seq DESC LIMIT 1`);
  for (const id of [last?.seq, last?.key]) {
    const shown = await call(`/admin/history/${encodeURIComponent(String(id))}`, {
      headers: asOperator,
    });
    expect(shown.body).toMatchObject({ seq: last?.seq, reason: 'worse' });
  }
  const away = vi.spyOn(ObjectStore.prototype, 'read').mockRejectedValue(new Error('away'));
  const verified = await call('/admin/history/verify', { headers: asOperator });
  away.mockRestore();
  expect(verified.body).toMatchObject({
    checked: 3,
    next_after: null,
    damage: expect.arrayContaining([expect.objectContaining({ problem: 'changed', seq: 1 })]),
    end: { seq: 3, head: 'unreachable' },
  });
});

test.each([
  '/admin/history/at?at=yesterday',
  '/admin/history/at',
  '/admin/history?limit=0',
  '/admin/history?no_such=1',
  '/admin/history/verify?after=x',
])('%s is refused', async (path) => {
  expect((await call(path, { headers: asOperator })).status).toBe(400);
});

test('a row that is not there is 404, and nobody but operators reads any', async () => {
  expect((await call('/admin/history/999', { headers: asOperator })).status).toBe(404);
  for (const path of ['/admin/history', '/admin/history/verify', '/admin/history/at']) {
    expect((await call(path)).status).toBe(401);
  }
});
