// The part of the record that decides experiments: what each visitor gave, and running sums over all of
// them. Written by experiment-sums.ts alone; schema.ts hands it on, migrations are made from there.

import { isNotNull } from 'drizzle-orm';
import {
  bigint,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instant } from './schema-columns.ts';

/** Sums of products may be wider than a double. */
const whole = (name: string) => bigint(name, { mode: 'bigint' });
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

/** Never changed nor deleted, by a trigger: an id means the same for ever. See core/answer-settings.ts. */
export const answerSettings = pgTable(
  'answer_settings',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** SHA-256 of the body's canonical JSON, in hex. */
    bodyHash: text('body_hash').notNull(),
    body: jsonb('body').notNull(),
    createdAt: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    reason: text('reason').notNull(),
  },
  (table) => [index('answer_settings_created').on(table.createdAt)],
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

/**
 * What each look saw of each metric, to be drawn over time: written once and never changed. The effect is on
 * its scale; its bounds follow from variance and tau by core/statistics.
 */
export const experimentLooks = pgTable(
  'experiment_looks',
  {
    experimentId: text('experiment_id').notNull(),
    at: instant('at').notNull(),
    metric: text('metric').notNull(),
    stratum: integer('stratum').notNull(),
    shareBp: integer('share_bp').notNull(),
    controlUsers: integer('control_users').notNull(),
    treatmentUsers: integer('treatment_users').notNull(),
    scale: text('scale', { enum: ['log_ratio', 'difference'] }).notNull(),
    estimate: doublePrecision('estimate').notNull(),
    variance: doublePrecision('variance').notNull(),
    tau: doublePrecision('tau').notNull(),
    lower: doublePrecision('lower').notNull(),
    upper: doublePrecision('upper').notNull(),
    tolerated: doublePrecision('tolerated').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'experiment_looks_pk',
      columns: [table.experimentId, table.at, table.metric],
    }),
  ],
);
