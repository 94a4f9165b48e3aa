// The record. Migrations in migrations/ are generated from this file (npm run db:generate), which hands
// on its other parts. Ids and times are made by callers, as text and timestamptz.

import { isNotNull, isNull, sql } from 'drizzle-orm';
import {
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  pgView,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant } from './schema-columns.ts';

export * from './schema-experiments.ts';
export * from './schema-judging.ts';
export * from './schema-learning.ts';
export * from './schema-operations.ts';

export const visitors = pgTable('visitors', {
  id: text('id').primaryKey(),
  firstSeenAt: instant('first_seen_at').notNull(),
  lastSeenAt: instant('last_seen_at').notNull(),
  /** Since when nothing this visitor says or said may train; null while it may. */
  trainingOptOutAt: instant('training_opt_out_at'),
});

export const systemPrompts = pgTable('system_prompts', {
  version: text('version').primaryKey(),
  body: text('body').notNull(),
});

export const interactions = pgTable(
  'interactions',
  {
    id: uuid('interaction_id').primaryKey(),
    visitorId: text('visitor_id').notNull(),
    sessionId: text('session_id').notNull(),
    traceId: text('trace_id').notNull(),
    query: text('query').notNull(),
    historyTurns: integer('history_turns').notNull(),
    response: text('response').notNull(),
    sources: jsonb('sources').notNull(),
    retrievalPossible: boolean('retrieval_possible').notNull(),
    promptVersion: text('prompt_version').notNull(),
    modelServed: text('model_served').notNull(),
    modelAssigned: text('model_assigned').notNull(),
    arm: text('arm', { enum: ['control', 'treatment', 'none'] }).notNull(),
    experimentId: text('experiment_id'),
    routingVersion: integer('routing_version').notNull(),
    status: text('status', { enum: ['complete', 'partial', 'error'] }).notNull(),
    errorCode: text('error_code'),
    promptTokens: integer('prompt_tokens'),
    completionTokens: integer('completion_tokens'),
    firstTokenMs: integer('first_token_ms'),
    totalMs: integer('total_ms').notNull(),
    trainingOptOut: boolean('training_opt_out').notNull(),
    platform: text('platform', { enum: ['homepage', 'openai'] }).notNull(),
    createdAt: instant('created_at').notNull(),
    assignedFailure: text('assigned_failure'),
    fault: text('fault', { enum: ['model', 'service'] }),
    /** Null outside experiments, and in rows from before stages were kept: those are in no sum. */
    shareBp: integer('share_bp'),
    stratum: integer('stratum'),
    /** Under which of answer_settings it was given; null: the built-in ones. */
    settingsId: text('settings_id'),
    /** Retention took question, answer and sources; the row still counts. */
    textRemovedAt: instant('text_removed_at'),
  },
  (table) => [
    index('interactions_created').on(table.createdAt, table.id),
    index('interactions_model').on(table.modelServed, table.createdAt),
    index('interactions_visitor').on(table.visitorId, table.experimentId),
    index('interactions_session').on(table.sessionId, table.createdAt, table.id),
    index('interactions_with_text').on(table.createdAt).where(isNull(table.textRemovedAt)),
    index('interactions_arrivals')
      .on(table.experimentId, table.arm, table.createdAt)
      .where(isNotNull(table.experimentId)),
  ],
);

export const exposures = pgTable(
  'exposures',
  {
    visitorId: text('visitor_id').notNull(),
    experimentId: text('experiment_id').notNull(),
    /** The experiment's share then, in ten-thousandths. */
    shareBp: integer('share_bp').notNull(),
    stratum: integer('stratum').notNull().default(0),
    arm: text('arm', { enum: ['control', 'treatment'] }).notNull(),
    firstAt: instant('first_at').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.visitorId, table.experimentId, table.stratum, table.shareBp],
    }),
    index('exposures_experiment').on(table.experimentId, table.shareBp, table.arm),
  ],
);

export const feedbackEvents = pgTable(
  'feedback_events',
  {
    id: uuid('event_id').primaryKey(),
    // No foreign key: feedback may be delivered before the answer it belongs to.
    interactionId: uuid('interaction_id').notNull(),
    visitorId: text('visitor_id').notNull(),
    source: text('source', { enum: ['explicit', 'implicit'] }).notNull(),
    feedbackType: text('feedback_type').notNull(),
    feedbackValue: doublePrecision('feedback_value'),
    correctedResponse: text('corrected_response'),
    correctionType: text('correction_type'),
    modelVersion: text('model_version').notNull(),
    metadata: jsonb('metadata').notNull(),
    at: instant('at').notNull(),
    receivedAt: instant('received_at').notNull(),
    reviewStatus: text('review_status', { enum: ['pending', 'accepted', 'rejected'] }),
    reviewedAt: instant('reviewed_at'),
    reviewedBy: text('reviewed_by'),
    reviewNote: text('review_note'),
    textRemovedAt: instant('text_removed_at'),
  },
  (table) => [
    index('feedback_interaction').on(table.interactionId),
    index('feedback_received').on(table.receivedAt),
    index('feedback_review').on(table.reviewStatus, table.receivedAt),
    index('feedback_reviewed').on(table.reviewedAt),
    index('feedback_visitor').on(table.visitorId, table.receivedAt),
    index('feedback_with_text').on(table.receivedAt).where(isNull(table.textRemovedAt)),
  ],
);

export const standingVotes = pgView('standing_votes', {
  kind: text('kind').notNull(),
  interactionId: uuid('interaction_id').notNull(),
  visitorId: text('visitor_id').notNull(),
  eventId: uuid('event_id').notNull(),
  feedbackType: text('feedback_type').notNull(),
  feedbackValue: doublePrecision('feedback_value'),
  at: instant('at').notNull(),
}).as(sql`
  SELECT DISTINCT ON (interaction_id, visitor_id, kind)
         kind, interaction_id, visitor_id, event_id, feedback_type, feedback_value, at
    FROM (SELECT CASE WHEN feedback_type IN ('thumbs_up', 'thumbs_down') THEN 'thumb'
                      ELSE feedback_type END AS kind,
                 interaction_id, visitor_id, event_id, feedback_type, feedback_value, at, received_at
            FROM feedback_events
           WHERE source = 'explicit') AS votes
   ORDER BY interaction_id, visitor_id, kind, at DESC, received_at DESC, event_id DESC`);
