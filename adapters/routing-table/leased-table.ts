// The routing table as one isolate holds it: under a lease on the routing object, else KV's copy,
// else the last good table, else the built-in default. An answer never waits for a table.

import { initialTable, type RoutingTable } from '../../core/routing.ts';
import { Lease, type LeaseSources } from '../lease/index.ts';

export interface TableSources extends LeaseSources<RoutingTable> {
  baseModel: string;
}

/** One for each isolate. `read` never throws. */
export class LeasedTable {
  private readonly lease = new Lease<RoutingTable>();

  async read(sources: TableSources, nowMs: number): Promise<RoutingTable> {
    return (await this.lease.read(sources, nowMs)) ?? initialTable(sources.baseModel);
  }
}
