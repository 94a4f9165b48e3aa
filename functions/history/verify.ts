// Verification, a page at a time: each row against its signature and its neighbours, and after the
// last page the end of the chain against what was published, and the table that routing is rebuilt
// from against the chain. It changes nothing. It runs where the key is.

import type { ObjectStore } from '../../adapters/object-store/index.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import {
  differingVersions,
  historyAtSeq,
  historyPage,
  newestRow,
} from '../../adapters/postgres/history.ts';
import {
  checkHead,
  checkPage,
  type Damage,
  damage,
  type HeadState,
  serialise,
} from '../../core/history.ts';
import type { KeyRing } from '../../workers/env.ts';
import { signerOf } from './append.ts';
import { type ReadHead, readHeads } from './publish.ts';

export const PAGE_ROWS = 200;
const MOST_VERSIONS = 50;

export interface VerifiedPage {
  checked: number;
  /** Where the next page begins; null after the last one. */
  nextAfter: number | null;
  damage: Damage[];
  /** The end of the chain, on the last page only. */
  end: { seq: number; hash: string | null; head: HeadState; published: number | null } | null;
}

interface Verification {
  db: Database;
  store: ObjectStore;
  ring: KeyRing;
  nowMs: number;
}

/** @param after the last row of the page before; undefined at the beginning */
export async function verifyPage(
  verification: Verification,
  after: number | undefined,
): Promise<VerifiedPage> {
  const { db, ring } = verification;
  const rows = await historyPage(db, after, PAGE_ROWS);
  const before = after === undefined ? undefined : await historyAtSeq(db, after);
  const found = await checkPage(rows, before ?? null, signerOf(ring));
  const last = rows.at(-1);
  if (last !== undefined && rows.length === PAGE_ROWS) {
    return { checked: rows.length, nextAfter: last.seq, damage: found, end: null };
  }
  const { end, damage: atEnd } = await checkEnd(verification);
  const versions = await differingVersions(db, MOST_VERSIONS);
  const projected = versions.map((version) =>
    damage(
      'projection_differs',
      [version, version],
      `version ${version} in routing_history is not what the chain says; the routing object is rebuilt from there`,
    ),
  );
  return {
    checked: rows.length,
    nextAfter: null,
    damage: [...found, ...atEnd, ...projected],
    end,
  };
}

async function checkEnd(
  verification: Verification,
): Promise<{ end: VerifiedPage['end']; damage: Damage[] }> {
  const { db, store, ring, nowMs } = verification;
  const newest = await newestRow(db);
  const seq = newest?.seq ?? 0;
  const at = { seq, hash: newest?.hash ?? null };
  let heads: { key: string; found: ReadHead }[];
  try {
    heads = await readHeads(store, ring, nowMs);
  } catch {
    // Not a damage and not a proof: said as what it is.
    return { end: { ...at, head: 'unreachable', published: null }, damage: [] };
  }
  const found: Damage[] = [];
  const seen = new Set<string>();
  for (const { key, found: head } of heads) {
    const problems = await headProblems(verification, key, head, seq);
    for (const problem of problems) {
      // The newest head and the day's say the same thing.
      const name = `${problem.problem} ${problem.until}`;
      if (!seen.has(name)) found.push(problem);
      seen.add(name);
    }
  }
  const newestHead = heads[0]?.found;
  const published = newestHead?.state === 'signed' ? newestHead.head.seq : null;
  if (newestHead?.state === 'none' && seq > 0) {
    const older = heads.some(({ found: head }) => head.state !== 'none');
    const sentence = older
      ? 'history/head.json is gone from the object store, where heads of single days still lie'
      : 'no head was published yet: rows cut off at the end would not be noticed';
    found.push(damage('head_missing', [seq, seq], sentence));
  }
  return { end: { ...at, head: stateOf(found, published, seq), published }, damage: found };
}

function stateOf(found: readonly Damage[], published: number | null, seq: number): HeadState {
  if (found.some(({ problem }) => problem === 'head_missing')) return 'missing';
  if (found.length > 0) return 'damaged';
  if (seq === 0) return 'none_needed';
  return published !== null && published < seq ? 'behind' : 'matches';
}

async function headProblems(
  { db, ring }: Verification,
  key: string,
  head: ReadHead,
  lastSeq: number,
): Promise<Damage[]> {
  if (head.state === 'none') return [];
  if (head.state === 'forged') {
    return [damage('head_forged', [0, 0], `${key} in the object store is not signed by us`)];
  }
  if (head.state === 'unknown_key') {
    const sentence = `${key} was signed with key ${head.head.keyId}, which TOKEN_KEYS no longer holds`;
    return [damage('key_unknown', [head.head.seq, head.head.seq], sentence)];
  }
  const row = await historyAtSeq(db, head.head.seq);
  if (row === undefined && head.head.seq <= lastSeq) return [];
  // A row that is damaged in itself has been named already.
  if (row !== undefined) {
    const expected = await signerOf(ring)(row.keyId, serialise(row));
    if (expected !== row.hash) return [];
  }
  return checkHead(head.head, { lastSeq, hashAt: row?.hash });
}
