// Appending to the history: under the chain's lock, signed, once for each key. Called in the
// transaction of whatever is recorded, so that neither is there without the other.

import type { Database, Transaction } from '../../adapters/postgres/connect.ts';
import {
  allRouting,
  findHistory,
  insertHistory,
  lockChain,
  newestRow,
} from '../../adapters/postgres/history.ts';
import { insertRouting, type RoutingRow } from '../../adapters/postgres/models.ts';
import {
  GENESIS,
  type HistoryEntry,
  type HistoryRow,
  type Signer,
  serialise,
} from '../../core/history.ts';
import { type Env, type KeyRing, settingsOf } from '../../workers/env.ts';
import { signHistory } from '../../workers/tokens.ts';

export interface Chain {
  ring: KeyRing;
  now: Date;
}

export const chainOf = (env: Env, nowMs: number): Chain => ({
  ring: settingsOf(env).TOKEN_KEYS,
  now: new Date(nowMs),
});

export const signerOf =
  (ring: KeyRing): Signer =>
  (keyId, text) =>
    signHistory(ring, keyId, text);

/** Idempotent by key: what stands already stays as it is. Returns the row that stands. */
export async function appendHistory(
  tx: Transaction,
  chain: Chain,
  entry: HistoryEntry,
): Promise<HistoryRow> {
  await lockChain(tx);
  await takeOver(tx, chain);
  return (await findHistory(tx, entry.key)) ?? append(tx, chain, entry);
}

async function append(tx: Transaction, chain: Chain, entry: HistoryEntry): Promise<HistoryRow> {
  const newest = await newestRow(tx);
  const unsigned = {
    ...entry,
    // As jsonb will give it back.
    body: JSON.parse(JSON.stringify(entry.body)),
    seq: (newest?.seq ?? 0) + 1,
    chainedAt: chain.now,
    keyId: chain.ring.current,
    prevHash: newest?.hash ?? GENESIS,
  };
  const hash = await signHistory(chain.ring, unsigned.keyId, serialise(unsigned));
  if (hash === undefined) throw new Error('the key ring does not hold its current key');
  const row = { ...unsigned, hash };
  await insertHistory(tx, row);
  return row;
}

const routeEntry = (row: RoutingRow, takenOver: boolean): HistoryEntry => ({
  key: `route:${row.version}`,
  kind: 'route',
  action: row.action,
  subject: 'routing',
  at: row.at,
  who: row.who,
  reason: row.reason,
  summary: row.summary,
  body: { version: row.version, from: row.from, to: row.to, taken_over: takenOver },
});

/**
 * What was recorded before there was a chain. Nobody can say that it was not changed until then: such
 * rows are marked `taken_over` and are signed from now on. Only an empty chain takes anything over,
 * so that a row slipped into the old table later is not taken for an old one.
 */
async function takeOver(tx: Transaction, chain: Chain): Promise<number> {
  if ((await newestRow(tx)) !== undefined) return 0;
  const old = await allRouting(tx);
  for (const row of old) await append(tx, chain, routeEntry(row, true));
  return old.length;
}

/** At the first sweep after an upgrade, so that it does not wait for the next change. */
export async function takeOverHistory(db: Database, chain: Chain): Promise<number> {
  if ((await newestRow(db)) !== undefined) return 0;
  return db.transaction(async (tx) => {
    await lockChain(tx);
    return takeOver(tx, chain);
  });
}

/** A change of the routing table: the row that the table is rebuilt from, and the chain's. */
export async function recordRoute(tx: Transaction, chain: Chain, row: RoutingRow): Promise<void> {
  // First the chain: an empty one takes over what is there, and this change is not that old.
  await appendHistory(tx, chain, routeEntry(row, false));
  await insertRouting(tx, row);
}
