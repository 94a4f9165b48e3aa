// What the operators' endpoints answer about the loop, for their description (core/openapi) and for tests that hold the
// endpoints to it. Fields may be added; a client ignores what it does not know.

import { z } from 'zod';
import { progressSchema, verdictSchema } from './agent.ts';
import { channelAnswerSchema, outboxCountsSchema } from './oversight-answers.ts';
import { routeChangeSchema, tableAnswerSchema } from './route-answers.ts';
import { settingsAnswerSchema } from './settings.ts';
import {
  countSchema as count,
  instantSchema as instant,
  sourcesSchema,
  uuidSchema,
} from './shared.ts';

const storedObject = { key: z.string(), sha256: z.string(), bytes: count };

export const datasetAnswerSchema = z.object({
  id: z.string(),
  week: z.string(),
  window_start: instant,
  window_end: instant,
  status: z.enum(['curating', 'ready', 'too_small']),
  counts: z.record(z.string(), z.unknown()),
  quality_rate: z.number().nullable(),
  files: z.array(z.object({ path: z.string(), ...storedObject, lines: count })),
  manifest_sha256: z.string().nullable(),
  /** Rises when an erasure takes examples out of it. */
  revision: z.int().min(1),
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
  progress: progressSchema.nullable(),
  /** Steps and losses of the whole run; there once it has ended. */
  losses: z.array(z.array(z.number()).length(2)).nullable(),
  verdict: verdictSchema.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
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
  /** Its newest experiment; null where it has had none. */
  tried: z
    .object({ experiment_id: z.string(), status: z.string(), outcome: z.string().nullable() })
    .nullable(),
  reason: z.string(),
  metrics: z.record(z.string(), z.unknown()),
  artifacts: z.array(z.object({ name: z.string(), ...storedObject })),
  /** Since when the files are not to be had any more; null while they are. */
  artifacts_pruned_at: instant.nullable(),
  git_commit: z.string().nullable(),
  /** What an operator must know beside the measurements: it learned from somebody since erased. */
  flags: z.array(
    z.object({ reason: z.string(), dataset_id: z.string(), erasure_id: uuidSchema, at: instant }),
  ),
  created_at: instant,
});
export const modelVersionsAnswerSchema = z.object({ models: z.array(modelVersionAnswerSchema) });

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
  dead_letters_waiting: count,
  dataset: datasetAnswerSchema.nullable(),
  job: jobAnswerSchema.nullable(),
  models: z.array(modelVersionAnswerSchema),
  /** Null while it does not answer; the load is null where it does not say. */
  gateway: z
    .object({
      models_ready: z.array(z.string()),
      load: z
        .object({
          running: z.int(),
          waiting: z.int(),
          most_running: z.int(),
          most_waiting: z.int(),
        })
        .nullable(),
    })
    .nullable(),
  health: z.object({
    database: z.boolean(),
    routing: z.boolean(),
    model_server: z.boolean(),
    object_store: z.boolean(),
    agent_seen_at: instant.nullable(),
  }),
  notifications: z.object({ channels: z.array(channelAnswerSchema), ...outboxCountsSchema.shape }),
});

const feedbackEventSchema = z.object({
  event_id: uuidSchema,
  interaction_id: uuidSchema,
  visitor_id: z.string(),
  source: z.enum(['explicit', 'implicit']),
  feedback_type: z.string(),
  feedback_value: z.number().nullable(),
  /** Whether this vote counts now: the latest of its kind by this visitor on this answer. */
  standing: z.boolean(),
  corrected_response: z.string().nullable(),
  correction_type: z.string().nullable(),
  model_version: z.string(),
  metadata: z.unknown(),
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
  members: z.array(
    z.object({
      interaction_id: uuidSchema,
      source: z.enum(['praise', 'correction']),
      split: z.string(),
      feedback_event_id: uuidSchema.nullable(),
      feedback_event_ids: z.array(uuidSchema),
      replayed_from: z.string().nullable(),
    }),
  ),
  pair_count: count,
  pairs: z.array(
    z.object({
      pair_id: z.string(),
      chosen_interaction_id: uuidSchema,
      rejected_interaction_id: uuidSchema,
      source: z.string(),
      margin: z.number(),
      split: z.string(),
    }),
  ),
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
      visitor_id: z.string(),
      session_id: z.string(),
      trace_id: z.string(),
      query: z.string(),
      history_turns: count,
      response: z.string(),
      sources: sourcesSchema,
      prompt_version: z.string(),
      settings_id: z.string().nullable(),
      model_served: z.string(),
      model_assigned: z.string(),
      arm: z.enum(['control', 'treatment', 'none']),
      experiment_id: z.string().nullable(),
      routing_version: count,
      status: z.enum(['complete', 'partial', 'error']),
      error_code: z.string().nullable(),
      prompt_tokens: z.int().nullable(),
      completion_tokens: z.int().nullable(),
      first_token_ms: z.int().nullable(),
      total_ms: z.int(),
      training_opt_out: z.boolean(),
      platform: z.string(),
      created_at: instant,
    })
    .nullable(),
  feedback: z.array(feedbackEventSchema),
  routing: routeChangeSchema.nullable(),
  /** What it was given under; null: the built-in settings. */
  settings: settingsAnswerSchema.nullable(),
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
