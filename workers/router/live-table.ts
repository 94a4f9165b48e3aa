// The routing table as this isolate sees it.

import { readTable } from '../../adapters/routing-table/index.ts';
import { LeasedTable } from '../../adapters/routing-table/leased-table.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { type Env, now, settingsOf } from '../env.ts';

const leased = new LeasedTable();

/** Never throws: see the adapter for what answers when a part is ill. */
export function liveTable(env: Env): Promise<RoutingTable> {
  return leased.read(
    {
      object: () => routingTable(env),
      copy: () => readTable(env.ROUTING_KV),
      baseModel: settingsOf(env).BASE_MODEL,
    },
    now(env),
  );
}
