// The part of the record that operating the product needs: erasures, the history, notifications, keys,
// agents, what could not be written, and totals for the metrics. schema.ts hands it on.

import {
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant } from './schema-columns.ts';

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

export const visitorPeople = pgTable(
  'visitor_people',
  {
    visitorId: text('visitor_id').primaryKey(),
    personId: text('person_id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('visitor_people_person').on(table.personId)],
);

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
