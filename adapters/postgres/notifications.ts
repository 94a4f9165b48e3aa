// The outbox. Rows are written once by their id, claimed by one sender at a time and kept: they are
// also what `bruno notify list` shows.

import { and, count, desc, eq, gte, inArray, or, sql } from 'drizzle-orm';
import type { Database, Queryable } from './connect.ts';
import { notifications } from './schema.ts';

export type NotificationRow = typeof notifications.$inferSelect;
export type Channel = NotificationRow['channel'];
export type NotificationState = NotificationRow['state'];
export type NewNotification = Pick<
  NotificationRow,
  'id' | 'channel' | 'kind' | 'subject' | 'title' | 'payload' | 'createdAt'
>;

/** Idempotent by id. */
export async function insertNotifications(
  db: Queryable,
  messages: readonly NewNotification[],
): Promise<void> {
  if (messages.length === 0) return;
  await db
    .insert(notifications)
    .values(
      messages.map((message) => ({
        ...message,
        state: 'pending' as const,
        attempts: 0,
        nextAt: message.createdAt,
      })),
    )
    .onConflictDoNothing();
}

export interface ClaimTerms {
  channel: Channel;
  now: Date;
  /** Nothing is sent to the channel within this time of the last attempt. */
  paceMs: number;
  /** If the sender dies, the message is free again after this. */
  leaseMs: number;
}

export type Claimed =
  | { state: 'claimed'; row: NotificationRow }
  | { state: 'paced'; waitMs: number }
  | { state: 'nothing' };

/**
 * The oldest message that is due; one that waits holds back later ones of its subject, so that an
 * alert is not resolved before it is raised. Senders of one channel claim one after the other.
 */
export async function claimNotification(db: Database, terms: ClaimTerms): Promise<Claimed> {
  const { channel, now, paceMs, leaseMs } = terms;
  return db.transaction(async (tx): Promise<Claimed> => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext(${`notifications ${channel}`}))`);
    const [last] = await tx
      .select({ atMs: sql<string | null>`extract(epoch FROM max(tried_at)) * 1000` })
      .from(notifications)
      .where(eq(notifications.channel, channel));
    const [due] = await tx
      .select({ id: notifications.id })
      .from(notifications)
      .where(
        sql`${notifications.channel} = ${channel} AND state = 'pending' AND next_at <= ${now}
          AND NOT EXISTS (
            SELECT 1 FROM notifications AS earlier
            WHERE earlier.channel = ${notifications.channel} AND earlier.state = 'pending'
              AND earlier.subject = ${notifications.subject}
              AND earlier.ordinal < ${notifications.ordinal})`,
      )
      .orderBy(notifications.ordinal)
      .limit(1);
    if (due === undefined) return { state: 'nothing' };
    const lastMs = last?.atMs ?? null;
    const waitMs = lastMs === null ? 0 : Number(lastMs) + paceMs - now.getTime();
    // Further than the pace ahead is a clock that was moved, not a message just sent.
    if (waitMs > 0 && waitMs <= paceMs) return { state: 'paced', waitMs };
    const [row] = await tx
      .update(notifications)
      .set({
        attempts: sql`attempts + 1`,
        triedAt: now,
        nextAt: new Date(now.getTime() + leaseMs),
      })
      .where(eq(notifications.id, due.id))
      .returning();
    return row === undefined ? { state: 'nothing' } : { state: 'claimed', row };
  });
}

export type Settled =
  | { state: 'sent'; at: Date }
  | { state: 'pending'; nextAt: Date; error: string }
  | { state: 'failed'; error: string };

/** By the attempt that it belongs to: a sender that woke late changes nothing. */
export async function settleNotification(
  db: Queryable,
  claimed: Pick<NotificationRow, 'id' | 'attempts'>,
  settled: Settled,
): Promise<void> {
  await db
    .update(notifications)
    .set({
      state: settled.state,
      ...(settled.state === 'sent'
        ? { sentAt: settled.at, lastError: null }
        : { lastError: settled.error }),
      ...(settled.state === 'pending' ? { nextAt: settled.nextAt } : {}),
    })
    .where(
      and(
        eq(notifications.id, claimed.id),
        eq(notifications.attempts, claimed.attempts),
        eq(notifications.state, 'pending'),
      ),
    );
}

/** Newest first. */
export async function listNotifications(
  db: Queryable,
  filter: { state?: NotificationState | undefined; limit: number },
): Promise<NotificationRow[]> {
  return db
    .select()
    .from(notifications)
    .where(filter.state === undefined ? undefined : eq(notifications.state, filter.state))
    .orderBy(desc(notifications.ordinal))
    .limit(filter.limit);
}

export async function findNotifications(
  db: Queryable,
  ids: readonly string[],
): Promise<NotificationRow[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(notifications)
    .where(inArray(notifications.id, [...ids]))
    .orderBy(notifications.ordinal);
}

/** The newest message of the kind, on any channel. */
export async function newestOfKind(
  db: Queryable,
  kind: string,
): Promise<NotificationRow | undefined> {
  const [row] = await db
    .select()
    .from(notifications)
    .where(eq(notifications.kind, kind))
    .orderBy(desc(notifications.ordinal))
    .limit(1);
  return row;
}

export async function hasNotification(
  db: Queryable,
  about: { kind: string; subject: string },
): Promise<boolean> {
  const [row] = await db
    .select({ id: notifications.id })
    .from(notifications)
    .where(and(eq(notifications.kind, about.kind), eq(notifications.subject, about.subject)))
    .limit(1);
  return row !== undefined;
}

/** How many wait, and how many were sent or given up since then. */
export async function countNotifications(
  db: Queryable,
  since: Date,
): Promise<Record<NotificationState, number>> {
  const rows = await db
    .select({ state: notifications.state, total: count() })
    .from(notifications)
    .where(or(eq(notifications.state, 'pending'), gte(notifications.createdAt, since)))
    .groupBy(notifications.state);
  const of = (state: NotificationState) => rows.find((row) => row.state === state)?.total ?? 0;
  return { pending: of('pending'), sent: of('sent'), failed: of('failed') };
}
