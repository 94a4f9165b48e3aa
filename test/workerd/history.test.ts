// The history in a real Postgres and a real bucket: one chain however many write, refused changes, and
// every kind of damage that somebody with the database's password could do, named by its row.

import { env } from 'cloudflare:workers';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { ObjectStore } from '../../adapters/object-store/index.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { historyAtSeq, newestRow } from '../../adapters/postgres/history.ts';
import { insertModel, insertRouting } from '../../adapters/postgres/models.ts';
import type { HistoryEntry } from '../../core/history.ts';
import { initialTable } from '../../core/routing.ts';
import {
  appendHistory,
  type Chain,
  recordRoute,
  takeOverHistory,
} from '../../functions/history/append.ts';
import { dayKey, publishHead, readHeads } from '../../functions/history/publish.ts';
import { verifyPage } from '../../functions/history/verify.ts';
import { databaseOf } from '../../workers/env.ts';
import { asOperator, call, rows } from './support.ts';

const T0 = Date.parse('2026-11-03T09:00:00Z');
const HOUR = 3_600_000;
const K0 = 'B'.repeat(43);
const K1 = 'A'.repeat(43);
const RING: Chain['ring'] = { current: 'k1', keys: { k1: K1, k0: K0 } };
const chain = (over: Partial<Chain> = {}): Chain => ({ ring: RING, now: new Date(T0), ...over });

const store = new ObjectStore(inject('bucket'));
const database = <Result>(work: (db: Database) => Promise<Result>) =>
  withDatabase(databaseOf(env), work);

/** What somebody does who owns the database: the trigger is in their way for one statement only. */
const tamper = (...statements: ReturnType<typeof sql>[]) =>
  database((db) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`ALTER TABLE history DISABLE TRIGGER history_append_only`);
      for (const statement of statements) await tx.execute(statement);
      await tx.execute(sql`ALTER TABLE history ENABLE TRIGGER history_append_only`);
    }),
  );

const emptied = () => tamper(sql`TRUNCATE history`, sql`TRUNCATE routing_history`);
beforeEach(async () => {
  await emptied();
  await emptyBucket();
});
afterAll(emptied);

const step = (number: number, over: Partial<HistoryEntry> = {}): HistoryEntry => ({
  key: `experiment:exp-1:${number}`,
  kind: 'experiment',
  action: 'verdict',
  subject: 'exp-1',
  at: new Date(T0 + number * HOUR),
  who: 'engine',
  reason: 'hold: 412 of 1,000 users in treatment',
  summary: `look ${number}`,
  body: { look: number, ratio: 0.1 + number / 7, arms: [{ n: 412 }, { n: 409 }], note: 'naïve “”' },
  ...over,
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

const s3 = new S3Client({
  endpoint: inject('bucket').endpoint,
  region: 'auto',
  forcePathStyle: true,
  credentials: inject('bucket'),
});
const deleteObject = (key: string) =>
  s3.send(new DeleteObjectCommand({ Bucket: inject('bucket').bucket, Key: key }));
async function emptyBucket() {
  await deleteObject('history/head.json');
  for (let ago = 0; ago < 8; ago += 1) await deleteObject(dayKey(T0 - ago * 24 * HOUR));
}

const append = (entry: HistoryEntry, on: Chain = chain()) =>
  database((db) => db.transaction((tx) => appendHistory(tx, on, entry)));
const write = async (count: number) => {
  await database(async (db) => {
    for (let number = 1; number <= count; number += 1) {
      await db.transaction((tx) => appendHistory(tx, chain(), step(number)));
    }
  });
};

const DAY = 24 * HOUR;
const HEAD = 'history/head.json';
const publish = (nowMs = T0) =>
  database(async (db) => {
    const newest = await newestRow(db);
    if (newest === undefined) throw new Error('nothing to publish');
    const hashAt = async (seq: number) => (await historyAtSeq(db, seq))?.hash;
    return publishHead({ store, ring: RING, newest, nowMs, hashAt });
  });

/** Every page, as the command line asks for them. */
async function verify(over: { ring?: Chain['ring']; from?: ObjectStore } = {}) {
  const pages = await database(async (db) => {
    const found = [];
    let after: number | undefined;
    do {
      const on = { db, store: over.from ?? store, ring: over.ring ?? RING, nowMs: T0 };
      const page = await verifyPage(on, after);
      found.push(page);
      after = page.nextAfter ?? undefined;
    } while (after !== undefined);
    return found;
  });
  return {
    pages: pages.length,
    checked: pages.reduce((sum, page) => sum + page.checked, 0),
    damage: pages.flatMap((page) => page.damage),
    named: pages.flatMap((page) =>
      page.damage.map((one) => `${one.problem} ${one.seq}-${one.until}`),
    ),
    end: pages.at(-1)?.end,
  };
}

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

describe('damage is named by its row', () => {
  beforeEach(async () => {
    await write(6);
    await publish();
    expect((await verify()).named).toEqual([]);
  });

  test.each([
    ['reason', sql`UPDATE history SET reason = 'better' WHERE seq = 3`],
    ['time', sql`UPDATE history SET at = at - interval '1 millisecond' WHERE seq = 3`],
    ['time to none', sql`UPDATE history SET at = 'infinity' WHERE seq = 3`],
    ['who', sql`UPDATE history SET who = 'somebody else' WHERE seq = 3`],
    ['body', sql`UPDATE history SET body = jsonb_set(body, '{arms,0,n}', '413') WHERE seq = 3`],
    ['key', sql`UPDATE history SET key = 'experiment:exp-2:3' WHERE seq = 3`],
    ['hash', sql`UPDATE history SET hash = repeat('a', 64) WHERE seq = 3`],
    ['link', sql`UPDATE history SET prev_hash = repeat('a', 64) WHERE seq = 3`],
  ])('a changed %s', async (_what, statement) => {
    await tamper(statement);
    expect((await verify()).named).toEqual(['changed 3-3']);
  });

  test('missing rows, in the middle and at the beginning', async () => {
    await tamper(sql`DELETE FROM history WHERE seq IN (1, 4, 5)`);
    expect((await verify()).named).toEqual(['missing 1-1', 'missing 4-5']);
  });

  test('a missing row whose place was closed by renumbering', async () => {
    await tamper(
      sql`DELETE FROM history WHERE seq = 3`,
      sql`UPDATE history SET seq = -seq WHERE seq > 3`,
      sql`UPDATE history SET seq = -seq - 1 WHERE seq < 0`,
    );
    const { named } = await verify();
    expect(named).toEqual([
      'missing 3-3',
      'reordered 3-3',
      'reordered 4-4',
      'reordered 5-5',
      'cut_off 6-6',
    ]);
  });

  test('reordered rows say where they were written', async () => {
    await tamper(
      sql`UPDATE history SET seq = 100 WHERE seq = 2`,
      sql`UPDATE history SET seq = 2 WHERE seq = 5`,
      sql`UPDATE history SET seq = 5 WHERE seq = 100`,
    );
    const { named, damage } = await verify();
    expect(named).toEqual(['reordered 2-2', 'reordered 5-5']);
    expect(damage[0]?.sentence).toContain('was written as row 5');
  });

  test('a row that nobody with the key wrote', async () => {
    await tamper(sql`
      INSERT INTO history SELECT 7, 'experiment:exp-1:7', kind, action, subject, at, chained_at, who,
        'promote it', summary, body, key_id, hash, repeat('b', 64) FROM history WHERE seq = 6`);
    expect((await verify()).named).toEqual(['changed 7-7']);
  });

  test('rows cut off at the end, and all of them, by the published head', async () => {
    await tamper(sql`DELETE FROM history WHERE seq >= 5`);
    const { named, damage, end } = await verify();
    expect(named).toEqual(['cut_off 5-6']);
    expect(damage[0]?.sentence).toContain('counts 6, the record has 4');
    expect(end?.head).toBe('damaged');
    await tamper(sql`TRUNCATE history`);
    expect((await verify()).named).toEqual(['cut_off 1-6']);
  });

  test('a cut stays known when the chain goes on, because the head is not overwritten', async () => {
    await tamper(sql`DELETE FROM history WHERE seq >= 5`);
    for (const number of [15, 16, 17]) await append(step(number));
    expect(await publish()).toBe('diverged');
    expect((await verify()).named).toEqual(['rewritten 6-6']);
  });

  test('a head that was taken away or forged is no proof, and the heads of days still are', async () => {
    await tamper(sql`DELETE FROM history WHERE seq = 6`);
    await deleteObject(HEAD);
    expect((await verify()).named).toEqual(['cut_off 6-6', 'head_missing 5-5']);
    await store.put(HEAD, '{"version":1,"seq":5}', 'application/json');
    expect((await verify()).named).toEqual(['head_forged 0-0', 'cut_off 6-6']);
  });

  test('a key that was thrown away verifies nothing, and which one is said', async () => {
    const { named, damage } = await verify({ ring: { current: 'k0', keys: { k0: K0 } } });
    expect(named.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6].map((seq) => `key_unknown ${seq}-${seq}`));
    expect(damage[0]?.sentence).toContain('key k1');
  });

  test('a store that cannot be reached is said, and is neither damage nor proof', async () => {
    const away = new ObjectStore({ ...inject('bucket'), endpoint: 'http://127.0.0.1:9' });
    const { named, end } = await verify({ from: away });
    expect([named, end?.head]).toEqual([[], 'unreachable']);
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

test('a long chain is verified page by page, over a gap between pages too', async () => {
  await write(405);
  await publish();
  expect(await verify()).toMatchObject({ pages: 3, checked: 405, named: [] });
  await tamper(sql`DELETE FROM history WHERE seq BETWEEN 200 AND 201`);
  expect((await verify()).named).toEqual(['missing 200-201']);
});

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
  const verified = await call('/admin/history/verify', { headers: asOperator });
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
