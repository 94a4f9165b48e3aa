// The shapes of the admin API as the console reads them. What a station can do without is optional:
// one missing number is drawn as a dash and does not take the page away from an operator.
import * as z from 'zod/mini';

// The console runs under a policy without 'unsafe-eval': tell zod not to probe for `new Function`.
z.config({ jitless: true });

const text = z.optional(z.nullable(z.string()));
const number = z.optional(z.nullable(z.number()));

export const datasetSchema = z.object({
  id: z.string(),
  week: text,
  window_start: text,
  window_end: text,
  status: text,
  counts: z.optional(
    z.nullable(
      z.object({
        interactions: number,
        with_evidence: number,
        qualified: number,
        filtered: z.optional(z.nullable(z.record(z.string(), z.number()))),
        train: number,
        validation_phrasings: number,
        test_phrasings: number,
        validation_groups: number,
        test_groups: number,
        pairs: number,
        corrections: number,
        replayed: number,
        bands: z.optional(z.nullable(z.record(z.string(), z.number()))),
      }),
    ),
  ),
  quality_rate: number,
  manifest_sha256: text,
  created_at: text,
});
export type Dataset = z.infer<typeof datasetSchema>;

const verdictSchema = z.object({ accepted: z.boolean(), reason: z.string() });

export const jobSchema = z.object({
  id: z.string(),
  dataset_id: text,
  model_id: text,
  status: z.string(),
  attempt: number,
  max_attempts: number,
  agent_id: text,
  lease_expires_at: text,
  cancel_requested: z.optional(z.nullable(z.boolean())),
  progress: z.optional(
    z.nullable(
      z.object({
        phase: text,
        step: number,
        total_steps: number,
        loss: number,
        message: text,
      }),
    ),
  ),
  /** Steps and losses of the whole run; the trainer hands them in at its end. */
  losses: z.optional(z.nullable(z.array(z.tuple([z.number(), z.number()])))),
  verdict: z.optional(z.nullable(verdictSchema)),
  metrics: z.optional(z.unknown()),
  error: z.optional(z.unknown()),
  created_at: text,
  finished_at: text,
});
export type Job = z.infer<typeof jobSchema>;

export const modelSchema = z.object({
  id: z.string(),
  display: text,
  base: text,
  parent: text,
  dataset_id: text,
  stage: z.string(),
  tried: z.nullish(z.object({ status: z.string(), outcome: z.nullable(z.string()) })),
  reason: text,
  metrics: z.optional(z.unknown()),
  git_commit: text,
  flags: z.optional(z.array(z.object({ reason: z.string(), at: text }))),
  created_at: text,
});
export type Model = z.infer<typeof modelSchema>;

/** Null: the built-in ones. A server from before there were settings says nothing of them. */
const namedSettings = z.optional(z.nullable(z.object({ id: z.string(), name: z.string() })));

/** The routing table, as it is and as it was on each side of a change. */
const routeTableSchema = z.object({
  production: z.string(),
  settings: namedSettings,
  candidate: z.optional(z.nullable(z.string())),
  previous: z.optional(z.nullable(z.string())),
  previous_settings: namedSettings,
  share_bp: number,
  version: number,
  /** All that run; the fields above are the first one's. */
  experiments: z.optional(
    z.array(
      z.object({
        id: z.string(),
        /** A model, or where settings are tried their id. */
        candidate: z.string(),
        settings: namedSettings,
        share_bp: z.number(),
        from_bp: z.number(),
        to_bp: z.number(),
      }),
    ),
  ),
});
export type RouteTable = z.infer<typeof routeTableSchema>;

const counts = {
  interactions: number,
  explicit: number,
  thumbs_up: number,
  thumbs_down: number,
  ratings: number,
  corrections: number,
  signals: number,
  since: text,
};

export const statusSchema = z.object({
  now: z.string(),
  week: text,
  environment: text,
  live: routeTableSchema,
  counts: z.object(counts),
  /** The last window that has closed: what the open one's numbers were before Sunday's cut. */
  last_week: z.optional(z.nullable(z.object({ ...counts, week: text, until: text }))),
  reviews_pending: number,
  dead_letters_waiting: number,
  dataset: z.optional(z.nullable(datasetSchema)),
  job: z.optional(z.nullable(jobSchema)),
  models: z.optional(z.array(modelSchema)),
  health: z.optional(
    z.catchall(z.object({ agent_seen_at: text }), z.optional(z.nullable(z.boolean()))),
  ),
});
export type Status = z.infer<typeof statusSchema>;

export const datasetsSchema = z.object({ datasets: z.array(datasetSchema) });
export const jobsSchema = z.object({ jobs: z.array(jobSchema) });

export const reviewSchema = z.object({
  event_id: z.string(),
  interaction_id: text,
  query: text,
  response: text,
  corrected_response: text,
  correction_type: text,
  key_facts: z.optional(z.array(z.string())),
  model_version: text,
  created_at: text,
  status: text,
  note: text,
});
export type Review = z.infer<typeof reviewSchema>;
export const reviewsSchema = z.object({ reviews: z.array(reviewSchema) });

const deadLetterSchema = z.object({
  id: z.string(),
  reason: z.string(),
  kind: text,
  interaction_id: text,
  attempts: number,
  first_at: text,
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;
export const deadLettersSchema = z.object({ dead_letters: z.array(deadLetterSchema) });

const boundedVisitorSchema = z.object({
  visitor_id: z.string(),
  votes: z.number(),
  counting: z.number(),
  by_rule: z.record(z.string(), z.number()),
  first_at: text,
  last_at: text,
  answers: z.array(
    z.object({ interaction_id: z.string(), feedback_type: z.string(), rule: z.string() }),
  ),
});
export type BoundedVisitor = z.infer<typeof boundedVisitorSchema>;
export const boundsSchema = z.object({
  bounds: z.object({
    max_votes_per_day: number,
    max_votes_per_minute: number,
    one_way_votes_per_week: number,
  }),
  since: text,
  visitors: z.array(boundedVisitorSchema),
  /** Where the next page starts; null after the last. */
  next: text,
});

const armSchema = z.nullable(z.object({ n: z.number(), rate: z.number() }));
const effectSchema = z.nullable(
  z.object({
    scale: z.string(),
    estimate: z.number(),
    lower: z.number(),
    upper: z.number(),
  }),
);
const gainWeekSchema = z.object({
  week: z.string(),
  held_out_models: z.array(z.string()),
  production_models: z.array(z.string()),
  held_out: armSchema,
  production: armSchema,
  so_far: effectSchema,
});
export type GainWeek = z.infer<typeof gainWeekSchema>;
export const holdoutSchema = z.object({
  enabled: z.boolean(),
  share: z.number(),
  weeks: z.number(),
  now: z.nullable(
    z.object({ week: z.string(), model: z.nullable(z.string()), reason: z.string() }),
  ),
  split: z.nullable(z.object({ broken: z.boolean() })),
  metrics: z.array(z.object({ metric: z.string(), weeks: z.array(gainWeekSchema) })),
});
export type Holdout = z.infer<typeof holdoutSchema>;

const side = z.optional(z.nullable(routeTableSchema));
export const routeSchema = z.object({
  /** False while the record cannot be read. */
  history_read: z.optional(z.boolean()),
  history: z.array(
    z.object({
      version: number,
      at: text,
      who: text,
      action: text,
      reason: text,
      from: side,
      to: side,
    }),
  ),
});
export type RouteChange = z.infer<typeof routeSchema>['history'][number];

export const curationSchema = z.object({
  status: z.string(),
  error: z.optional(z.nullable(z.unknown())),
});
export const curationStartedSchema = z.object({
  run_id: z.string(),
  dataset_id: text,
  existed: z.optional(z.boolean()),
});
export const clockSchema = z.object({ now: z.string() });
export const anythingSchema = z.unknown();
