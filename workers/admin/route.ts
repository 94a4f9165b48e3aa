// Operators' changes to the routing table: checked against the registry, then handed to the routing
// object, which decides and writes.

import type { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findModel, listRouting } from '../../adapters/postgres/models.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { RouteCommand } from '../../core/route-commands.ts';
import type { RoutingTable } from '../../core/routing.ts';
import type { routeRequestSchema } from '../../core/wire/admin.ts';
import type { RouteChange } from '../../functions/rollout/routing-object.ts';
import { changeTable } from '../../functions/rollout/table.ts';
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
      await checkRegistered(env, request.model_id);
      const initial = learningOf(env).ab_testing.initial_traffic_split;
      return {
        action: 'start',
        modelId: request.model_id,
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
      return { action: 'rollback', ...meant };
  }
}

const missing = (action: string, field: string) =>
  new AppError('invalid_request', `The action "${action}" needs ${field}.`, {
    details: [`${field}: expected for "${action}"`],
  });

async function checkRegistered(env: Env, modelId: string): Promise<void> {
  const model = await withDatabase(databaseOf(env), (db) => findModel(db, modelId));
  if (!model) throw new AppError('not_found', `There is no model ${modelId.slice(0, 100)}.`);
  if (model.status === 'refused') {
    throw new AppError('conflict', `Model ${model.id} was refused: ${model.reason}`);
  }
}

export async function routeWithHistory(env: Env, table: RoutingTable) {
  const history = await withDatabase(databaseOf(env), (db) => listRouting(db));
  return { table: tableView(table), history: history.map(routingView) };
}
