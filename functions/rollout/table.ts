// The routing table as its object holds it: what a decision is made on, never the copies.

import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { callObject } from '../../workers/durable.ts';
import type { Env } from '../../workers/env.ts';

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
