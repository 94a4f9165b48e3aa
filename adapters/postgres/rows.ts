// Many rows in one parameter. Building a placeholder for each value of a batch costs the Worker more than
// the database takes to write it.

import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/**
 * `INSERT` of rows given by column name, in the table's own order; a name left out is null, also where
 * the column has a default. What follows it, such as a conflict clause, is the caller's.
 */
export const insertRows = (
  table: PgTable,
  rows: readonly Readonly<Record<string, unknown>>[],
): SQL =>
  sql`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, ${JSON.stringify(rows)}::jsonb)`;
