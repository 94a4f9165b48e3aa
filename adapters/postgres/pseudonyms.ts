// Tables in which a visitor counts but need not be known: an experiment's sums must not change when
// somebody is erased. A table with a visitor's id that is not deleted with its visitor belongs here.

import { eq } from 'drizzle-orm';
import type { Queryable } from './connect.ts';
import { experimentVisitors, exposures } from './schema.ts';

const COUNTED = [exposures, experimentVisitors] as const;

/** Puts the pseudonym in the visitor's place wherever only the count matters; returns how often. */
export async function renameVisitor(
  db: Queryable,
  visitorId: string,
  pseudonym: string,
): Promise<number> {
  let renamed = 0;
  for (const table of COUNTED) {
    const rows = await db
      .update(table)
      .set({ visitorId: pseudonym })
      .where(eq(table.visitorId, visitorId))
      .returning({ id: table.visitorId });
    renamed += rows.length;
  }
  return renamed;
}
