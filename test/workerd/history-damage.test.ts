// Every kind of damage that somebody with the database's password, or the bucket's key, could do to the
// history: found, and named by its row.

import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { ObjectStore } from '../../adapters/object-store/index.ts';
import {
  append,
  deleteObject,
  emptied,
  emptyBucket,
  HEAD,
  K0,
  publish,
  step,
  store,
  tamper,
  verify,
  write,
} from './history-support.ts';

beforeEach(async () => {
  await emptied();
  await emptyBucket();
});
afterAll(emptied);

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

test('a long chain is verified page by page, over a gap between pages too', async () => {
  await write(405);
  await publish();
  expect(await verify()).toMatchObject({ pages: 3, checked: 405, named: [] });
  await tamper(sql`DELETE FROM history WHERE seq BETWEEN 200 AND 201`);
  expect((await verify()).named).toEqual(['missing 200-201']);
});
