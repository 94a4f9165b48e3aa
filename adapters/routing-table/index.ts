// Copies of the routing table. KV is the wide copy and may lag by a minute; an isolate also holds a
// short lease on the object's own answer, so that a change is seen everywhere within seconds. When
// both fail, the last good table answers, then the built-in default: never an error.

import { initialTable, type RoutingTable, routingTableSchema } from '../../core/routing.ts';

const KEY = 'routing-table';
const LEASE_MS = 3_000;
const READ_TIMEOUT_MS = 500;

export async function writeTable(kv: KVNamespace, table: RoutingTable): Promise<void> {
  await kv.put(KEY, JSON.stringify(table));
}

/** Undefined when nothing is stored or what is stored cannot be read. */
export async function readTable(kv: KVNamespace): Promise<RoutingTable | undefined> {
  const parsed = routingTableSchema.safeParse(await kv.get(KEY, 'json'));
  return parsed.success ? parsed.data : undefined;
}

export interface TableSources {
  /** The routing object itself: always right, may be out of reach. */
  object: () => Promise<RoutingTable>;
  kv: KVNamespace;
  baseModel: string;
}

function within<Value>(work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('timed out')), READ_TIMEOUT_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** One for each isolate. `read` never throws. */
export class LeasedTable {
  private held: RoutingTable | undefined;
  private leaseUntilMs = 0;

  async read(sources: TableSources, nowMs: number): Promise<RoutingTable> {
    // A lease further away than it can be was taken before the clock went back: it has ended.
    const leaseLeftMs = this.leaseUntilMs - nowMs;
    if (this.held !== undefined && leaseLeftMs > 0 && leaseLeftMs <= LEASE_MS) return this.held;
    // One request refreshes; the others go on with the held table meanwhile. They do not wait for
    // its promise: a request that is cancelled would take theirs with it.
    this.leaseUntilMs = nowMs + READ_TIMEOUT_MS;
    const fresh = await within(sources.object()).catch(() => this.fromKv(sources.kv));
    // KV may be behind what this isolate has already seen: an older version never wins.
    if (fresh !== undefined && fresh.version >= (this.held?.version ?? 0)) this.held = fresh;
    // Held like any other, or each request of a cold isolate would wait for both time-outs.
    this.held ??= initialTable(sources.baseModel);
    this.leaseUntilMs = nowMs + LEASE_MS;
    return this.held;
  }

  private async fromKv(kv: KVNamespace): Promise<RoutingTable | undefined> {
    return within(readTable(kv)).catch(() => undefined);
  }
}
