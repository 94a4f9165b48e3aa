// Helpers for the tests of the history: a chain in a real Postgres, heads in a real bucket, and what
// somebody can do to both who owns them.

import { env } from 'cloudflare:workers';
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { sql } from 'drizzle-orm';
import { inject } from 'vitest';
import { ObjectStore } from '../../adapters/object-store/index.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { historyAtSeq, newestRow } from '../../adapters/postgres/history.ts';
import type { HistoryEntry } from '../../core/history.ts';
import { appendHistory, type Chain } from '../../functions/history/append.ts';
import { publishHead } from '../../functions/history/publish.ts';
import { verifyPage } from '../../functions/history/verify.ts';
import { databaseOf } from '../../workers/env.ts';

export const T0 = Date.parse('2026-11-03T09:00:00Z');
export const HOUR = 3_600_000;
export const K0 = 'B'.repeat(43);
export const K1 = 'A'.repeat(43);
export const RING: Chain['ring'] = { current: 'k1', keys: { k1: K1, k0: K0 } };
export const chain = (over: Partial<Chain> = {}): Chain => ({
  ring: RING,
  now: new Date(T0),
  ...over,
});

export const store = new ObjectStore(inject('bucket'));
export const database = <Result>(work: (db: Database) => Promise<Result>) =>
  withDatabase(databaseOf(env), work);

/** What somebody does who owns the database: the trigger is in their way for one statement only. */
export const tamper = (...statements: ReturnType<typeof sql>[]) =>
  database((db) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`ALTER TABLE history DISABLE TRIGGER history_append_only`);
      for (const statement of statements) await tx.execute(statement);
      await tx.execute(sql`ALTER TABLE history ENABLE TRIGGER history_append_only`);
    }),
  );

export const emptied = () => tamper(sql`TRUNCATE history`, sql`TRUNCATE routing_history`);
export const step = (number: number, over: Partial<HistoryEntry> = {}): HistoryEntry => ({
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
const s3 = new S3Client({
  endpoint: inject('bucket').endpoint,
  region: 'auto',
  forcePathStyle: true,
  credentials: inject('bucket'),
});
export const deleteObject = (key: string) =>
  s3.send(new DeleteObjectCommand({ Bucket: inject('bucket').bucket, Key: key }));
/** Also what other files' sweeps published, at the clock's own days. */
export async function emptyBucket() {
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: inject('bucket').bucket, Prefix: 'history/' }),
  );
  for (const { Key } of Contents) if (Key !== undefined) await deleteObject(Key);
}

export const append = (entry: HistoryEntry, on: Chain = chain()) =>
  database((db) => db.transaction((tx) => appendHistory(tx, on, entry)));
export const write = async (count: number) => {
  await database(async (db) => {
    for (let number = 1; number <= count; number += 1) {
      await db.transaction((tx) => appendHistory(tx, chain(), step(number)));
    }
  });
};

export const DAY = 24 * HOUR;
export const HEAD = 'history/head.json';
export const publish = (nowMs = T0) =>
  database(async (db) => {
    const newest = await newestRow(db);
    if (newest === undefined) throw new Error('nothing to publish');
    const hashAt = async (seq: number) => (await historyAtSeq(db, seq))?.hash;
    return publishHead({ store, ring: RING, newest, nowMs, hashAt });
  });

/** Every page, as the command line asks for them. */
export async function verify(over: { ring?: Chain['ring']; from?: ObjectStore } = {}) {
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
