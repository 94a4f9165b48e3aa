// What is signed, and what the checks find: the damage itself is done in test/workerd/history.test.ts.

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalJson,
  checkHead,
  checkPage,
  GENESIS,
  type HistoryRow,
  type Signer,
  serialise,
  serialiseHead,
} from './history.ts';

const T0 = new Date('2026-11-03T10:00:00.000Z');
const sign: Signer = async (keyId, text) =>
  keyId === 'gone' ? undefined : createHmac('sha256', keyId).update(text).digest('hex');

async function rowOf(over: Partial<HistoryRow>): Promise<HistoryRow> {
  const row = {
    seq: 1,
    key: `route:${over.seq ?? 1}`,
    kind: 'route',
    action: 'start',
    subject: 'routing',
    at: T0,
    chainedAt: T0,
    who: 'operator',
    reason: 'week 42',
    summary: '2026-w42.1 at 10 %',
    body: { version: 1 },
    keyId: 'k1',
    prevHash: GENESIS,
    ...over,
  };
  const hash = (await sign(row.keyId === 'gone' ? 'k1' : row.keyId, serialise(row))) ?? '';
  return { ...row, hash };
}

async function chainOf(length: number): Promise<HistoryRow[]> {
  const rows: HistoryRow[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    rows.push(await rowOf({ seq, prevHash: rows.at(-1)?.hash ?? GENESIS }));
  }
  return rows;
}
const named = async (rows: HistoryRow[], before: HistoryRow | null = null) =>
  (await checkPage(rows, before, sign)).map(
    ({ problem, seq, until }) => `${problem} ${seq}-${until}`,
  );

describe('canonical JSON', () => {
  test('is the example of RFC 8785 for names, numbers and strings', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('does not depend on the order that fields come in, and loses nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('a row is signed over exactly this text', async () => {
    expect(serialise(await rowOf({}))).toBe(
      '{"action":"start","at":"2026-11-03T10:00:00.000Z","body":{"version":1},"chained_at":"2026-11-03T10:00:00.000Z","key":"route:1","key_id":"k1","kind":"route",' +
        `"prev_hash":"${GENESIS}","reason":"week 42","seq":1,"subject":"routing","summary":"2026-w42.1 at 10 %","v":1,"who":"operator"}`,
    );
  });

  test('a head is never mistaken for a row', () => {
    const head = { seq: 3, hash: 'a', at: T0.toISOString(), keyId: 'k1' };
    expect(serialiseHead(head)).toBe(
      '{"at":"2026-11-03T10:00:00.000Z","hash":"a","head":3,"key_id":"k1","v":1}',
    );
  });
});

describe('a page', () => {
  test('of an intact chain has no damage, wherever it is cut into pages, and empty', async () => {
    const chain = await chainOf(9);
    for (let cut = 0; cut <= 9; cut += 1) {
      expect(await named(chain.slice(0, cut))).toEqual([]);
      expect(await named(chain.slice(cut), chain[cut - 1] ?? null)).toEqual([]);
    }
  });

  test('names any one field that was changed', async () => {
    const chain = await chainOf(3);
    const changes: Partial<HistoryRow>[] = [
      { key: 'route:9' },
      { kind: 'experiment' },
      { action: 'promote' },
      { subject: 'other' },
      { at: new Date(T0.getTime() + 1) },
      { at: new Date(Number.NaN) },
      { chainedAt: new Date(0) },
      { who: 'nobody' },
      { reason: '' },
      { summary: '' },
      { body: { version: 2 } },
      { keyId: 'k2' },
      { prevHash: GENESIS },
      { hash: GENESIS },
    ];
    for (const change of changes) {
      const rows = chain.map((row) => (row.seq === 2 ? { ...row, ...change } : row));
      expect(await named(rows)).toEqual(['changed 2-2']);
    }
  });

  test('names rows missing at its beginning, at its end\u2019s gap and across pages', async () => {
    const chain = await chainOf(8);
    const [third, fourth] = [chain[2], chain[3]];
    if (!(third && fourth)) throw new Error('none');
    expect(await named(chain.slice(2))).toEqual(['missing 1-2']);
    expect(await named(chain.slice(5), third)).toEqual(['missing 4-5']);
    expect(await named([...chain.slice(4, 5), ...chain.slice(7)], fourth)).toEqual(['missing 6-7']);
  });

  test('a page after a shifted one does not count its last row as missing', async () => {
    const chain = await chainOf(10);
    const shifted = chain
      .filter(({ seq }) => seq !== 3)
      .map((row, at) => ({ ...row, seq: at + 1 }));
    const fifth = shifted[4];
    if (!fifth) throw new Error('none');
    expect((await named(shifted.slice(0, 5)))[0]).toBe('missing 3-3');
    expect(await named(shifted.slice(5), fifth)).toEqual(
      [6, 7, 8, 9].map((seq) => `reordered ${seq}-${seq}`),
    );
  });

  test('says when the key is gone, and finds a row that the key\u2019s owner slipped in', async () => {
    const chain = await chainOf(3);
    const lost = await rowOf({ seq: 2, keyId: 'gone', prevHash: chain[0]?.hash ?? '' });
    expect(await named([...chain.slice(0, 1), lost, ...chain.slice(2)])).toEqual([
      'key_unknown 2-2',
    ]);
    const foreign = await rowOf({ seq: 2, prevHash: 'f'.repeat(64) });
    const after = await rowOf({ seq: 3, prevHash: foreign.hash });
    expect(await named([...chain.slice(0, 1), foreign, after])).toEqual(['unlinked 2-2']);
    expect(await named([await rowOf({ seq: 1, prevHash: 'f'.repeat(64) })])).toEqual([
      'unlinked 1-1',
    ]);
  });
});

test('a head beyond the chain is a cut, one that is not in it a rewriting, one in it is neither', () => {
  const head = { seq: 5, hash: 'five', at: T0.toISOString(), keyId: 'k1' };
  expect(checkHead(head, { lastSeq: 3, hashAt: undefined })).toMatchObject([
    { problem: 'cut_off', seq: 4, until: 5, sentence: expect.stringContaining('rows 4 to 5 were') },
  ]);
  expect(checkHead(head, { lastSeq: 9, hashAt: 'other' })).toMatchObject([
    { problem: 'rewritten', seq: 5 },
  ]);
  expect(checkHead(head, { lastSeq: 9, hashAt: 'five' })).toEqual([]);
});
