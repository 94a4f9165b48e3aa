// Exposures: which visitor met which arm of an experiment, once for each stage of a stratum. Written by the
// recorder in the transaction of the answers they come from; whatever order and however often these
// are delivered, the earliest answer stands.

import { sql } from 'drizzle-orm';
import type { InteractionEvent } from '../../core/wire/events.ts';
import type { Queryable } from './connect.ts';
import { insertRows } from './rows.ts';
import { exposures } from './schema.ts';

type Exposure = typeof exposures.$inferInsert;

/** Asked is exposed: a failed answer counts too, or a candidate that fails would lose its evidence. */
export function exposuresOf(events: readonly InteractionEvent[]): Exposure[] {
  const earliest = new Map<string, Exposure>();
  for (const event of events) {
    const { visitor_id, experiment_id, share_bp, arm, created_at } = event;
    if (experiment_id === null || arm === 'none' || typeof share_bp !== 'number') continue;
    const stratum = event.stratum ?? 0;
    const key = JSON.stringify([visitor_id, experiment_id, stratum, share_bp]);
    const known = earliest.get(key);
    if (known !== undefined && known.firstAt.getTime() <= created_at) continue;
    earliest.set(key, {
      visitorId: visitor_id,
      experimentId: experiment_id,
      stratum,
      shareBp: share_bp,
      arm,
      firstAt: new Date(created_at),
    });
  }
  // One order for everyone, so that two batches at once cannot wait for each other's rows.
  return [...earliest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, exposure]) => exposure);
}

export async function insertExposures(
  db: Queryable,
  events: readonly InteractionEvent[],
): Promise<void> {
  const rows = exposuresOf(events);
  if (rows.length === 0) return;
  const written = rows.map((row) => ({
    visitor_id: row.visitorId,
    experiment_id: row.experimentId,
    stratum: row.stratum,
    share_bp: row.shareBp,
    arm: row.arm,
    first_at: row.firstAt.toISOString(),
  }));
  await db.execute(sql`${insertRows(exposures, written)}
    ON CONFLICT (visitor_id, experiment_id, stratum, share_bp)
    DO UPDATE SET first_at = excluded.first_at
    WHERE excluded.first_at < ${exposures.firstAt}`);
}
