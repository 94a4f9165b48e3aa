/**
 * The record behind the tests' stack server: one of everything, as the admin API words it.
 * Used by `stack-server.ts` and by tests that change a part. It holds no behaviour.
 */
import type { RoutingTable } from '../../core/routing.ts';
import type { FeedbackEvent, RouteChange } from '../schemas.ts';
import { channels } from './record-routes.ts';
import { T0 } from './times.ts';

export * from './oversight-state.ts';
export { T0 } from './times.ts';

export const dataset = {
  id: '2026-w42',
  week: '2026-w42',
  window_start: '2026-10-11T02:00:00.000Z',
  window_end: T0,
  status: 'ready',
  counts: {
    interactions: 1204,
    with_evidence: 412,
    qualified: 290,
    filtered: { low_quality: 100, length: 22 },
    train: 232,
    validation_phrasings: 12,
    test_phrasings: 13,
    validation_groups: 16,
    test_groups: 17,
    pairs: 88,
    pairs_by_source: { user_correction: 31, direct_comparison: 57 },
    corrections: 31,
    replayed: 40,
    bands: { excellent: 120, good: 100, acceptable: 70, neutral: 60, poor: 62 },
  },
  quality_rate: 290 / 1204,
  files: [],
  manifest_sha256: 'ab'.repeat(32),
  created_at: T0,
  not_known_yet: { extra: true },
};

export type JobState = {
  id: string;
  dataset_id: string;
  model_id: string;
  base: string;
  parent: string;
  status: string;
  attempt: number;
  max_attempts: number;
  agent_id: string | null;
  lease_expires_at: string | null;
  cancel_requested: boolean;
  progress: Record<string, unknown> | null;
  losses: [number, number][] | null;
  verdict: { accepted: boolean; reason: string } | null;
  error: { code: string; message: string } | null;
  created_at: string;
  finished_at: string | null;
};
export const job: JobState = {
  id: '0b0e0000-0000-4000-8000-0000000000b1',
  dataset_id: '2026-w42',
  model_id: '2026-w42.1',
  base: 'smollm2-135m-instruct',
  parent: '2026-w41.1',
  status: 'leased',
  attempt: 1,
  max_attempts: 5,
  agent_id: 'mac-1',
  cancel_requested: false,
  lease_expires_at: '2026-10-18T02:05:00.000Z',
  progress: { phase: 'sft', step: 12, total_steps: 60, loss: 1.23456 },
  losses: null,
  verdict: null,
  error: null,
  created_at: T0,
  finished_at: null,
};

export type ReviewState = {
  event_id: string;
  interaction_id: string;
  query: string;
  response: string;
  corrected_response: string;
  correction_type: string;
  model_version: string;
  created_at: string;
  status: string;
  note: string | null;
};
export const review: ReviewState = {
  event_id: '0b0e0000-0000-4000-8000-000000000001',
  interaction_id: '0b0e0000-0000-4000-8000-0000000000aa',
  query: 'How do I restart Loki?',
  response: 'You cannot.',
  corrected_response: 'Run kubectl rollout restart statefulset/loki.',
  correction_type: 'factual_error',
  model_version: '2026-w41.1',
  created_at: '2026-10-16T09:12:00.000Z',
  status: 'pending',
  note: null,
};

const scores = (loss: number, keyFacts: number | null = null, examples = 13) => ({
  examples,
  loss,
  perplexity: Math.exp(loss),
  pair_accuracy: null,
  key_fact_rate: keyFacts,
});
const unmeasured = { ...scores(0), examples: 0, loss: null, perplexity: null };

export const model = {
  id: '2026-w42.1',
  display: 'v1.42.1',
  base: 'smollm2-135m-instruct',
  parent: '2026-w41.1',
  dataset_id: '2026-w42',
  job_id: job.id,
  stage: 'registered',
  reason:
    'accepted: improvement +0.412 [+0.198, +0.640] nats on 25 held-out phrasings; harm -0.010 [-0.052, +0.031] nats on 33 held-out groups\u2019 questions, margin 0.05 (95% interval)',
  metrics: {
    test_phrasings: {
      base: scores(2.41, 0),
      production: scores(2.02, 0.25),
      candidate: scores(1.61, 0.75),
    },
    test_groups: {
      base: scores(2.6, null, 17),
      production: scores(2.55, null, 17),
      candidate: scores(2.54, null, 17),
    },
    test_pairs: { base: unmeasured, production: unmeasured, candidate: unmeasured },
    phrasings: {
      difference: 0.412,
      lower: 0.198,
      upper: 0.64,
      examples: 25,
      groups: 12,
      resampled: 'groups',
    },
    groups: {
      difference: -0.01,
      lower: -0.052,
      upper: 0.031,
      examples: 33,
      groups: 33,
      resampled: 'groups',
    },
    dpo: null,
  },
  artifacts: [
    { name: 'adapters.safetensors', sha256: 'a1'.repeat(32), bytes: 3_690_000 },
    { name: 'adapter.gguf', sha256: 'b2'.repeat(32), bytes: 3_700_000 },
    { name: 'Modelfile', sha256: 'c3'.repeat(32), bytes: 210 },
  ],
  git_commit: 'a952282d1f0e',
  created_at: T0,
};

/** What a model looks like that nobody trained. */
export const base = {
  ...model,
  id: 'smollm2-135m-instruct',
  display: 'base',
  parent: null,
  dataset_id: null,
  job_id: null,
  stage: 'base',
  reason: 'The model as it was given.',
  metrics: {},
  artifacts: [],
  git_commit: null,
};

export const table: RoutingTable = {
  schema: 2,
  version: 7,
  production: '2026-w41.1',
  previous: 'smollm2-135m-instruct',
  experiments: [],
  updatedAt: 0,
};

/** A table as the admin API answers it. */
export function tableView(of: RoutingTable) {
  const [first] = of.experiments;
  return {
    version: of.version,
    production: of.production,
    previous: of.previous,
    candidate: first?.candidate ?? null,
    share_bp: first?.shareBp ?? 0,
    experiment_id: first?.id ?? null,
    experiments: of.experiments.map((one) => ({
      id: one.id,
      candidate: one.candidate,
      share_bp: one.shareBp,
      from_bp: one.fromBp,
      to_bp: one.toBp,
      stratum: one.stratum,
      started_at: T0,
    })),
  };
}

export const started: RoutingTable = {
  ...table,
  version: 8,
  experiments: [
    {
      id: 'exp-2026-w42.1-8',
      salt: '2026-w42.1:8',
      candidate: '2026-w42.1',
      shareBp: 2500,
      fromBp: 0,
      toBp: 10_000,
      stratum: 0,
      stratumStartedAt: 0,
      startedAt: 0,
    },
  ],
};
export const start: RouteChange = {
  version: 8,
  at: T0,
  who: 'operator',
  action: 'start',
  reason: 'week 42 passed its gate',
  summary: '2026-w42.1 at 25 % beside 2026-w41.1',
  from: tableView(table),
  to: tableView(started),
};
export const promotion: RouteChange = {
  ...start,
  version: 9,
  at: '2026-10-19T08:30:00.000Z',
  action: 'promote',
  reason: 'two days without complaints',
  summary: '2026-w42.1 replaces 2026-w41.1 for everyone',
  from: tableView(started),
  to: tableView({ ...table, version: 9, production: '2026-w42.1', previous: '2026-w41.1' }),
};

export const thumb: FeedbackEvent = {
  event_id: '0b0e0000-0000-4000-8000-000000000002',
  interaction_id: review.interaction_id,
  source: 'explicit',
  feedback_type: 'thumbs_down',
  feedback_value: -1,
  corrected_response: null,
  at: '2026-10-16T09:11:00.000Z',
  review_status: null,
  reviewed_by: null,
};
export const correction: FeedbackEvent = {
  ...thumb,
  event_id: review.event_id,
  feedback_type: 'correction',
  feedback_value: -0.5,
  corrected_response: review.corrected_response,
  at: review.created_at,
  review_status: 'accepted',
  reviewed_by: 'operator',
};
export const signals: FeedbackEvent = {
  ...thumb,
  event_id: '0b0e0000-0000-4000-8000-000000000003',
  source: 'implicit',
  feedback_type: 'signals',
  feedback_value: null,
  at: '2026-10-16T09:13:00.000Z',
};

export const datasetLineage = {
  kind: 'dataset' as const,
  dataset,
  trained: [model.id],
  member_count: 272,
  members: [
    {
      interaction_id: review.interaction_id,
      source: 'correction',
      split: 'train',
      feedback_event_id: correction.event_id,
      feedback_event_ids: [signals.event_id, correction.event_id, thumb.event_id],
      replayed_from: null,
    },
  ],
  pair_count: 88,
  pairs: [
    {
      pair_id: 'p1',
      chosen_interaction_id: review.interaction_id,
      rejected_interaction_id: review.interaction_id,
      source: 'user_correction',
      margin: 1,
      split: 'train',
    },
  ],
  feedback_count: 412,
  feedback: [
    signals,
    correction,
    ...Array.from({ length: 12 }, (_, index) => ({
      ...thumb,
      event_id: `0b0e0000-0000-4000-8000-0000000001${String(index).padStart(2, '0')}`,
    })),
  ],
};

export const modelLineage = {
  kind: 'model' as const,
  model,
  dataset: datasetLineage,
  routing: [promotion, start],
};

export const answerLineage = {
  kind: 'answer' as const,
  answer: {
    interaction_id: review.interaction_id,
    query: review.query,
    response: review.response,
    model_served: base.id,
    model_assigned: base.id,
    arm: 'none',
    routing_version: 0,
    status: 'complete',
    created_at: '2026-10-16T09:10:00.000Z',
  },
  feedback: [signals, correction, thumb],
  routing: null,
  taught_in: [dataset.id],
  uses: [
    { dataset_id: dataset.id, role: 'correction', split: 'train' },
    { dataset_id: dataset.id, role: 'rejected', split: 'train' },
  ],
  learned_by: [model.id],
  model: { kind: 'model' as const, model: base, dataset: null, routing: [] },
};

export const status = {
  now: T0,
  week: '2026-w43',
  environment: 'local',
  live: { ...tableView(started), share_bp: 1000 },
  counts: {
    since: T0,
    interactions: 12,
    explicit: 3,
    thumbs_up: 2,
    thumbs_down: 0,
    ratings: 0,
    corrections: 1,
    signals: 8,
  },
  last_week: {
    week: '2026-w42',
    since: '2026-10-11T02:00:00.000Z',
    until: T0,
    interactions: 1204,
    explicit: 310,
    thumbs_up: 200,
    thumbs_down: 70,
    ratings: 9,
    corrections: 31,
    signals: 845,
  },
  reviews_pending: 2,
  dead_letters_waiting: 1,
  dataset,
  job,
  models: [model, { ...model, id: '2026-w41.1', stage: 'production' }, base],
  gateway: {
    models_ready: ['2026-w41.1', 'tiny-sre'],
    load: { running: 1, waiting: 0, most_running: 4, most_waiting: 16 },
  },
  health: {
    database: true,
    routing: true,
    model_server: false,
    object_store: true,
    agent_seen_at: '2026-10-18T01:59:30.000Z',
  },
  notifications: { channels, pending: 0, sent: 3, failed: 1 },
};
