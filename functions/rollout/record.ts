// A rollout's steps in the record: the signed row of history that it can be rebuilt from, the row that
// lists read, and what operators are told, all in one transaction. Idempotent by rollout and step.

import { type Transaction, withDatabase } from '../../adapters/postgres/connect.ts';
import { insertLook } from '../../adapters/postgres/experiment-looks.ts';
import { listHistory } from '../../adapters/postgres/history.ts';
import { insertRollout, updateRollout } from '../../adapters/postgres/rollouts.ts';
import { seenAtLook } from '../../core/experiment-view/looks.ts';
import {
  type Held,
  type Pending,
  type RolloutRow,
  rebuilt,
  rolloutRowSchema,
} from '../../core/rollout/held.ts';
import { shareBpOf } from '../../core/rollout/policy.ts';
import type { Effect } from '../../core/rollout/state.ts';
import { databaseOf, type Env, now } from '../../workers/env.ts';
import { appendHistory, chainOf } from '../history/append.ts';
import { notify } from '../notify/outbox.ts';
import type { Seen } from './gather.ts';

export const ENGINE = 'engine';
const HISTORY_KIND = 'experiment';
/** How far back a rebuilt rollout remembers which requests it has carried out. */
const REMEMBERED_ROWS = 50;

interface Entry {
  row: RolloutRow;
  atMs: number;
  who: string;
  why: string | null;
  reason: string;
}

const actionOf = ({ state: { at } }: RolloutRow) => (at.phase === 'ended' ? at.outcome : at.phase);

async function append(tx: Transaction, env: Env, { row, atMs, who, why, reason }: Entry) {
  await appendHistory(tx, chainOf(env, now(env)), {
    key: `experiment:${row.id}:${row.state.step}`,
    kind: HISTORY_KIND,
    action: actionOf(row),
    subject: row.id,
    at: new Date(atMs),
    who,
    reason: why ?? reason,
    summary: `${row.candidate}: ${reason}`,
    body: row,
  });
}

/** The rollout's first row; its object finds it there. */
export async function recordPlanned(
  tx: Transaction,
  env: Env,
  entry: Entry & { requestId: string },
): Promise<void> {
  const { row, atMs, reason, requestId } = entry;
  const { id, candidate, policy, plan, state } = row;
  const at = new Date(atMs);
  await append(tx, env, entry);
  await insertRollout(tx, {
    id,
    requestId,
    candidate,
    policy,
    plan,
    status: state.at.phase,
    state,
    reason,
    createdAt: at,
    updatedAt: at,
    nextLookAt: at,
  });
}

/** One step, and all that is told of it but that an alarm is over. */
export async function recordStep(env: Env, step: Pending): Promise<void> {
  await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      await append(tx, env, step);
      await updateRollout(tx, step.row.id, standingOf(step.row, step));
      for (const effect of step.row.effects) {
        if (effect.kind === 'tell' && effect.urgency !== 'over') await tell(tx, env, step, effect);
      }
    }),
  );
}

/** When everything before it is done. */
export async function recordOver(env: Env, step: Pending): Promise<void> {
  for (const effect of step.row.effects) {
    if (effect.kind !== 'tell' || effect.urgency !== 'over') continue;
    await withDatabase(databaseOf(env), (db) =>
      db.transaction((tx) => tell(tx, env, step, effect)),
    );
  }
}

/** A look that changed nothing, for the lists; it leaves no row in the history. */
export async function recordLook(env: Env, held: Held): Promise<void> {
  const { id, state, reason, nextLookMs } = held;
  await withDatabase(databaseOf(env), (db) =>
    updateRollout(db, id, standingOf({ state, nextLookMs }, { atMs: now(env), reason })),
  );
}

/** What a look saw of each metric, to be drawn: `held` is the rollout that was looked at, as it was before. */
export async function recordSeen(
  env: Env,
  { id, policy, state: { at } }: Pick<Held, 'id' | 'policy' | 'state'>,
  { observed, stratum }: Seen,
): Promise<void> {
  if (!('progress' in at)) return;
  const look = {
    experimentId: id,
    at: new Date(observed.nowMs),
    stratum,
    shareBp: shareBpOf(policy, at.progress.stage),
    metrics: seenAtLook(observed, policy.rules),
  };
  await withDatabase(databaseOf(env), (db) => insertLook(db, look));
}

const standingOf = (
  { state, nextLookMs }: Pick<RolloutRow, 'state' | 'nextLookMs'>,
  { atMs, reason }: { atMs: number; reason: string },
) => ({
  state,
  reason,
  nextLookAt: nextLookMs === null ? null : new Date(nextLookMs),
  updatedAt: new Date(atMs),
});

const tell = (
  tx: Transaction,
  env: Env,
  { row, reason, who, why, atMs }: Pending,
  { urgency }: Extract<Effect, { kind: 'tell' }>,
) =>
  notify(tx, env, {
    kind: 'experiment',
    id: row.id,
    step: row.state.step,
    urgency,
    candidate: row.candidate,
    phase: actionOf(row),
    reason,
    who,
    why,
    at: new Date(atMs),
    nextLookAt: row.nextLookMs === null ? null : new Date(row.nextLookMs),
  });

/** From the history alone; undefined where it knows no such rollout. */
export async function rolloutFromHistory(env: Env, id: string): Promise<Held | undefined> {
  const rows = await withDatabase(databaseOf(env), (db) =>
    listHistory(db, { kind: HISTORY_KIND, subject: id, limit: REMEMBERED_ROWS }),
  );
  const [newest] = rows;
  if (newest === undefined) return undefined;
  const requestIds = rows
    .map(({ body }) => rolloutRowSchema.parse(body).requestId)
    .filter((requestId) => requestId !== null);
  const { who, summary, at } = newest;
  const row = rolloutRowSchema.parse(newest.body);
  const reason = summary.slice(`${row.candidate}: `.length);
  return rebuilt(row, { atMs: at.getTime(), who, reason, requestIds });
}
