// Work that only one may do at a time, across isolates. By the database's clock, because a lease must
// not end when a local clock is moved.

import { and, eq, lt, sql } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { workLeases } from './schema.ts';

interface Lease {
  name: string;
  holder: string;
}

/** False while another holder has it. Its own holder renews it. */
export async function takeLease(db: Queryable, lease: Lease, seconds: number): Promise<boolean> {
  const until = sql`now() + ${`${seconds} seconds`}::interval`;
  const rows = await db
    .insert(workLeases)
    .values({ ...lease, until })
    .onConflictDoUpdate({
      target: workLeases.name,
      set: { holder: lease.holder, until },
      setWhere: sql`${lt(workLeases.until, sql`now()`)} OR ${eq(workLeases.holder, lease.holder)}`,
    })
    .returning({ holder: workLeases.holder });
  return rows.length === 1;
}

export async function giveLease(db: Queryable, { name, holder }: Lease): Promise<void> {
  await db.delete(workLeases).where(and(eq(workLeases.name, name), eq(workLeases.holder, holder)));
}
