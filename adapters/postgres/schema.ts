// The record. Migrations in migrations/ are generated from this file (npm run db:generate).
// Ids and times are made by callers, as text and timestamptz; embeddings have the 384 dimensions of
// all-MiniLM-L6-v2.

import { isNotNull, isNull, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  pgView,
  primaryKey,
  serial,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
  vector,
} from 'drizzle-orm/pg-core';

const whole = (name: string) => bigint(name, { mode: 'bigint' });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const EMBEDDING_DIMENSIONS = 384;

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

/** Who met which arm, once for each stage of an experiment: the denominator of every comparison. */
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
    index('feedback_visitor').on(table.visitorId),
    index('feedback_with_text').on(table.receivedAt).where(isNull(table.textRemovedAt)),
  ],
);

/**
 * One standing vote for each kind, visitor and answer: the latest by (at, event_id), whatever the order
 * of delivery. The history stays in feedback_events. `standingVotes` in core/ says the same.
 */
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
                 interaction_id, visitor_id, event_id, feedback_type, feedback_value, at
            FROM feedback_events
           WHERE source = 'explicit') AS votes
   ORDER BY interaction_id, visitor_id, kind, at DESC, event_id DESC`);
/** Messages the recorder could not write, kept until an operator sends them again. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    /** Made from the body, so that the same message has one row however it came. */
    id: uuid('id').primaryKey(),
    reason: text('reason').notNull(),
    /** JSON as text: what Postgres refuses as jsonb may be the very reason why it is here. */
    body: text('body').notNull(),
    kind: text('kind'),
    interactionId: text('interaction_id'),
    /** Whose it is, where that can be told: an erasure takes it along. */
    visitorId: text('visitor_id'),
    /** The delivery that last brought it here: the same one twice is not a second failure. */
    messageId: text('message_id').notNull(),
    attempts: integer('attempts').notNull(),
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull(),
    status: text('status', { enum: ['waiting', 'replayed'] }).notNull(),
    replayedAt: instant('replayed_at'),
    replayedBy: text('replayed_by'),
  },
  (table) => [
    index('dead_letters_status').on(table.status, table.firstAt, table.id),
    index('dead_letters_visitor').on(table.visitorId),
  ],
);

export const questionGroups = pgTable('question_groups', {
  id: text('id').primaryKey(),
  ordinal: serial('ordinal').notNull(),
  topic: text('topic').notNull(),
  split: text('split', { enum: ['train', 'validation', 'test'] }).notNull(),
  firstSeenAt: instant('first_seen_at').notNull(),
});

export const questionPhrasings = pgTable(
  'question_phrasings',
  {
    id: text('id').primaryKey(),
    groupId: text('group_id')
      .notNull()
      .references(() => questionGroups.id),
    /** Null, as the embedding is, once nobody is left whose question it may be kept as. */
    text: text('text'),
    embedding: vector('embedding', { dimensions: EMBEDDING_DIMENSIONS }),
    ordinalInGroup: integer('ordinal_in_group').notNull(),
    split: text('split', { enum: ['train', 'validation', 'test'] }).notNull(),
    firstSeenAt: instant('first_seen_at').notNull(),
  },
  (table) => [
    index('phrasings_nearest').using('hnsw', table.embedding.op('vector_cosine_ops')),
    uniqueIndex('phrasings_place').on(table.groupId, table.ordinalInGroup),
  ],
);

/** Who asked a phrasing, last when: without any of them its text goes. */
export const phrasingAskers = pgTable(
  'phrasing_askers',
  {
    phrasingId: text('phrasing_id')
      .notNull()
      .references(() => questionPhrasings.id),
    visitorId: text('visitor_id').notNull(),
    askedAt: instant('asked_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.phrasingId, table.visitorId] }),
    index('askers_visitor').on(table.visitorId),
  ],
);

export const datasets = pgTable('datasets', {
  id: text('id').primaryKey(),
  windowStart: instant('window_start').notNull(),
  windowEnd: instant('window_end').notNull(),
  status: text('status', { enum: ['curating', 'ready', 'too_small'] }).notNull(),
  counts: jsonb('counts').notNull(),
  files: jsonb('files').notNull(),
  manifestSha256: text('manifest_sha256'),
  createdAt: instant('created_at').notNull(),
  /** Rises when an erasure takes examples out of it. */
  revision: integer('revision').notNull().default(1),
  /** Keys of objects that are to be deleted, unless `files` names them. */
  superseded: jsonb('superseded').notNull().default([]),
});

export const datasetMembers = pgTable(
  'dataset_members',
  {
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
    interactionId: uuid('interaction_id').notNull(),
    phrasingId: text('phrasing_id').notNull(),
    source: text('source', { enum: ['praise', 'correction'] }).notNull(),
    feedbackEventId: uuid('feedback_event_id'),
    split: text('split').notNull(),
    qualityRaw: doublePrecision('quality_raw').notNull(),
    replayedFrom: text('replayed_from'),
  },
  (table) => [
    primaryKey({ columns: [table.datasetId, table.interactionId, table.source] }),
    index('members_interaction').on(table.interactionId),
  ],
);

export const datasetPairs = pgTable(
  'dataset_pairs',
  {
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
    id: text('pair_id').notNull(),
    chosenInteractionId: uuid('chosen_interaction_id').notNull(),
    rejectedInteractionId: uuid('rejected_interaction_id').notNull(),
    source: text('source').notNull(),
    margin: doublePrecision('margin').notNull(),
    split: text('split').notNull(),
  },
  (table) => [primaryKey({ columns: [table.datasetId, table.id] })],
);

export const trainingJobs = pgTable(
  'training_jobs',
  {
    id: uuid('id').primaryKey(),
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
    iteration: integer('iteration').notNull(),
    modelId: text('model_id').notNull(),
    base: text('base').notNull(),
    parent: text('parent').notNull(),
    status: text('status', {
      enum: ['queued', 'leased', 'succeeded', 'refused', 'failed', 'cancelled'],
    }).notNull(),
    attempt: integer('attempt').notNull(),
    maxAttempts: integer('max_attempts').notNull(),
    agentId: text('agent_id'),
    leaseExpiresAt: instant('lease_expires_at'),
    cancelRequested: boolean('cancel_requested').notNull(),
    hasCheckpoint: boolean('has_checkpoint').notNull(),
    progress: jsonb('progress'),
    verdict: jsonb('verdict'),
    error: jsonb('error'),
    losses: jsonb('losses'),
    createdAt: instant('created_at').notNull(),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    uniqueIndex('jobs_model').on(table.modelId),
    index('jobs_queue').on(table.status, table.createdAt),
  ],
);

export const models = pgTable('models', {
  id: text('id').primaryKey(),
  display: text('display').notNull(),
  base: text('base').notNull(),
  parent: text('parent'),
  datasetId: text('dataset_id'),
  jobId: uuid('job_id'),
  status: text('status', { enum: ['base', 'registered', 'refused'] }).notNull(),
  reason: text('reason').notNull(),
  metrics: jsonb('metrics').notNull(),
  artifacts: jsonb('artifacts').notNull(),
  gitCommit: text('git_commit'),
  createdAt: instant('created_at').notNull(),
});

/** What an operator must know about a model beside its measurements. */
export const modelFlags = pgTable(
  'model_flags',
  {
    modelId: text('model_id')
      .notNull()
      .references(() => models.id),
    datasetId: text('dataset_id').notNull(),
    erasureId: uuid('erasure_id').notNull(),
    reason: text('reason').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.modelId, table.erasureId, table.datasetId] })],
);

/**
 * One row for each visitor who was erased: the tombstone that the recorder honours, and the state of
 * the work. Who it was stands in it only until that work is done.
 */
export const erasures = pgTable(
  'erasures',
  {
    id: uuid('id').primaryKey(),
    visitorHash: text('visitor_hash').notNull(),
    visitorId: text('visitor_id'),
    /** Random; stands in the visitor's place where only the count of visitors matters. */
    pseudonym: text('pseudonym').notNull(),
    at: instant('at').notNull(),
    who: text('who').notNull(),
    reason: text('reason').notNull(),
    state: text('state', { enum: ['requested', 'rewriting', 'complete'] }).notNull(),
    /** Ids of what is gone from the record and not yet from sessions and datasets. */
    answers: jsonb('answers').notNull(),
    sessions: jsonb('sessions').notNull(),
    phrasings: jsonb('phrasings').notNull(),
    counts: jsonb('counts').notNull(),
    problem: text('problem'),
    completedAt: instant('completed_at'),
  },
  (table) => [
    uniqueIndex('erasures_visitor').on(table.visitorHash),
    index('erasures_state').on(table.state, table.at),
  ],
);

/** Work that only one may do at a time, until when, by the database's own clock. */
export const workLeases = pgTable('work_leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  until: instant('until').notNull(),
});

export const routingHistory = pgTable('routing_history', {
  version: integer('version').primaryKey(),
  at: instant('at').notNull(),
  who: text('who').notNull(),
  action: text('action').notNull(),
  reason: text('reason').notNull(),
  summary: text('summary').notNull(),
  from: jsonb('from_table').notNull(),
  to: jsonb('to_table').notNull(),
});

/** To the millisecond, as JavaScript has it: what is signed must be what is stored. */
const exactInstant = (name: string) =>
  timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/**
 * What was decided, when, by whom and why: one chain of rows, each signed over itself and the one
 * before (core/history.ts). A trigger in its migration refuses every UPDATE, DELETE and TRUNCATE.
 */
export const history = pgTable(
  'history',
  {
    seq: integer('seq').primaryKey(),
    /** Idempotency: `route:12`, later `experiment:ID:STEP`. */
    key: text('key').notNull(),
    kind: text('kind').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    /** When it happened, and when it was written into the chain. */
    at: exactInstant('at').notNull(),
    chainedAt: exactInstant('chained_at').notNull(),
    who: text('who').notNull(),
    reason: text('reason').notNull(),
    summary: text('summary').notNull(),
    body: jsonb('body').notNull(),
    keyId: text('key_id').notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [
    uniqueIndex('history_key').on(table.key),
    // Two rows never follow the same one: the chain cannot fork, whatever its writers do.
    uniqueIndex('history_prev').on(table.prevHash),
    index('history_kind').on(table.kind, table.seq),
  ],
);

/** The outbox: what Slack and PagerDuty are told, written in the transaction that causes it. */
export const notifications = pgTable(
  'notifications',
  {
    /** Idempotency: the channel and what it is about. */
    id: text('id').primaryKey(),
    ordinal: serial('ordinal').notNull(),
    channel: text('channel', { enum: ['slack', 'pagerduty'] }).notNull(),
    kind: text('kind').notNull(),
    /** Messages of one subject are delivered in their order. */
    subject: text('subject').notNull(),
    title: text('title').notNull(),
    payload: jsonb('payload').notNull(),
    state: text('state', { enum: ['pending', 'sent', 'failed'] }).notNull(),
    attempts: integer('attempts').notNull(),
    createdAt: instant('created_at').notNull(),
    nextAt: instant('next_at').notNull(),
    triedAt: instant('tried_at'),
    sentAt: instant('sent_at'),
    lastError: text('last_error'),
  },
  (table) => [
    index('notifications_due').on(table.channel, table.state, table.nextAt),
    index('notifications_order').on(table.ordinal),
    index('notifications_kind').on(table.kind, table.ordinal),
  ],
);

export const agents = pgTable('agents', {
  id: text('id').primaryKey(),
  seenAt: instant('seen_at').notNull(),
});

/** Keys of homepages' own servers. Of the secret only its hash is kept; a revoked key stays. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** Before the colon of every visitor id that this key's users get; keys may share it. */
    prefix: text('prefix').notNull(),
    secretSha256: text('secret_sha256').notNull(),
    scopes: text('scopes').array().notNull(),
    createdAt: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    revokedBy: text('revoked_by'),
    revokeReason: text('revoke_reason'),
    /** Of the request that made it: the same request twice makes one key. */
    requestId: uuid('request_id').notNull(),
  },
  (table) => [uniqueIndex('api_keys_request').on(table.requestId)],
);

/** Which visitors a homepage says are one person of its own. Assignment never looks here. */
export const visitorPeople = pgTable(
  'visitor_people',
  {
    visitorId: text('visitor_id').primaryKey(),
    personId: text('person_id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('visitor_people_person').on(table.personId)],
);

/**
 * Running totals for GET /metrics, kept by triggers on interactions and feedback_events (in their
 * migration): what a scrape reads does not grow with traffic, and a row counts in the transaction
 * that writes it, once. `shard` keeps concurrent writers off one row; totals are sums over it.
 */
export const metricTotals = pgTable(
  'metric_totals',
  {
    metric: text('metric').notNull(),
    labels: jsonb('labels').notNull(),
    shard: smallint('shard').notNull(),
    total: doublePrecision('total').notNull(),
  },
  (table) => [primaryKey({ columns: [table.metric, table.labels, table.shard] })],
);

const experimentArm = (name: string) => text(name, { enum: ['control', 'treatment'] });

/** What each visitor gave to each metric at each stage: n exposures, y events. Counted anew from the record. */
export const experimentVisitors = pgTable(
  'experiment_visitors',
  {
    visitorId: text('visitor_id').notNull(),
    experimentId: text('experiment_id').notNull(),
    stratum: integer('stratum').notNull(),
    shareBp: integer('share_bp').notNull(),
    arm: experimentArm('arm').notNull(),
    metric: text('metric').notNull(),
    n: integer('n').notNull(),
    y: integer('y').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_visitors_pk',
      columns: [
        table.visitorId,
        table.experimentId,
        table.stratum,
        table.shareBp,
        table.arm,
        table.metric,
      ],
    }),
  ],
);

/** Running sums over experiment_visitors, kept with it in one transaction: see core/experiment-sums.ts. */
export const experimentTotals = pgTable(
  'experiment_totals',
  {
    experimentId: text('experiment_id').notNull(),
    metric: text('metric').notNull(),
    stratum: integer('stratum').notNull(),
    shareBp: integer('share_bp').notNull(),
    arm: experimentArm('arm').notNull(),
    users: whole('users').notNull(),
    n: whole('n').notNull(),
    y: whole('y').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_totals_pk',
      columns: [table.experimentId, table.metric, table.stratum, table.shareBp, table.arm],
    }),
  ],
);

/** Distinct users of an arm over all stages of a stratum: a user who stays in it counts once. */
export const experimentArmUsers = pgTable(
  'experiment_arm_users',
  {
    experimentId: text('experiment_id').notNull(),
    metric: text('metric').notNull(),
    stratum: integer('stratum').notNull(),
    arm: experimentArm('arm').notNull(),
    users: whole('users').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_arm_users_pk',
      columns: [table.experimentId, table.metric, table.stratum, table.arm],
    }),
  ],
);

/** Sums over users of products of what they gave at two stages (the same one too): for the variance. */
export const experimentMoments = pgTable(
  'experiment_moments',
  {
    experimentId: text('experiment_id').notNull(),
    metric: text('metric').notNull(),
    stratumA: integer('stratum_a').notNull(),
    shareA: integer('share_a').notNull(),
    armA: experimentArm('arm_a').notNull(),
    stratumB: integer('stratum_b').notNull(),
    shareB: integer('share_b').notNull(),
    armB: experimentArm('arm_b').notNull(),
    users: whole('users').notNull(),
    yy: whole('yy').notNull(),
    yn: whole('yn').notNull(),
    ny: whole('ny').notNull(),
    nn: whole('nn').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_moments_pk',
      columns: [
        table.experimentId,
        table.metric,
        table.stratumA,
        table.shareA,
        table.armA,
        table.stratumB,
        table.shareB,
        table.armB,
      ],
    }),
  ],
);

/** First appearances at a stage of users who were not in the treatment before: for the sample ratio. */
export const experimentAppearances = pgTable(
  'experiment_appearances',
  {
    experimentId: text('experiment_id').notNull(),
    stratum: integer('stratum').notNull(),
    shareBp: integer('share_bp').notNull(),
    /** The stage at which they were last seen, in the control; -1: never seen. */
    lastShareBp: integer('last_share_bp').notNull(),
    arm: experimentArm('arm').notNull(),
    users: whole('users').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_appearances_pk',
      columns: [table.experimentId, table.stratum, table.shareBp, table.lastShareBp, table.arm],
    }),
  ],
);

/** Latencies in buckets of one per cent; total time is shown and decides nothing. */
export const experimentHistograms = pgTable(
  'experiment_histograms',
  {
    experimentId: text('experiment_id').notNull(),
    latency: text('latency', { enum: ['first_token', 'output_token', 'total'] }).notNull(),
    stratum: integer('stratum').notNull(),
    shareBp: integer('share_bp').notNull(),
    arm: experimentArm('arm').notNull(),
    bucket: integer('bucket').notNull(),
    answers: whole('answers').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_histograms_pk',
      columns: [
        table.experimentId,
        table.latency,
        table.stratum,
        table.shareBp,
        table.arm,
        table.bucket,
      ],
    }),
  ],
);

/** What counts as slow in an experiment: frozen once, and counted from the answers after it. */
export const experimentThresholds = pgTable(
  'experiment_thresholds',
  {
    experimentId: text('experiment_id').notNull(),
    latency: text('latency', { enum: ['first_token', 'output_token'] }).notNull(),
    thresholdUs: whole('threshold_us').notNull(),
    /** How many control answers it was taken from. */
    answers: integer('answers').notNull(),
    countedAfter: instant('counted_after').notNull(),
  },
  (table) => [
    primaryKey({ name: 'experiment_thresholds_pk', columns: [table.experimentId, table.latency] }),
  ],
);

/**
 * Rollouts as lists read them, written with each row of the history and at each look. The history is
 * what a lost rollout is rebuilt from; this is its newest state.
 */
export const rollouts = pgTable(
  'rollouts',
  {
    id: text('id').primaryKey(),
    /** The order of the line. */
    ordinal: serial('ordinal').notNull(),
    /** Idempotency of the request that made it. */
    requestId: text('request_id').notNull(),
    candidate: text('candidate').notNull(),
    policy: jsonb('policy').notNull(),
    plan: jsonb('plan').notNull(),
    status: text('status', {
      enum: ['planned', 'queued', 'running', 'waiting', 'paused', 'frozen', 'ended'],
    }).notNull(),
    state: jsonb('state').notNull(),
    reason: text('reason').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
    /** Null when it is over. */
    nextLookAt: instant('next_look_at'),
  },
  (table) => [
    uniqueIndex('rollouts_request').on(table.requestId),
    index('rollouts_due').on(table.nextLookAt).where(isNotNull(table.nextLookAt)),
    index('rollouts_ordinal').on(table.ordinal),
  ],
);
