// The routing table as its object holds it: what a decision is made on, never the copies, and the one way
// to change it.

import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { callObject } from '../../workers/durable.ts';
import type { Env } from '../../workers/env.ts';
import type { RouteChange } from './routing-object.ts';

/** Straight from the routing object. Throws AppError dependency_unavailable. */
export function routingTable(env: Env): Promise<RoutingTable> {
  return callObject({
    namespace: env.ROUTING,
    name: 'routing',
    path: '/table',
    body: {},
    answer: routingTableSchema,
    timeoutMs: 2_000,
  });
}

/** The table after the change. Throws AppError conflict with the reason where it is refused. */
export function changeTable(env: Env, change: RouteChange): Promise<RoutingTable> {
  return callObject({
    namespace: env.ROUTING,
    name: 'routing',
    path: '/change',
    body: change,
    answer: routingTableSchema,
    timeoutMs: 10_000,
  });
}
