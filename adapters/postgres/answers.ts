// Answers and what was said about them: written by the recorder in batches, read by review,
// lineage and curation. Every insert is idempotent by its key; a batch goes in as one statement of one
// parameter (rows.ts).

import { and, count, desc, eq, gte, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { FeedbackEvent, InteractionEvent, SignalsEvent } from '../../core/wire/events.ts';
import type { Queryable } from './connect.ts';
import { insertRows } from './rows.ts';
import { feedbackEvents, interactions, systemPrompts, visitors } from './schema.ts';

/** In one order everywhere, so that two writers never wait for each other's rows in a circle. */
const byKey =
  <Event>(keyOf: (event: Event) => string) =>
  (a: Event, b: Event) =>
    keyOf(a) < keyOf(b) ? -1 : 1;

/** The ids that are new: a repeated delivery adds none. */
export async function insertInteractions(
  db: Queryable,
  events: readonly InteractionEvent[],
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const rows = events.toSorted(byKey((event) => event.interaction_id)).map((event) => ({
    interaction_id: event.interaction_id,
    visitor_id: event.visitor_id,
    session_id: event.session_id,
    trace_id: event.trace_id,
    query: event.query,
    history_turns: event.history_turns,
    response: event.response,
    sources: event.sources,
    retrieval_possible: event.retrieval_possible,
    prompt_version: event.prompt_version,
    model_served: event.model_served,
    model_assigned: event.model_assigned,
    arm: event.arm,
    experiment_id: event.experiment_id,
    routing_version: event.routing_version,
    status: event.status,
    error_code: event.error_code,
    assigned_failure: event.assigned_failure ?? null,
    fault: event.fault ?? null,
    prompt_tokens: event.prompt_tokens,
    completion_tokens: event.completion_tokens,
    first_token_ms: event.first_token_ms,
    total_ms: event.total_ms,
    training_opt_out: event.training_opt_out,
    platform: event.platform,
    created_at: new Date(event.created_at).toISOString(),
    share_bp: event.share_bp ?? null,
    stratum: event.stratum ?? null,
    settings_id: event.settings_id ?? null,
  }));
  const inserted = await db.execute(sql`${insertRows(interactions, rows)}
    ON CONFLICT DO NOTHING RETURNING interaction_id`);
  const seen = new Map<string, { first: number; last: number }>();
  for (const { visitor_id: id, created_at: at } of events) {
    const known = seen.get(id);
    seen.set(id, {
      first: Math.min(known?.first ?? at, at),
      last: Math.max(known?.last ?? at, at),
    });
  }
  const seenRows = [...seen]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { first, last }]) => ({
      id,
      first_seen_at: new Date(first).toISOString(),
      last_seen_at: new Date(last).toISOString(),
    }));
  await db.execute(sql`${insertRows(visitors, seenRows)}
    ON CONFLICT (id) DO UPDATE SET
      first_seen_at = least(${visitors.firstSeenAt}, excluded.first_seen_at),
      last_seen_at = greatest(${visitors.lastSeenAt}, excluded.last_seen_at)`);
  return new Set(inserted.rows.map((row) => String(row.interaction_id)));
}

export async function insertSystemPrompt(
  db: Queryable,
  version: string,
  body: string,
): Promise<void> {
  await db.insert(systemPrompts).values({ version, body }).onConflictDoNothing();
}

/** `autoAccept` lets a correction train without an operator. */
export async function insertFeedback(
  db: Queryable,
  events: readonly (FeedbackEvent | SignalsEvent)[],
  autoAccept: boolean,
): Promise<void> {
  if (events.length === 0) return;
  const rows = events
    .toSorted(byKey((event) => event.event_id))
    .map((event) => feedbackRow(event, autoAccept));
  await db.execute(sql`${insertRows(feedbackEvents, rows)} ON CONFLICT DO NOTHING`);
}

function feedbackRow(event: FeedbackEvent | SignalsEvent, autoAccept: boolean) {
  const receivedAt = new Date(event.received_at).toISOString();
  const shared = {
    event_id: event.event_id,
    interaction_id: event.interaction_id,
    visitor_id: event.visitor_id,
    model_version: event.model_version,
    received_at: receivedAt,
  };
  if (event.kind === 'signals') {
    return {
      ...shared,
      source: 'implicit',
      feedback_type: 'signals',
      metadata: event.signals,
      at: receivedAt,
    };
  }
  const corrected = event.corrected_response !== null;
  return {
    ...shared,
    source: event.feedback_type === 'abandonment' ? 'implicit' : 'explicit',
    feedback_type: event.feedback_type,
    feedback_value: event.feedback_value,
    corrected_response: event.corrected_response,
    correction_type: event.correction_type,
    metadata: event.metadata,
    at: new Date(event.at).toISOString(),
    review_status: corrected ? (autoAccept ? 'accepted' : 'pending') : null,
    reviewed_at: corrected && autoAccept ? receivedAt : null,
    reviewed_by: corrected && autoAccept ? 'auto_accept' : null,
  };
}

export type ReviewStatus = 'pending' | 'accepted' | 'rejected';

export async function listReviews(db: Queryable, status: ReviewStatus, limit = 200) {
  return db
    .select({
      event_id: feedbackEvents.id,
      interaction_id: feedbackEvents.interactionId,
      query: interactions.query,
      response: interactions.response,
      corrected_response: feedbackEvents.correctedResponse,
      correction_type: feedbackEvents.correctionType,
      metadata: feedbackEvents.metadata,
      model_version: feedbackEvents.modelVersion,
      created_at: feedbackEvents.receivedAt,
      status: feedbackEvents.reviewStatus,
      note: feedbackEvents.reviewNote,
    })
    .from(feedbackEvents)
    .innerJoin(interactions, eq(interactions.id, feedbackEvents.interactionId))
    .where(and(eq(feedbackEvents.reviewStatus, status), isNull(feedbackEvents.textRemovedAt)))
    .orderBy(feedbackEvents.receivedAt, feedbackEvents.id)
    .limit(limit);
}

export interface ReviewDecision {
  eventId: string;
  status: 'accepted' | 'rejected';
  by: string;
  note: string | null;
  at: Date;
}

/** False when no correction that can be read has that id. Deciding again replaces the decision. */
export async function decideReview(db: Queryable, decision: ReviewDecision): Promise<boolean> {
  const updated = await db
    .update(feedbackEvents)
    .set({
      reviewStatus: decision.status,
      reviewedAt: decision.at,
      reviewedBy: decision.by,
      reviewNote: decision.note,
    })
    .where(
      and(
        eq(feedbackEvents.id, decision.eventId),
        inArray(feedbackEvents.reviewStatus, ['pending', 'accepted', 'rejected']),
        isNull(feedbackEvents.textRemovedAt),
      ),
    )
    .returning({ id: feedbackEvents.id });
  return updated.length === 1;
}

export async function countWindow(db: Queryable, from: Date, to: Date) {
  const [answers] = await db
    .select({ total: count() })
    .from(interactions)
    .where(and(gte(interactions.createdAt, from), lt(interactions.createdAt, to)));
  const byType = await db
    .select({ type: feedbackEvents.feedbackType, total: count() })
    .from(feedbackEvents)
    .where(and(gte(feedbackEvents.receivedAt, from), lt(feedbackEvents.receivedAt, to)))
    .groupBy(feedbackEvents.feedbackType);
  const [pending] = await db
    .select({ total: count() })
    .from(feedbackEvents)
    .innerJoin(interactions, eq(interactions.id, feedbackEvents.interactionId))
    .where(eq(feedbackEvents.reviewStatus, 'pending'));
  return {
    interactions: answers?.total ?? 0,
    byType: new Map(byType.map((row) => [row.type, row.total])),
    reviewsPending: pending?.total ?? 0,
  };
}

export async function findInteraction(db: Queryable, id: string) {
  const [row] = await db.select().from(interactions).where(eq(interactions.id, id));
  return row;
}

export async function findFeedback(db: Queryable, eventId: string) {
  const [row] = await db.select().from(feedbackEvents).where(eq(feedbackEvents.id, eventId));
  return row;
}

export async function feedbackOf(db: Queryable, interactionIds: readonly string[]) {
  if (interactionIds.length === 0) return [];
  return db
    .select()
    .from(feedbackEvents)
    .where(inArray(feedbackEvents.interactionId, [...interactionIds]))
    .orderBy(desc(feedbackEvents.at), desc(feedbackEvents.receivedAt), desc(feedbackEvents.id));
}
