// The newest head outside Postgres: whoever can rewrite the record cannot also cut off its end unseen.
// It is an effect that is compared, not queued: each try brings the store to what the record says, so
// one that failed is made up for by the next. `history/head.json` only moves forward; one head of each
// day is kept as it was.

import { z } from 'zod';
import type { ObjectStore } from '../../adapters/object-store/index.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { historyAtSeq, newestRow } from '../../adapters/postgres/history.ts';
import { type PublishedHead, serialiseHead } from '../../core/history.ts';
import { databaseOf, type Env, type KeyRing, now, settingsOf } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { report } from '../../workers/report.ts';
import { signHistory } from '../../workers/tokens.ts';

const HEAD_KEY = 'history/head.json';
const DAY_MS = 86_400_000;
const TRIES = 4;

export const dayKey = (ms: number) =>
  `history/heads/${new Date(ms).toISOString().slice(0, 10)}.json`;

const headSchema = z.object({
  version: z.literal(1),
  seq: z.int().min(1),
  hash: z.string(),
  at: z.string(),
  key_id: z.string(),
  mac: z.string(),
});

export type ReadHead =
  | { state: 'none' }
  | { state: 'forged' }
  | { state: 'unknown_key'; head: PublishedHead }
  | { state: 'signed'; head: PublishedHead };

async function parseHead(text: string, ring: KeyRing): Promise<ReadHead> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { state: 'forged' };
  }
  const parsed = headSchema.safeParse(value);
  if (!parsed.success) return { state: 'forged' };
  const { key_id: keyId, mac, seq, hash, at } = parsed.data;
  const head = { seq, hash, at, keyId };
  const expected = await signHistory(ring, keyId, serialiseHead(head));
  if (expected === undefined) return { state: 'unknown_key', head };
  return expected === mac ? { state: 'signed', head } : { state: 'forged' };
}

/** The newest head and those of the last days, by key. Throws when the store cannot be reached. */
export async function readHeads(
  store: ObjectStore,
  ring: KeyRing,
  nowMs: number,
  days = 7,
): Promise<{ key: string; found: ReadHead }[]> {
  const read = async (key: string) => {
    const object = await store.read(key);
    const found: ReadHead = object ? await parseHead(object.text, ring) : { state: 'none' };
    return { key, found };
  };
  // A store that is away is asked once.
  const newest = await read(HEAD_KEY);
  const keys = Array.from({ length: days }, (_, ago) => dayKey(nowMs - ago * DAY_MS));
  return [newest, ...(await Promise.all(keys.map(read)))];
}

export type Published = 'published' | 'up_to_date' | 'empty' | 'diverged';

interface Publishing {
  store: ObjectStore;
  ring: KeyRing;
  newest: { seq: number; hash: string };
  nowMs: number;
  /** The hash that the record has at an earlier place. */
  hashAt: (seq: number) => Promise<string | undefined>;
}

/**
 * Never moves a head back, nor onto a chain that does not contain it: such a head is the proof that
 * something was cut off, and stays.
 */
export async function publishHead(publishing: Publishing): Promise<Published> {
  const { nowMs } = publishing;
  const main = await publishTo(HEAD_KEY, publishing);
  if (main === 'diverged') return main;
  const daily = await publishTo(dayKey(nowMs), publishing);
  return main === 'published' || daily === 'published' ? 'published' : daily;
}

async function publishTo(key: string, publishing: Publishing): Promise<Published> {
  const { store, ring, newest, nowMs, hashAt } = publishing;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const object = await store.read(key);
    if (object !== undefined) {
      const standing = await parseHead(object.text, ring);
      if (standing.state === 'forged') return 'diverged';
      if (standing.state !== 'none') {
        const { seq, hash } = standing.head;
        // Not in the record, newer or older than ours: the proof of a cut, which is left alone.
        if ((seq === newest.seq ? newest.hash : await hashAt(seq)) !== hash) return 'diverged';
        if (seq >= newest.seq) return 'up_to_date';
      }
    }
    const head = {
      seq: newest.seq,
      hash: newest.hash,
      at: new Date(nowMs).toISOString(),
      keyId: ring.current,
    };
    const mac = await signHistory(ring, head.keyId, serialiseHead(head));
    const { keyId, ...rest } = head;
    const text = JSON.stringify({ version: 1, ...rest, key_id: keyId, mac }, null, 1);
    if (await store.putIf(key, text, object?.etag)) return 'published';
  }
  return 'up_to_date';
}

/** Compares the record with the store and mends the store. Never throws: the next sweep tries again. */
export async function publishHistory(env: Env): Promise<void> {
  try {
    const ring = settingsOf(env).TOKEN_KEYS;
    const published = await withDatabase(databaseOf(env), async (db) => {
      const newest = await newestRow(db);
      if (newest === undefined) return 'empty';
      return publishHead({
        store: objectStoreOf(env),
        ring,
        newest,
        nowMs: now(env),
        hashAt: async (seq) => (await historyAtSeq(db, seq))?.hash,
      });
    });
    if (published === 'diverged') {
      const detail = 'the published head is not in the record: run bruno history verify';
      console.error(JSON.stringify({ level: 'error', code: 'history_diverged', detail }));
    }
  } catch (cause) {
    report('history_head_unpublished', cause);
  }
}
