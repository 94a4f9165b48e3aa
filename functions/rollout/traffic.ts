// A step's changes of the routing table. Each first looks whether it is done already, by whatever way,
// so that a repeat, a lost answer or a rebuilt rollout changes nothing twice.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { routedBefore } from '../../adapters/postgres/rollouts.ts';
import { BUCKETS } from '../../core/assignment.ts';
import { AppError } from '../../core/errors.ts';
import type { Pending } from '../../core/rollout/held.ts';
import type { Effect } from '../../core/rollout/state.ts';
import type { RouteCommand } from '../../core/route-commands.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { databaseOf, type Env, now } from '../../workers/env.ts';
import { readSettings } from '../settings/index.ts';
import { sliceBpOf } from './gather.ts';
import { kindOf } from './kind.ts';
import type { RouteChange } from './routing-object.ts';
import { changeTable, routingTable } from './table.ts';

export type Made = { done: true } | { done: false; refused: string; isProduction: boolean };
type Change = Exclude<Effect, { kind: 'tell' }>;

const DONE: Made = { done: true };

/** Throws AppError dependency_unavailable when it cannot be known or made now. */
export async function changeTraffic(env: Env, step: Pending, change: Change): Promise<Made> {
  if (await isDone(env, step, change, await routingTable(env))) return DONE;
  const { row, who, why, reason } = step;
  const body: RouteChange = {
    request_id: `${row.id}:${row.state.step}:${change.kind}`,
    command: await commandOf(env, step, change),
    who,
    reason: why ?? reason,
    // When visitors are answered so, which may be later than it was decided.
    at: now(env),
    told: true,
  };
  try {
    await changeTable(env, body);
    return DONE;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    // Refused; unless somebody made the same change in this moment.
    const table = await routingTable(env);
    if (await isDone(env, step, change, table)) return DONE;
    const { candidate } = row;
    const isProduction = candidate === table.production || candidate === table.settings?.id;
    return { done: false, refused: error.message, isProduction };
  }
}

async function isDone(
  env: Env,
  { row: { id, candidate } }: Pending,
  change: Change,
  table: RoutingTable,
): Promise<boolean> {
  const running = table.experiments.find((one) => one.id === id);
  switch (change.kind) {
    case 'take_off':
      return running === undefined;
    case 'share':
      // Gone, or grown beyond it by hand: the next look finds out and ends the rollout.
      return running === undefined || running.shareBp >= change.shareBp;
    case 'start':
      return running !== undefined || (await before(env, id, candidate)).started;
    case 'promote':
      return running === undefined && (await before(env, id, candidate)).promoted;
    default:
      return change satisfies never;
  }
}

const before = (env: Env, id: string, candidate: string) =>
  withDatabase(databaseOf(env), (db) => routedBefore(db, { id, candidate }));

async function commandOf(
  env: Env,
  { row: { id, candidate } }: Pending,
  change: Change,
): Promise<RouteCommand> {
  switch (change.kind) {
    case 'start': {
      const sliceBp = sliceBpOf(env);
      const slice = sliceBp === BUCKETS ? {} : { sliceBp };
      const { shareBp } = change;
      const tried =
        kindOf(candidate) === 'model'
          ? { modelId: candidate }
          : { settings: await withDatabase(databaseOf(env), (db) => readSettings(db, candidate)) };
      return { action: 'start', ...tried, shareBp, experimentId: id, ...slice };
    }
    case 'share':
      return { action: 'share', shareBp: change.shareBp, experimentId: id };
    case 'promote':
      return {
        action: 'promote',
        experimentId: id,
        ...(change.against === undefined ? {} : { against: change.against }),
      };
    case 'take_off':
      return { action: 'rollback', experimentId: id };
    default:
      return change satisfies never;
  }
}
