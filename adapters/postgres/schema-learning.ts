// The part of the record that learning reads and writes: questions and their groups, datasets, training
// jobs and the models that came of them. schema.ts hands it on.

import {
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
  uuid,
  vector,
} from 'drizzle-orm/pg-core';
import { instant } from './schema-columns.ts';

export const EMBEDDING_DIMENSIONS = 384;

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
  /** From then on nothing may use its files; `artifacts` still says which they were. */
  artifactsPrunedAt: instant('artifacts_pruned_at'),
  /** Since when they are gone from the store; null until then. */
  artifactsDeletedAt: instant('artifacts_deleted_at'),
});

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
