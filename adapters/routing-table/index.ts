// The routing table's copy in KV: wide, near, and up to a minute behind. What a request sees of it is
// decided by the isolate's lease (leased-table.ts).

import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';

const KEY = 'routing-table';

export async function writeTable(kv: KVNamespace, table: RoutingTable): Promise<void> {
  await kv.put(KEY, JSON.stringify(table));
}

/** Undefined when nothing is stored or what is stored cannot be read. */
export async function readTable(kv: KVNamespace): Promise<RoutingTable | undefined> {
  const parsed = routingTableSchema.safeParse(await kv.get(KEY, 'json'));
  return parsed.success ? parsed.data : undefined;
}
