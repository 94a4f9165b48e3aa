// What the operators' endpoints answer, for their description (core/openapi) and for tests that hold the
// endpoints to it. Fields may be added; a client ignores what it does not know.

import { z } from 'zod';
import { uuidSchema } from './shared.ts';

const instant = z.iso.datetime();
const count = z.int().min(0);

export const datasetAnswerSchema = z.object({
  id: z.string(),
  week: z.string(),
  window_start: instant,
  window_end: instant,
  status: z.enum(['curating', 'ready', 'too_small']),
  counts: z.record(z.string(), z.unknown()),
  quality_rate: z.number().nullable(),
  files: z.unknown(),
  manifest_sha256: z.string().nullable(),
  created_at: instant,
});
export const datasetsAnswerSchema = z.object({ datasets: z.array(datasetAnswerSchema) });

export const curationStartedAnswerSchema = z.object({
  run_id: z.string(),
  dataset_id: z.string(),
  existed: z.boolean(),
});
export const curationAnswerSchema = z.object({
  status: z.string(),
  error: z.unknown(),
  output: z.unknown(),
});

export const jobAnswerSchema = z.object({
  id: uuidSchema,
  dataset_id: z.string(),
  model_id: z.string(),
  base: z.string(),
  parent: z.string(),
  status: z.enum(['queued', 'leased', 'succeeded', 'refused', 'failed', 'cancelled']),
  attempt: count,
  max_attempts: count,
  agent_id: z.string().nullable(),
  lease_expires_at: instant.nullable(),
  cancel_requested: z.boolean(),
  progress: z.unknown(),
  losses: z.unknown(),
  verdict: z.unknown(),
  error: z.unknown(),
  created_at: instant,
  finished_at: instant.nullable(),
});
export const jobsAnswerSchema = z.object({ jobs: z.array(jobAnswerSchema) });

const reviewStatus = z.enum(['pending', 'accepted', 'rejected']);
export const reviewAnswerSchema = z.object({
  event_id: uuidSchema,
  interaction_id: uuidSchema,
  query: z.string(),
  response: z.string(),
  corrected_response: z.string().nullable(),
  correction_type: z.string().nullable(),
  key_facts: z.array(z.string()),
  model_version: z.string(),
  created_at: instant,
  status: reviewStatus,
  note: z.string().nullable(),
});
export const reviewsAnswerSchema = z.object({ reviews: z.array(reviewAnswerSchema) });
export const reviewedAnswerSchema = z.object({ event_id: uuidSchema, status: reviewStatus });

export const modelVersionAnswerSchema = z.object({
  id: z.string(),
  display: z.string(),
  base: z.string(),
  parent: z.string().nullable(),
  dataset_id: z.string().nullable(),
  job_id: uuidSchema.nullable(),
  stage: z.enum(['base', 'registered', 'candidate', 'production', 'retired', 'refused']),
  reason: z.string(),
  metrics: z.unknown(),
  artifacts: z.unknown(),
  git_commit: z.string().nullable(),
  created_at: instant,
});
export const modelVersionsAnswerSchema = z.object({ models: z.array(modelVersionAnswerSchema) });

export const tableAnswerSchema = z.object({
  version: count,
  production: z.string(),
  previous: z.string().nullable(),
  candidate: z.string().nullable(),
  share_bp: z.int().min(0).max(10_000),
  experiment_id: z.string().nullable(),
});
const routeChangeSchema = z.object({
  version: count,
  at: instant,
  who: z.string(),
  action: z.string(),
  reason: z.string(),
  summary: z.string(),
  from: tableAnswerSchema.nullable(),
  to: tableAnswerSchema.nullable(),
});
export const routeAnswerSchema = z.object({
  table: tableAnswerSchema,
  history: z.array(routeChangeSchema),
});

const counts = {
  since: instant,
  interactions: count,
  explicit: count,
  thumbs_up: count,
  thumbs_down: count,
  ratings: count,
  corrections: count,
  signals: count,
};
export const statusAnswerSchema = z.object({
  now: instant,
  week: z.string(),
  environment: z.string(),
  live: tableAnswerSchema,
  counts: z.object(counts),
  last_week: z.object({ ...counts, week: z.string(), until: instant }),
  reviews_pending: count,
  dataset: datasetAnswerSchema.nullable(),
  job: jobAnswerSchema.nullable(),
  models: z.array(modelVersionAnswerSchema),
  health: z.object({
    database: z.boolean(),
    routing: z.boolean(),
    model_server: z.boolean(),
    object_store: z.boolean(),
    agent_seen_at: instant.nullable(),
  }),
});

const feedbackEventSchema = z.object({
  event_id: uuidSchema,
  interaction_id: uuidSchema,
  visitor_id: z.string(),
  source: z.enum(['explicit', 'implicit']),
  feedback_type: z.string(),
  feedback_value: z.number().nullable(),
  corrected_response: z.string().nullable(),
  correction_type: z.string().nullable(),
  model_version: z.string(),
  at: instant,
  received_at: instant,
  review_status: reviewStatus.nullable(),
  reviewed_at: instant.nullable(),
  reviewed_by: z.string().nullable(),
  review_note: z.string().nullable(),
});

const datasetLineageSchema = z.object({
  kind: z.literal('dataset'),
  dataset: datasetAnswerSchema,
  trained: z.array(z.string()),
  member_count: count,
  members: z.array(z.object({ interaction_id: uuidSchema, source: z.string(), split: z.string() })),
  pair_count: count,
  pairs: z.array(z.object({ pair_id: z.string(), source: z.string(), margin: z.number() })),
  feedback_count: count,
  feedback: z.array(feedbackEventSchema),
});
const modelLineageSchema = z.object({
  kind: z.literal('model'),
  model: modelVersionAnswerSchema.nullable(),
  dataset: datasetLineageSchema.nullable(),
  routing: z.array(routeChangeSchema),
});
const aboutAnswer = {
  answer: z
    .object({
      interaction_id: uuidSchema,
      query: z.string(),
      response: z.string(),
      model_served: z.string(),
      routing_version: count,
      status: z.enum(['complete', 'partial', 'error']),
      created_at: instant,
    })
    .nullable(),
  feedback: z.array(feedbackEventSchema),
  routing: routeChangeSchema.nullable(),
  taught_in: z.array(z.string()),
  uses: z.array(z.object({ dataset_id: z.string(), role: z.string(), split: z.string() })),
  learned_by: z.array(z.string()),
  model: modelLineageSchema.nullable(),
};
export const lineageAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answer'), ...aboutAnswer }),
  z.object({ kind: z.literal('feedback'), event_id: uuidSchema, ...aboutAnswer }),
  modelLineageSchema,
  datasetLineageSchema,
]);
