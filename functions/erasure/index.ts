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
import { type RewriteContext, rewriteDataset } from './rewrite.ts';
import { type Effort, endSessions } from './sessions.ts';

/** In the request that asks for it; the sweep ends the others. */
const SESSIONS_AT_ONCE = 20;
const ENDING_MS = 30_000;
const SESSIONS_A_SWEEP = 500;
const ERASURES_AT_ONCE = 50;
/** After it no more erasures are begun, and no more sessions ended. */
const SWEEP_MS = 600_000;
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
    const effort = { most: SESSIONS_AT_ONCE, untilMs: Date.now() + ENDING_MS };
    return eraseNow(db, env, { id: standing.id, at: new Date(atMs), effort });
  });
}

interface Step {
  id: string;
  at: Date;
  effort: Effort;
}

async function eraseNow(db: Database, env: Env, { id, at, effort }: Step): Promise<Erasure> {
  const row = await db.transaction(async (tx) => {
    const erased = await eraseRecord(tx, id, phrasingId);
    if (erased === undefined || hasTraces(erased)) return erased;
    // Nothing to look for in any session or dataset.
    await completeErasure(tx, id, at);
    return findErasure(tx, id);
  });
  if (row === undefined) throw new AppError('not_found', `There is no erasure ${id}.`);
  if (row.visitorId === null || row.sessions.length === 0) return row;
  const left = await endSessions(env, row.visitorId, row.sessions, effort);
  await noteErasure(db, id, { sessions: left });
  return { ...row, sessions: left };
}

const hasTraces = ({ answers, sessions, phrasings }: Erasure) =>
  answers.length + sessions.length + phrasings.length > 0;

/** Carries every open erasure on; safe to call at any time, one at a time does the work. */
export async function sweepErasures(
  env: Env,
  nowMs: number,
  store: ObjectStore = objectStoreOf(env),
): Promise<void> {
  const untilMs = Date.now() + SWEEP_MS;
  await withDatabase(databaseOf(env), async (db) => {
    const lease = { name: 'erasures', holder: crypto.randomUUID() };
    const ids = await openErasures(db, lease.holder);
    if (ids.length === 0) return;
    if (!(await takeLease(db, lease, LEASE_SECONDS))) return;
    try {
      await carryAllOn({ db, env, store, at: new Date(nowMs) }, ids, untilMs);
    } finally {
      await giveLease(db, lease);
    }
  });
}

/** None that fails keeps the others from their turn; the first failure is thrown at the end. */
async function carryAllOn(context: RewriteContext, ids: readonly string[], untilMs: number) {
  const failures: unknown[] = [];
  const effort = { most: SESSIONS_A_SWEEP, untilMs };
  const attempt = async (some: readonly string[]) => {
    if (Date.now() >= untilMs) return true;
    try {
      await carryOn(context, some, effort);
      return true;
    } catch (error) {
      failures.push(error);
      return false;
    }
  };
  for (let start = 0; start < ids.length; start += ERASURES_AT_ONCE) {
    const some = ids.slice(start, start + ERASURES_AT_ONCE);
    if ((await attempt(some)) || some.length === 1) continue;
    for (const id of some) await attempt([id]);
  }
  if (failures.length > 0) throw failures[0];
}

async function carryOn(context: RewriteContext, ids: readonly string[], effort: Effort) {
  const { db, env, at } = context;
  const open: Erasure[] = [];
  for (const id of ids) {
    const row = await eraseNow(db, env, { id, at, effort });
    if (row.state !== 'complete') open.push(row);
  }
  if (open.length === 0) return;
  const erased = open.map(({ id, answers, phrasings }) => ({
    id,
    answers: new Set(answers),
    phrasings: new Set(phrasings),
  }));
  const busy: string[] = [];
  try {
    for (const id of await datasetIds(db)) {
      if ((await rewriteDataset(context, id, erased)) === 'busy') busy.push(id);
    }
  } catch (error) {
    const problem = error instanceof AppError ? error.message : 'A dataset could not be rewritten.';
    for (const { id } of open) await noteErasure(db, id, { problem });
    throw error;
  }
  for (const { id } of open) {
    const row = await findErasure(db, id);
    if (row === undefined) continue;
    const problem = problemOf(row, busy);
    if (problem === null) await completeErasure(db, id, at);
    else await noteErasure(db, id, { problem });
  }
}

function problemOf({ sessions }: Erasure, busy: readonly string[]): string | null {
  if (sessions.length > 0) return `${sessions.length} sessions are not ended yet.`;
  return busy.length > 0 ? `Under way, and may hold some of it: dataset ${busy.join(', ')}.` : null;
}
