// The routing table as one isolate holds it. KV may lag by a minute, so an isolate holds a short lease
// on the routing object's own answer and sees a change within seconds. When the object is out of
// reach KV answers, then the last good table, then the built-in default: never an error.

import { initialTable, type RoutingTable } from '../../core/routing.ts';

const LEASE_MS = 3_000;
const READ_TIMEOUT_MS = 500;

export interface TableSources {
  /** The routing object itself: always right, may be out of reach. */
  object: () => Promise<RoutingTable>;
  /** KV's copy: near, and up to a minute behind. */
  copy: () => Promise<RoutingTable | undefined>;
  baseModel: string;
}

function within<Value>(work: () => Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('timed out')), READ_TIMEOUT_MS);
  return Promise.race([work(), late.promise]).finally(() => clearTimeout(timer));
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
    const fresh = await within(sources.object)
      .catch(() => within(sources.copy))
      .catch(() => undefined);
    // KV may be behind what this isolate has already seen: an older version never wins.
    if (fresh !== undefined && fresh.version >= (this.held?.version ?? 0)) this.held = fresh;
    // Held like any other, or each request of a cold isolate would wait for both time-outs.
    this.held ??= initialTable(sources.baseModel);
    this.leaseUntilMs = nowMs + LEASE_MS;
    return this.held;
  }
}
