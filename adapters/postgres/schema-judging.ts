// The part of the record that holds what judges said of answers, and which judge an experiment has.
// Written by judgments.ts; schema.ts hands it on, migrations are made from there.

import { sql } from 'drizzle-orm';
import {
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant } from './schema-columns.ts';

/** Fixed when the experiment is planned, or with its first answer where nobody planned it. */
export const experimentJudges = pgTable('experiment_judges', {
  experimentId: text('experiment_id').primaryKey(),
  judge: text('judge').notNull(),
  /** Null for the deterministic check. */
  model: text('model'),
  /** The part of all answers that is judged. */
  rate: doublePrecision('rate').notNull(),
  fixedAt: instant('fixed_at').notNull(),
});

/**
 * One verdict for each answer and judge. With a model it waits until an agent has asked it; `none`:
 * the model gave no verdict, which counts nowhere. Planted texts, by which a judge is itself measured,
 * go the same way and belong to no answer.
 */
export const judgments = pgTable(
  'judgments',
  {
    interactionId: uuid('interaction_id').notNull(),
    judge: text('judge').notNull(),
    model: text('model'),
    state: text('state', {
      enum: ['waiting', 'leased', 'supported', 'unsupported', 'none'],
    }).notNull(),
    /** What the sources do not hold, in the answer's words. */
    unsupported: jsonb('unsupported').notNull(),
    /** The attempt fences: what a holder of an earlier one says no longer counts. */
    attempt: integer('attempt').notNull(),
    agentId: text('agent_id'),
    leaseExpiresAt: instant('lease_expires_at'),
    createdAt: instant('created_at').notNull(),
    judgedAt: instant('judged_at'),
    /** Of a planted text: which measurement it belongs to, and its words with what is known of them. */
    measurementId: uuid('measurement_id'),
    planted: jsonb('planted'),
  },
  (table) => [
    primaryKey({ name: 'judgments_pk', columns: [table.interactionId, table.judge] }),
    index('judgments_open')
      .on(table.model, table.createdAt)
      .where(sql`${table.state} IN ('waiting', 'leased')`),
    index('judgments_measured')
      .on(table.judge, table.createdAt)
      .where(sql`${table.measurementId} IS NOT NULL`),
  ],
);
