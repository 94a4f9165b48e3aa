// The held-out slice follows time: at every sweep what it should be is decided anew, and the routing
// table is changed where that differs. The model that its visitors get next week is loaded this week.

import { readyModels } from '../../adapters/model-server/index.ts';
import { type Queryable, withDatabase } from '../../adapters/postgres/connect.ts';
import { findModel, productionPast } from '../../adapters/postgres/models.ts';
import { flagsOf } from '../../adapters/postgres/rewrites.ts';
import { openWindow } from '../../core/calendar.ts';
import {
  decideHoldout,
  differs,
  type HoldoutFacts,
  heldFrom,
  productionAt,
  type Standing,
} from '../../core/holdout.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { databaseOf, type Env, gatewayOf } from '../../workers/env.ts';
import { ensureBaseModel } from '../registry/models.ts';
import { holdoutSettings } from './held-models.ts';
import { ENGINE } from './record.ts';
import { changeTable, routingTable } from './table.ts';

export async function sweepHoldout(env: Env, atMs: number): Promise<void> {
  const settings = holdoutSettings(env);
  const table = await routingTable(env);
  const { holdout: held } = table;
  if (!settings.enabled && held === undefined) return;
  const wanted = decideHoldout(settings, await gather(env, table, atMs));
  if (!differs(held, wanted)) return;
  await changeTable(env, {
    // The table it was decided on: of two sweeps at once one changes it.
    request_id: `holdout:${table.version}`,
    command: { action: 'hold_out', holdout: wanted },
    who: ENGINE,
    reason: wanted?.reason ?? 'ab_testing.holdout is off',
    at: atMs,
    // In the history and on the pages; nobody need be woken for a week that has passed.
    told: true,
  });
}

async function gather(env: Env, table: RoutingTable, nowMs: number): Promise<HoldoutFacts> {
  const week = openWindow(nowMs);
  const atMs = heldFrom(week, holdoutSettings(env).weeks);
  const { past, standing } = await withDatabase(databaseOf(env), async (db) => {
    await ensureBaseModel(db, env);
    const past = await productionPast(db, table.production, new Date(atMs));
    const model = productionAt(past, atMs);
    return { past, standing: model === null ? null : await standingOf(db, model) };
  });
  const ready = (await readyModels(gatewayOf(env))) ?? null;
  return { nowMs, week, past, standing, ready, held: table.holdout };
}

async function standingOf(db: Queryable, id: string): Promise<Standing | null> {
  const model = await findModel(db, id);
  if (model === undefined) return null;
  return {
    refused: model.status === 'refused',
    flagged: (await flagsOf(db, [id])).has(id),
    prunedAtMs: model.artifactsPrunedAt?.getTime() ?? null,
  };
}
