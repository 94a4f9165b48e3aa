/**
 * What the admin API answers, as the command line reads it: exact about every field that is
 * printed, indifferent to fields it does not know. Used by the commands through the client.
 * It must not be used to accept anything from a person.
 */
import { z } from 'zod';
import { channel, count, listOf, live, maybe, time } from './schema-parts.ts';

export * from './oversight-schemas.ts';
export { type Channel, channel, type Live, live } from './schema-parts.ts';

export const errorBody = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});

/** An answer of which nothing is printed. */
export const anything = z.unknown();

export const dataset = z.looseObject({
  id: z.string(),
  week: z.string(),
  window_start: maybe(time),
  window_end: maybe(time),
  status: z.string(),
  counts: maybe(
    z.looseObject({
      interactions: maybe(count),
      with_evidence: maybe(count),
      qualified: maybe(count),
      filtered: maybe(z.record(z.string(), count)),
      train: maybe(count),
      validation_phrasings: maybe(count),
      test_phrasings: maybe(count),
      validation_groups: maybe(count),
      test_groups: maybe(count),
      pairs: maybe(count),
      corrections: maybe(count),
      replayed: maybe(count),
      bands: maybe(z.record(z.string(), count)),
    }),
  ),
  quality_rate: maybe(z.number()),
  manifest_sha256: maybe(z.string()),
  created_at: time,
});
export type Dataset = z.infer<typeof dataset>;

export const curationStarted = z.looseObject({
  run_id: z.string(),
  dataset_id: z.string(),
  /** The week had its dataset before; curating it again changes nothing. */
  existed: z.boolean(),
});
export const CURATION_ENDS = ['complete', 'errored', 'terminated'] as const;
export const curation = z.looseObject({
  // Whatever a durable workflow can be in; those in CURATION_ENDS are final.
  status: z.string(),
  error: z.unknown().optional(),
});

const progress = z.looseObject({
  phase: maybe(z.string()),
  step: maybe(count),
  total_steps: maybe(count),
  loss: maybe(z.number()),
  message: maybe(z.string()),
});

export const JOB_ENDS = ['succeeded', 'refused', 'failed', 'cancelled'] as const;
export const job = z.looseObject({
  id: z.string(),
  dataset_id: z.string(),
  model_id: maybe(z.string()),
  status: z.enum(['queued', 'leased', ...JOB_ENDS]),
  attempt: count,
  max_attempts: maybe(count),
  agent_id: maybe(z.string()),
  lease_expires_at: maybe(time),
  cancel_requested: maybe(z.boolean()),
  progress: maybe(progress),
  verdict: maybe(z.looseObject({ accepted: z.boolean(), reason: z.string() })),
  error: z.unknown().optional(),
  created_at: time,
  finished_at: maybe(time),
});
export type Job = z.infer<typeof job>;

export const REVIEW_STATUSES = ['pending', 'accepted', 'rejected'] as const;
export const review = z.looseObject({
  event_id: z.string(),
  interaction_id: z.string(),
  query: maybe(z.string()),
  response: maybe(z.string()),
  corrected_response: z.string(),
  correction_type: maybe(z.string()),
  key_facts: z.array(z.string()).default([]),
  model_version: maybe(z.string()),
  created_at: time,
  status: z.string(),
  note: maybe(z.string()),
});
export type Review = z.infer<typeof review>;

export const deadLetter = z.looseObject({
  id: z.string(),
  reason: z.string(),
  kind: maybe(z.string()),
  interaction_id: maybe(z.string()),
  attempts: count,
  first_at: time,
  last_at: time,
  status: z.string(),
});
export type DeadLetter = z.infer<typeof deadLetter>;

const bound = z.looseObject({
  visitor_id: z.string(),
  votes: count,
  counting: count,
  by_rule: z.record(z.string(), count),
  first_at: time,
  last_at: time,
  answers: z.array(
    z.looseObject({
      interaction_id: z.string(),
      feedback_type: z.string(),
      rule: z.string(),
      at: time,
    }),
  ),
});
export type BoundedVisitor = z.infer<typeof bound>;
export const boundsPage = z.looseObject({
  bounds: z.looseObject({
    max_votes_per_day: count,
    max_votes_per_minute: count,
    one_way_votes_per_week: count,
  }),
  since: time,
  visitors: z.array(bound),
  next: maybe(z.string()),
});
export type BoundsPage = z.infer<typeof boundsPage>;

export const model = z.looseObject({
  id: z.string(),
  display: maybe(z.string()),
  base: maybe(z.string()),
  parent: maybe(z.string()),
  dataset_id: maybe(z.string()),
  stage: z.string(),
  tried: z
    .looseObject({ experiment_id: z.string(), status: z.string(), outcome: z.string().nullable() })
    .nullish(),
  /** Why the gate let it pass, or did not. */
  reason: maybe(z.string()),
  metrics: z.unknown().optional(),
  artifacts: z
    .array(z.looseObject({ name: z.string(), sha256: z.string(), bytes: count }))
    .default([]),
  artifacts_pruned_at: maybe(time),
  git_commit: maybe(z.string()),
  flags: z.array(z.looseObject({ reason: z.string(), at: time })).default([]),
  created_at: time,
});
export type Model = z.infer<typeof model>;

const routeChange = z.looseObject({
  version: z.number(),
  at: time,
  who: z.string(),
  action: z.string(),
  reason: z.string(),
  summary: z.string(),
  /** Null: a table that the server could not read. */
  from: live.nullable(),
  to: live.nullable(),
});
export type RouteChange = z.infer<typeof routeChange>;
export const route = z.looseObject({
  table: live,
  history: z.array(routeChange),
  /** False while the record cannot be read. */
  history_read: z.boolean().default(true),
});
export type Route = z.infer<typeof route>;

const counts = {
  interactions: count,
  explicit: count,
  thumbs_up: count,
  thumbs_down: count,
  ratings: count,
  corrections: count,
  signals: count,
  since: time,
};

export const status = z.looseObject({
  now: time,
  week: z.string(),
  live,
  counts: z.looseObject(counts),
  /** The last window that has closed. */
  last_week: z.looseObject({ ...counts, week: z.string() }),
  reviews_pending: count,
  dead_letters_waiting: count,
  dataset: dataset.nullable(),
  job: job.nullable(),
  models: z.array(model),
  gateway: maybe(
    z.looseObject({
      models_ready: z.array(z.string()),
      load: maybe(
        z.looseObject({
          running: count,
          waiting: count,
          most_running: count,
          most_waiting: count,
        }),
      ),
    }),
  ),
  health: z.looseObject({
    database: z.boolean(),
    routing: z.boolean(),
    object_store: z.boolean(),
    model_server: z.boolean(),
    agent_seen_at: time.nullable(),
  }),
  /** Absent on a stack of before there were any. */
  notifications: maybe(
    z.looseObject({ channels: z.array(channel), pending: count, failed: count }),
  ),
});
export type Status = z.infer<typeof status>;

/** What a clock that was moved says. */
export const clock = z.looseObject({ now: time, fired: count });

export const readiness = z.looseObject({
  status: z.string(),
  parts: z.record(z.string(), z.boolean()),
});

const answer = z.looseObject({
  interaction_id: z.string(),
  query: z.string(),
  response: z.string(),
  model_served: z.string(),
  routing_version: z.number(),
  status: z.string(),
  created_at: time,
});
const feedbackEvent = z.looseObject({
  event_id: z.string(),
  interaction_id: z.string(),
  source: z.enum(['explicit', 'implicit']),
  feedback_type: z.string(),
  feedback_value: z.number().nullable(),
  corrected_response: z.string().nullable(),
  at: time,
  review_status: z.string().nullable(),
  reviewed_by: z.string().nullable(),
});
export type FeedbackEvent = z.infer<typeof feedbackEvent>;

const datasetLineage = z.looseObject({
  kind: z.literal('dataset'),
  dataset,
  trained: z.array(z.string()),
  member_count: count,
  pair_count: count,
  feedback_count: count,
  feedback: z.array(feedbackEvent),
});
export type DatasetLineage = z.infer<typeof datasetLineage>;
const modelLineage = z.looseObject({
  kind: z.literal('model'),
  model: model.nullable(),
  dataset: datasetLineage.nullable(),
  routing: z.array(routeChange),
});
export type ModelLineage = z.infer<typeof modelLineage>;
const aboutAnswer = {
  /** Null while only feedback on it has been delivered. */
  answer: answer.nullable(),
  feedback: z.array(feedbackEvent),
  /** The change that made the route what it was; null before the first one. */
  routing: routeChange.nullable(),
  settings: z.looseObject({ id: z.string(), name: z.string() }).nullish(),
  uses: z.array(z.looseObject({ dataset_id: z.string(), role: z.string(), split: z.string() })),
  learned_by: z.array(z.string()),
  model: modelLineage.nullable(),
};
const answerLineage = z.looseObject({ kind: z.literal('answer'), ...aboutAnswer });
const feedbackLineage = z.looseObject({
  kind: z.literal('feedback'),
  event_id: z.string(),
  ...aboutAnswer,
});
export type AnswerLineage = z.infer<typeof answerLineage> | z.infer<typeof feedbackLineage>;
export const lineage = z.discriminatedUnion('kind', [
  answerLineage,
  feedbackLineage,
  modelLineage,
  datasetLineage,
]);
export type Lineage = z.infer<typeof lineage>;

export const datasets = listOf('datasets', dataset);
export const jobs = listOf('jobs', job);
export const models = listOf('models', model);
export const deadLetters = listOf('dead_letters', deadLetter);
export const reviews = listOf('reviews', review);
