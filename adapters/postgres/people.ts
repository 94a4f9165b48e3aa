// Which visitors are one person, as a homepage's server says. Whatever order and however often the
// events are delivered, the earliest stands.

import { sql } from 'drizzle-orm';
import { earliestPeople } from '../../core/people.ts';
import type { IdentityEvent } from '../../core/wire/events.ts';
import type { Queryable } from './connect.ts';
import { visitorPeople } from './schema.ts';

export async function insertPeople(db: Queryable, events: readonly IdentityEvent[]): Promise<void> {
  const rows = earliestPeople(events);
  if (rows.length === 0) return;
  const { visitorId, personId, at } = visitorPeople;
  await db
    .insert(visitorPeople)
    .values(rows)
    .onConflictDoUpdate({
      target: [visitorId],
      set: { personId: sql`excluded.person_id`, at: sql`excluded.at` },
      // By bytes, as core/people.ts compares, whatever the database's collation.
      setWhere: sql`excluded.at < ${at}
        OR (excluded.at = ${at} AND excluded.person_id COLLATE "C" < ${personId} COLLATE "C")`,
    });
}
