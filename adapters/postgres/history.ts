// The history's rows. Only appended: one writer at a time, by a lock that ends with the transaction.
// What a row means and how it is signed is core/history.ts.

import { and, asc, desc, eq, gt, lt, lte, sql } from 'drizzle-orm';
import type { HistoryRow } from '../../core/history.ts';
import type { Queryable, Transaction } from './connect.ts';
import { history, routingHistory } from './schema.ts';

/** Any number, the same for every writer of the chain. */
const CHAIN_LOCK = 4_842_170_421;

/** Until the transaction ends nobody else appends. */
export async function lockChain(tx: Transaction): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${CHAIN_LOCK}::bigint)`);
}

export async function newestRow(db: Queryable): Promise<HistoryRow | undefined> {
  const [row] = await db.select().from(history).orderBy(desc(history.seq)).limit(1);
  return row;
}

export async function insertHistory(tx: Transaction, row: HistoryRow): Promise<void> {
  await tx.insert(history).values(row);
}

export async function findHistory(db: Queryable, key: string): Promise<HistoryRow | undefined> {
  const [row] = await db.select().from(history).where(eq(history.key, key));
  return row;
}

export async function historyAtSeq(db: Queryable, seq: number): Promise<HistoryRow | undefined> {
  const [row] = await db.select().from(history).where(eq(history.seq, seq));
  return row;
}

export interface HistoryFilter {
  kind?: string | undefined;
  subject?: string | undefined;
  /** Only rows with a smaller `seq`. */
  before?: number | undefined;
  limit: number;
}

/** Newest first. */
export async function listHistory(db: Queryable, filter: HistoryFilter): Promise<HistoryRow[]> {
  const { kind, subject, before, limit } = filter;
  return db
    .select()
    .from(history)
    .where(
      and(
        kind === undefined ? undefined : eq(history.kind, kind),
        subject === undefined ? undefined : eq(history.subject, subject),
        before === undefined ? undefined : lt(history.seq, before),
      ),
    )
    .orderBy(desc(history.seq))
    .limit(limit);
}

/** In order, for verification; without `after` from whatever stands first. */
export async function historyPage(
  db: Queryable,
  after: number | undefined,
  limit: number,
): Promise<HistoryRow[]> {
  return db
    .select()
    .from(history)
    .where(after === undefined ? undefined : gt(history.seq, after))
    .orderBy(asc(history.seq))
    .limit(limit);
}

/** The newest row of the kind that had happened by then. */
export async function historyUntil(
  db: Queryable,
  kind: string,
  at: Date,
): Promise<HistoryRow | undefined> {
  const [row] = await db
    .select()
    .from(history)
    .where(and(eq(history.kind, kind), lte(history.at, at)))
    .orderBy(desc(history.seq))
    .limit(1);
  return row;
}

/** The first row of the kind that stands after `seq`. */
export async function historyAfter(
  db: Queryable,
  kind: string,
  seq: number,
): Promise<HistoryRow | undefined> {
  const [row] = await db
    .select()
    .from(history)
    .where(and(eq(history.kind, kind), gt(history.seq, seq)))
    .orderBy(asc(history.seq))
    .limit(1);
  return row;
}

export async function allRouting(db: Queryable) {
  return db.select().from(routingHistory).orderBy(asc(routingHistory.version));
}

/**
 * Versions for which routing_history, from which the routing object is rebuilt, does not say what
 * the chain says; oldest first.
 */
export async function differingVersions(db: Queryable, limit: number): Promise<number[]> {
  const { rows } = await db.execute(sql`
    SELECT coalesce(told.version, (chained.body ->> 'version')::integer) AS version
    FROM routing_history AS told
    FULL JOIN (SELECT * FROM history WHERE kind = 'route') AS chained
      ON chained.key = 'route:' || told.version
    WHERE chained.key IS NULL OR told.version IS NULL
      OR date_trunc('milliseconds', told.at) IS DISTINCT FROM chained.at
      OR (told.who, told.action, told.reason, told.summary)
        IS DISTINCT FROM (chained.who, chained.action, chained.reason, chained.summary)
      OR told.from_table IS DISTINCT FROM chained.body -> 'from'
      OR told.to_table IS DISTINCT FROM chained.body -> 'to'
    ORDER BY 1 LIMIT ${limit}`);
  return rows.map((row) => Number(row.version));
}
