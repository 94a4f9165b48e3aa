// Erasing a visitor: at once from the record and from running conversations, then from datasets, in the
// background. The sweep drives what is left; it may stop anywhere and begin again. An erased identity
// stays erased: what still comes under it is answered and never written down.

import type { ObjectStore } from '../../adapters/object-store/index.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  buryVisitor,
  completeErasure,
  type Erasure,
  eraseRecord,
  findErasure,
  noteErasure,
  openErasures,
} from '../../adapters/postgres/erasures.ts';
import { giveLease, takeLease } from '../../adapters/postgres/leases.ts';
import { datasetIds } from '../../adapters/postgres/rewrites.ts';
import { AppError } from '../../core/errors.ts';
import { isPseudonym, PSEUDONYM_MARK, uuidv7 } from '../../core/ids.ts';
import { databaseOf, type Env, randomBytes } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { phrasingId } from '../curation/questions.ts';
import { rewriteDataset } from './rewrite.ts';
import { endSessions } from './sessions.ts';

/** In the request that asks for it; the sweep ends the others. */
const SESSIONS_AT_ONCE = 20;
const SESSIONS_A_SWEEP = 500;
const ERASURES_A_SWEEP = 50;
/** Longer than a sweep can take, and ended by the sweep itself. */
const LEASE_SECONDS = 900;

export interface ErasureOrder {
  visitorId: string;
  /** `visitor`, or which operator. */
  who: string;
  reason: string;
  atMs: number;
}

/**
 * Erases from the record and returns how far it is; for a visitor who was erased before, how far that
 * is. Throws AppError invalid_request for an identity that is not a visitor's.
 */
export async function eraseVisitor(env: Env, order: ErasureOrder): Promise<Erasure> {
  if (order.visitorId === 'operator' || isPseudonym(order.visitorId)) {
    throw new AppError('invalid_request', `${order.visitorId} is not a visitor who can be erased.`);
  }
  return withDatabase(databaseOf(env), async (db) => {
    const { atMs, ...told } = order;
    const standing = await db.transaction((tx) =>
      buryVisitor(tx, {
        ...told,
        id: uuidv7(atMs, randomBytes(10)),
        pseudonym: `${PSEUDONYM_MARK}${uuidv7(atMs, randomBytes(10))}`,
        at: new Date(atMs),
      }),
    );
    return eraseNow(db, env, standing.id, SESSIONS_AT_ONCE);
  });
}

async function eraseNow(db: Database, env: Env, id: string, sessions: number): Promise<Erasure> {
  const row = await db.transaction((tx) => eraseRecord(tx, id, phrasingId));
  if (row === undefined) throw new AppError('not_found', `There is no erasure ${id}.`);
  if (row.visitorId === null || row.sessions.length === 0) return row;
  const left = await endSessions(env, row.visitorId, row.sessions, sessions);
  await noteErasure(db, id, { sessions: left });
  return { ...row, sessions: left };
}

/** Carries every open erasure on; safe to call at any time, one at a time does the work. */
export async function sweepErasures(
  env: Env,
  nowMs: number,
  store: ObjectStore = objectStoreOf(env),
): Promise<void> {
  await withDatabase(databaseOf(env), async (db) => {
    if ((await openErasures(db, 1)).length === 0) return;
    const lease = { name: 'erasures', holder: crypto.randomUUID() };
    if (!(await takeLease(db, lease, LEASE_SECONDS))) return;
    try {
      await carryOn(db, { env, store, at: new Date(nowMs) });
    } finally {
      await giveLease(db, lease);
    }
  });
}

async function carryOn(
  db: Database,
  { env, store, at }: { env: Env; store: ObjectStore; at: Date },
): Promise<void> {
  const open: Erasure[] = [];
  for (const { id } of await openErasures(db, ERASURES_A_SWEEP)) {
    open.push(await eraseNow(db, env, id, SESSIONS_A_SWEEP));
  }
  const erased = open.map(({ id, answers, phrasings }) => ({
    id,
    answers: new Set(answers),
    phrasings: new Set(phrasings),
  }));
  const busy: string[] = [];
  try {
    for (const id of await datasetIds(db)) {
      const result = await rewriteDataset({ db, env, store, at }, id, erased);
      if (result === 'busy') busy.push(id);
    }
  } catch (error) {
    const problem = error instanceof AppError ? error.message : 'A dataset could not be rewritten.';
    for (const { id } of open) await noteErasure(db, id, { problem });
    throw error;
  }
  for (const { id } of open) {
    const row = await findErasure(db, id);
    if (row === undefined) continue;
    if (row.sessions.length === 0) await completeErasure(db, id, at);
    else
      await noteErasure(db, id, { problem: `${row.sessions.length} sessions are not ended yet.` });
  }
}
