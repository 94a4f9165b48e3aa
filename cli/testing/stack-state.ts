/**
 * The record behind the tests' stack server: one of everything, as the admin API words it.
 * Used by `stack-server.ts` and by tests that change a part. It holds no behaviour.
 */
import type { RoutingTable } from '../../core/routing.ts';

export const T0 = '2026-10-18T02:00:00.000Z';

export const dataset = {
  id: '2026-w42',
  week: '2026-w42',
  window_start: '2026-10-11T02:00:00.000Z',
  window_end: T0,
  status: 'complete',
  counts: {
    interactions: 1204,
    with_evidence: 412,
    qualified: 290,
    filtered: { low_quality: 100, too_short: 22 },
    train: 232,
    validation_phrasings: 12,
    test_phrasings: 13,
    validation_groups: 16,
    test_groups: 17,
    pairs: 88,
    corrections: 31,
    replayed: 40,
    bands: { excellent: 120, good: 100, acceptable: 70, neutral: 60, poor: 62 },
  },
  quality_rate: 0.7038,
  manifest_sha256: 'ab'.repeat(32),
  created_at: T0,
  not_known_yet: { extra: true },
};

export type JobState = {
  id: string;
  dataset_id: string;
  model_id: string;
  status: string;
  attempt: number;
  max_attempts: number;
  agent_id: string | null;
  lease_expires_at: string | null;
  cancel_requested: boolean;
  progress: Record<string, unknown> | null;
  verdict: { accepted: boolean; reason: string } | null;
  error: { code: string; message: string } | null;
  created_at: string;
  finished_at: string | null;
};
export const job: JobState = {
  id: 'job-1',
  dataset_id: '2026-w42',
  model_id: '2026-w42.1',
  status: 'leased',
  attempt: 1,
  max_attempts: 3,
  agent_id: 'mac-1',
  cancel_requested: false,
  lease_expires_at: '2026-10-18T02:05:00.000Z',
  progress: { phase: 'sft', step: 12, total_steps: 60, loss: 1.23456 },
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

export const model = {
  id: '2026-w42.1',
  display: 'v1.42.1',
  base: 'smollm2-135m-instruct',
  parent: '2026-w41.1',
  dataset_id: '2026-w42',
  stage: 'registered',
  metrics: { groups: { difference: -0.01, examples: 17 } },
  artifacts: [{ name: 'adapter.gguf', bytes: 3700000 }],
  git_commit: null,
  created_at: T0,
};

export const table: RoutingTable = {
  schema: 1,
  version: 7,
  production: '2026-w41.1',
  previous: 'smollm2-135m-instruct',
  experiment: null,
  updatedAt: 0,
};

export const status = {
  now: T0,
  week: '2026-w42',
  live: { production: '2026-w41.1', candidate: '2026-w42.1', share_bp: 1000, version: 8 },
  counts: {
    interactions: 1204,
    explicit: 310,
    thumbs_up: 200,
    thumbs_down: 70,
    ratings: 9,
    corrections: 31,
    signals: 845,
    quality: { excellent: 120, good: 100, acceptable: 70, below: 122 },
    since: '2026-10-11T02:00:00.000Z',
  },
  reviews_pending: 2,
  dataset,
  job,
  models: [model, { ...model, id: '2026-w41.1', stage: 'production' }],
  health: {
    database: true,
    object_store: true,
    model_server: false,
    agent_seen_at: '2026-10-18T01:59:30.000Z',
  },
};
