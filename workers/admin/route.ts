// Operators' changes to the routing table: checked against the registry, then handed to the routing
// object, which decides and writes.

import type { z } from 'zod';
import { outOfReach, withDatabase } from '../../adapters/postgres/connect.ts';
import { findModel, listRouting } from '../../adapters/postgres/models.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { Meant, RouteCommand } from '../../core/route-commands.ts';
import type { RoutingTable } from '../../core/routing.ts';
import type { routeRequestSchema } from '../../core/wire/admin.ts';
import { checkHasFiles, checkUsable } from '../../functions/registry/models.ts';
import type { RouteChange } from '../../functions/rollout/routing-object.ts';
import { changeTable, routingTable } from '../../functions/rollout/table.ts';
import { databaseOf, type Env, learningOf, now, randomBytes } from '../env.ts';
import { routingView, tableView } from './views.ts';

type RouteRequest = z.infer<typeof routeRequestSchema>;

export async function changeRoute(
  env: Env,
  request: RouteRequest,
  who: string,
): Promise<RoutingTable> {
  const command = await commandOf(env, request);
  const at = now(env);
  const change: RouteChange = {
    request_id: request.request_id ?? uuidv7(at, randomBytes(10)),
    command,
    who,
    reason: request.reason ?? '',
    at,
  };
  return changeTable(env, change);
}

async function commandOf(env: Env, request: RouteRequest): Promise<RouteCommand> {
  const shareBp = request.share === undefined ? undefined : Math.round(request.share * 10_000);
  const meant = {
    ...(request.model_id === undefined ? {} : { modelId: request.model_id }),
    ...(request.experiment_id === undefined ? {} : { experimentId: request.experiment_id }),
  };
  switch (request.action) {
    case 'start': {
      if (request.model_id === undefined) throw missing('start', 'model_id');
      const { model_id: modelId } = request;
      await withDatabase(databaseOf(env), (db) => checkUsable(db, modelId));
      const initial = learningOf(env).ab_testing.initial_traffic_split;
      return {
        action: 'start',
        modelId,
        shareBp: shareBp ?? Math.round(initial * 10_000),
        ...(request.slice === undefined ? {} : { sliceBp: Math.round(request.slice * 10_000) }),
      };
    }
    case 'share':
      if (shareBp === undefined) throw missing('share', 'share');
      return { action: 'share', shareBp, ...meant };
    case 'promote':
      return { action: 'promote', ...meant };
    case 'rollback':
      await checkPredecessor(env, meant);
      return { action: 'rollback', ...meant };
  }
}

const missing = (action: string, field: string) =>
  new AppError('invalid_request', `The action "${action}" needs ${field}.`, {
    details: [`${field}: expected for "${action}"`],
  });

/** Nothing waits for this check when a bad production must go: where the record is out of reach, it goes. */
async function checkPredecessor(env: Env, { modelId, experimentId }: Meant): Promise<void> {
  const { production, previous, experiments } = await routingTable(env);
  const namesProduction = experimentId === undefined && modelId === production;
  if (previous === null || (experiments.length > 0 && !namesProduction)) return;
  const model = await withDatabase(databaseOf(env), (db) => findModel(db, previous)).catch(
    () => undefined,
  );
  if (model) checkHasFiles(model);
}

/** Who is live is known without the record, also right after a change of it. */
export async function routeWithHistory(env: Env, table: RoutingTable) {
  const history = await withDatabase(databaseOf(env), (db) => listRouting(db)).catch(outOfReach);
  return {
    table: tableView(table),
    history: (history ?? []).map(routingView),
    history_read: history !== undefined,
  };
}
