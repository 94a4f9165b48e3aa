// What visitors refuse and what age takes away. Both change what is on record; neither its counts,
// which are totals kept apart.

import { and, eq, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Queryable, Transaction } from './connect.ts';
import { erasedAmong } from './erasures.ts';
import { forgetAsker } from './phrasings.ts';
import { feedbackEvents, interactions, judgments, visitors } from './schema.ts';

/** True of an answer that may not train: refused with it, or by its visitor for good. */
export const refusedTraining = sql<boolean>`(${interactions.trainingOptOut} OR EXISTS (
  SELECT FROM visitors v WHERE v.id = ${interactions.visitorId} AND v.training_opt_out_at IS NOT NULL))`;

/** For good and for what was said before; again changes nothing, nor does one who was erased. */
export async function optOutVisitor(
  tx: Transaction,
  visitorId: string,
  at: Date,
  phrasingId: (query: string) => Promise<string>,
): Promise<void> {
  if ((await erasedAmong(tx, [visitorId])).size > 0) return;
  await tx
    .insert(visitors)
    .values({ id: visitorId, firstSeenAt: at, lastSeenAt: at, trainingOptOutAt: at })
    .onConflictDoUpdate({
      target: visitors.id,
      set: {
        trainingOptOutAt: sql`coalesce(${visitors.trainingOptOutAt}, excluded.training_opt_out_at)`,
      },
    });
  const said = await tx
    .update(interactions)
    .set({ trainingOptOut: true })
    .where(and(eq(interactions.visitorId, visitorId), eq(interactions.trainingOptOut, false)))
    .returning({ query: interactions.query });
  const asked = new Set<string>();
  for (const { query } of said) if (query !== '') asked.add(await phrasingId(query));
  await forgetAsker(tx, visitorId, [...asked]);
}

interface RetentionPage {
  /** Everything older loses its words. */
  before: Date;
  at: Date;
  limit: number;
}

/** A page of old answers, and what was said about them, loses its words; returns how many answers did. */
export async function removeAnswerTexts(tx: Transaction, page: RetentionPage): Promise<number> {
  const old = tx
    .select({ id: interactions.id })
    .from(interactions)
    .where(and(lt(interactions.createdAt, page.before), isNull(interactions.textRemovedAt)))
    .orderBy(interactions.createdAt)
    .limit(page.limit);
  const rows = await tx
    .update(interactions)
    .set({ query: '', response: '', sources: [], textRemovedAt: page.at })
    .where(inArray(interactions.id, old))
    .returning({ id: interactions.id });
  if (rows.length === 0) return 0;
  const about = rows.map(({ id }) => id);
  await tx
    .update(feedbackEvents)
    .set(withoutText(page.at))
    .where(and(inArray(feedbackEvents.interactionId, about), isNull(feedbackEvents.textRemovedAt)));
  // A verdict still counts without its quotations; one that was never given is given no more.
  await tx
    .update(judgments)
    .set({
      unsupported: [],
      leaseExpiresAt: null,
      state: sql`CASE WHEN ${judgments.state} IN ('waiting', 'leased') THEN 'none' ELSE ${judgments.state} END`,
    })
    .where(inArray(judgments.interactionId, about));
  return rows.length;
}

/** The same for feedback whose answer is not on record; returns how many. */
export async function removeFeedbackTexts(db: Queryable, page: RetentionPage): Promise<number> {
  const old = db
    .select({ id: feedbackEvents.id })
    .from(feedbackEvents)
    .where(and(lt(feedbackEvents.receivedAt, page.before), isNull(feedbackEvents.textRemovedAt)))
    .orderBy(feedbackEvents.receivedAt)
    .limit(page.limit);
  const rows = await db
    .update(feedbackEvents)
    .set(withoutText(page.at))
    .where(inArray(feedbackEvents.id, old))
    .returning({ id: feedbackEvents.id });
  return rows.length;
}

/** A correction that still waited is rejected, because nobody can read it any more. */
function withoutText(at: Date) {
  const pending = sql`${feedbackEvents.reviewStatus} = 'pending'`;
  return {
    correctedResponse: null,
    metadata: {},
    reviewNote: null,
    textRemovedAt: at,
    reviewStatus: sql`CASE WHEN ${pending} THEN 'rejected' ELSE ${feedbackEvents.reviewStatus} END`,
    reviewedBy: sql`CASE WHEN ${pending} THEN 'retention' ELSE ${feedbackEvents.reviewedBy} END`,
    reviewedAt: sql`CASE WHEN ${pending} THEN ${at}::timestamptz ELSE ${feedbackEvents.reviewedAt} END`,
  };
}
