// What the server notices about an answer from the rest of its session, kept as one feedback event
// for each answer, of the type `detected`. The recorder writes it in the transaction of the answers,
// the sweep once a conversation is over. Whatever the order of delivery, the record ends the same:
// the event's id comes from the answer, and its content from the answers that stand around it.

import { and, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { ImplicitSignals } from '../../core/feedback-values.ts';
import { uuidv5 } from '../../core/ids.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import {
  NOTICED_NAMESPACE,
  nextQuestionSignals,
  noticesNext,
  SESSION_LIFE_MS,
} from '../../core/session-signals.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import type { Queryable } from './connect.ts';
import { feedbackEvents, interactions } from './schema.ts';

type FeedbackConfig = LearningConfig['feedback'];

/** Clients that name no session have none: their questions are not one conversation. */
const inSession = (event: InteractionEvent) => event.session_id !== '';

/**
 * Of two transactions with answers of one session the second must see the first's. Taken before
 * anything else is locked, in one order, so that nobody waits in a circle.
 */
export async function lockSessions(db: Queryable, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length === 0) return;
  await db.execute(sql`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(id, 0) AS key
      FROM jsonb_array_elements_text(${JSON.stringify(sessionIds)}::jsonb) AS id ORDER BY key
    ) AS ordered`);
}

export const sessionsOf = (events: readonly InteractionEvent[], feedback: FeedbackConfig) =>
  noticesNext(feedback) ? events.filter(inSession).map((event) => event.session_id) : [];

const followedSchema = z.object({
  id: z.string(),
  visitorId: z.string(),
  modelVersion: z.string(),
  query: z.string(),
  status: z.enum(['complete', 'partial', 'error']),
  askedAtMs: z.coerce.number(),
  answeredAtMs: z.coerce.number(),
  nextQuery: z.string(),
  nextAskedAtMs: z.coerce.number(),
});

/** The answers that these change something for, themselves and the one before each, with what follows. */
async function followed(db: Queryable, ids: readonly string[]) {
  const { rows } = await db.execute(sql`
    WITH fresh AS (
      SELECT interaction_id, session_id, visitor_id, created_at FROM ${interactions}
      WHERE interaction_id IN (SELECT id::uuid FROM jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) AS id)
    ), touched AS (
      SELECT interaction_id FROM fresh
      UNION
      SELECT before.interaction_id FROM fresh CROSS JOIN LATERAL (
        SELECT earlier.interaction_id FROM ${interactions} AS earlier
        WHERE earlier.session_id = fresh.session_id AND earlier.visitor_id = fresh.visitor_id
          AND (earlier.created_at, earlier.interaction_id) < (fresh.created_at, fresh.interaction_id)
        ORDER BY earlier.created_at DESC, earlier.interaction_id DESC LIMIT 1
      ) AS before
    )
    SELECT held.interaction_id AS id, held.visitor_id AS "visitorId",
      held.model_served AS "modelVersion", held.query, held.status,
      extract(epoch FROM held.created_at) * 1000 AS "askedAtMs",
      extract(epoch FROM held.created_at) * 1000 + held.total_ms AS "answeredAtMs",
      following.query AS "nextQuery",
      extract(epoch FROM following.created_at) * 1000 AS "nextAskedAtMs"
    FROM touched JOIN ${interactions} AS held USING (interaction_id) CROSS JOIN LATERAL (
      SELECT later.query, later.created_at FROM ${interactions} AS later
      WHERE later.session_id = held.session_id AND later.visitor_id = held.visitor_id
        AND (later.created_at, later.interaction_id) > (held.created_at, held.interaction_id)
      ORDER BY later.created_at, later.interaction_id LIMIT 1
    ) AS following
    ORDER BY held.interaction_id`);
  return z.array(followedSchema).parse(rows);
}

export interface Noticed {
  interactionId: string;
  visitorId: string;
  modelVersion: string;
  signals: ImplicitSignals;
  /** When it happened, and when the server could know it. */
  at: Date;
  receivedAt: Date;
}

/** Last in the transaction that holds the sessions' locks: reads what stands after its writes. */
export async function insertNextQuestions(
  db: Queryable,
  events: readonly InteractionEvent[],
  feedback: FeedbackConfig,
): Promise<void> {
  const ids = events.filter(inSession).map((event) => event.interaction_id);
  if (ids.length === 0 || !noticesNext(feedback)) return;
  const noticed: Noticed[] = [];
  for (const row of await followed(db, ids)) {
    const next = { query: row.nextQuery, askedAtMs: row.nextAskedAtMs };
    const signals = nextQuestionSignals(row, next, feedback);
    if (signals === undefined) continue;
    const at = new Date(row.nextAskedAtMs);
    const { id: interactionId, visitorId, modelVersion } = row;
    noticed.push({ interactionId, visitorId, modelVersion, signals, at, receivedAt: at });
  }
  await standAsNoticed(db, noticed);
}

/** What an answer's event says is replaced; one that says nothing is not made for that alone. */
export async function standAsNoticed(db: Queryable, noticed: readonly Noticed[]): Promise<void> {
  const keyed = await Promise.all(
    noticed.map(async (one) => ({
      ...one,
      id: await uuidv5(NOTICED_NAMESPACE, one.interactionId),
      says: Object.keys(one.signals).length > 0,
    })),
  );
  const mute = keyed.filter(({ says }) => !says).map(({ id }) => id);
  if (mute.length > 0) {
    await db
      .update(feedbackEvents)
      .set({ metadata: {} })
      .where(and(inArray(feedbackEvents.id, mute), eq(feedbackEvents.feedbackType, 'detected')));
  }
  const saying = keyed.filter(({ says }) => says);
  if (saying.length === 0) return;
  await db
    .insert(feedbackEvents)
    .values(
      saying
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, interactionId, visitorId, modelVersion, signals, at, receivedAt }) => ({
          id,
          interactionId,
          visitorId,
          modelVersion,
          source: 'implicit' as const,
          feedbackType: 'detected',
          metadata: signals,
          at,
          receivedAt,
        })),
    )
    .onConflictDoUpdate({
      target: feedbackEvents.id,
      set: {
        metadata: sql`excluded.metadata`,
        at: sql`excluded.at`,
        receivedAt: sql`excluded.received_at`,
      },
      setWhere: sql`${feedbackEvents.feedbackType} = 'detected' AND ${feedbackEvents.metadata} <> excluded.metadata`,
    });
}

const leftSchema = z.object({
  eventId: z.string(),
  receivedAt: z.coerce.date(),
  id: z.string(),
  sessionId: z.string(),
  visitorId: z.string(),
  modelVersion: z.string(),
  response: z.string(),
  answeredAt: z.coerce.date(),
});
export type LeftRow = z.infer<typeof leftSchema>;

export interface LeftPage {
  /** Reported from here on; the page's place goes on after `after`. */
  since: Date;
  now: Date;
  after: Pick<LeftRow, 'eventId' | 'receivedAt'> | undefined;
  shortSeconds: number;
  limit: number;
  /** Only these: asked again under their sessions' locks. */
  among?: readonly string[];
}

/** Answers whose conversation is over, looked at for less than `shortSeconds`, not yet decided. */
export async function pageOfLeft(db: Queryable, page: LeftPage): Promise<LeftRow[]> {
  const overBefore = new Date(page.now.getTime() - SESSION_LIFE_MS).toISOString();
  const from = (page.after?.receivedAt ?? page.since).toISOString();
  const afterId = page.after?.eventId ?? '00000000-0000-0000-0000-000000000000';
  const among =
    page.among === undefined
      ? sql`true`
      : sql`held.interaction_id IN (SELECT id::uuid FROM jsonb_array_elements_text(${JSON.stringify(page.among)}::jsonb) AS id)`;
  // Metadata of votes is whatever a page sent; only a report's reading time is known to be a number.
  const readSeconds = sql`CASE WHEN told.feedback_type = 'signals'
    AND jsonb_typeof(told.metadata -> 'read_time_seconds') = 'number'
    THEN (told.metadata ->> 'read_time_seconds')::float8 END`;
  const { rows } = await db.execute(sql`
    SELECT told.event_id AS "eventId", told.received_at AS "receivedAt", held.interaction_id AS id,
      held.session_id AS "sessionId", held.visitor_id AS "visitorId",
      held.model_served AS "modelVersion", held.response,
      held.created_at + held.total_ms * interval '1 millisecond' AS "answeredAt"
    FROM ${feedbackEvents} AS told JOIN ${interactions} AS held USING (interaction_id)
    WHERE (told.received_at, told.event_id) > (${from}::timestamptz, ${afterId}::uuid)
      AND ${readSeconds} < ${page.shortSeconds}
      AND ${among}
      AND held.status = 'complete'
      AND held.created_at + held.total_ms * interval '1 millisecond' < ${overBefore}::timestamptz
      AND NOT EXISTS (
        SELECT 1 FROM ${feedbackEvents} AS known
        WHERE known.interaction_id = held.interaction_id AND known.feedback_type = 'detected')
      AND NOT EXISTS (
        SELECT 1 FROM ${interactions} AS later
        WHERE held.session_id <> '' AND later.session_id = held.session_id
          AND later.visitor_id = held.visitor_id
          AND (later.created_at, later.interaction_id) > (held.created_at, held.interaction_id)
          AND later.created_at <= held.created_at
            + (held.total_ms + ${SESSION_LIFE_MS}) * interval '1 millisecond')
    ORDER BY told.received_at, told.event_id
    LIMIT ${page.limit}`);
  return z.array(leftSchema).parse(rows);
}
