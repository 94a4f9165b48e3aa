/**
 * What the admin API answers, as the command line reads it: exact about every field that is
 * printed, indifferent to fields it does not know. Used by the commands through the client.
 * It must not be used to accept anything from a person.
 */
import { z } from 'zod';

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected an ISO time');
const count = z.number().nonnegative();
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

/** A list, bare or under its name; a thing, bare or under its name. */
function listOf<Schema extends z.ZodType>(key: string, schema: Schema) {
  const named = z.looseObject({ [key]: z.array(schema) }).transform((body) => body[key] ?? []);
  return z.union([named, z.array(schema)]);
}
function thing<Schema extends z.ZodType>(key: string, schema: Schema) {
  const wrapped = z.looseObject({ [key]: z.looseObject({}) });
  return z.preprocess((body) => {
    const found = wrapped.safeParse(body);
    return found.success ? found.data[key] : body;
  }, schema);
}

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
  dataset_id: maybe(z.string()),
  /** The week had its dataset before; curating it again changes nothing. */
  existed: z.boolean().default(false),
});
export const CURATION_ENDS = ['complete', 'errored', 'terminated'] as const;
export const curation = z.looseObject({
  // Whatever a durable workflow can be in; those in CURATION_ENDS are final.
  status: z.string(),
  dataset: maybe(dataset),
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

/** Creating answers the job, or only its id; the job is then read for itself. */
export const jobCreated = z.union([
  z.looseObject({ job: z.looseObject({ id: z.string() }) }).transform((body) => body.job.id),
  z.looseObject({ id: z.string() }).transform((body) => body.id),
  z.looseObject({ job_id: z.string() }).transform((body) => body.job_id),
]);

export const REVIEW_STATUSES = ['pending', 'accepted', 'rejected'] as const;
export const review = z.looseObject({
  event_id: z.string(),
  interaction_id: z.string(),
  query: maybe(z.string()),
  response: maybe(z.string()),
  corrected_response: z.string(),
  correction_type: maybe(z.string()),
  model_version: maybe(z.string()),
  created_at: time,
  status: z.string(),
  note: maybe(z.string()),
});
export type Review = z.infer<typeof review>;

export const model = z.looseObject({
  id: z.string(),
  display: maybe(z.string()),
  base: maybe(z.string()),
  parent: maybe(z.string()),
  dataset_id: maybe(z.string()),
  stage: z.string(),
  metrics: z.unknown().optional(),
  artifacts: z.unknown().optional(),
  git_commit: maybe(z.string()),
  created_at: time,
});
export type Model = z.infer<typeof model>;

/** The routing table as far as people read it, in brief. */
const brief = z.looseObject({
  production: z.string(),
  candidate: maybe(z.string()),
  share_bp: maybe(z.number().min(0).max(10_000)),
  version: z.number(),
});
/** The same table as the router keeps it, its candidate inside the running experiment. */
const kept = z
  .looseObject({
    production: z.string(),
    version: z.number(),
    experiment: z
      .looseObject({ candidate: z.string(), shareBp: z.number().min(0).max(10_000) })
      .nullable(),
  })
  .transform((table) => ({
    ...table,
    candidate: table.experiment?.candidate ?? null,
    share_bp: table.experiment?.shareBp ?? 0,
  }));
export const live = z.union([kept, brief]);
export type Live = z.infer<typeof live>;

const words = z.union([z.string(), z.number()]);
export const route = z.looseObject({
  table: live,
  history: z
    .array(
      z.looseObject({
        version: z.number(),
        at: time,
        who: maybe(z.string()),
        action: z.string(),
        reason: maybe(z.string()),
        from: z.unknown().optional(),
        to: z.unknown().optional(),
      }),
    )
    .default([]),
});
export type Route = z.infer<typeof route>;

/** A part's health in any of the plain ways to say it. */
const health = z.union([
  z.string(),
  z.boolean(),
  z.null(),
  z.looseObject({ status: z.string() }),
  z.looseObject({ ok: z.boolean() }),
]);
export type Health = z.infer<typeof health>;

export const status = z.looseObject({
  now: time,
  week: z.string(),
  live,
  counts: z.looseObject({
    interactions: count,
    explicit: count,
    thumbs_up: count,
    thumbs_down: count,
    ratings: count,
    corrections: count,
    signals: count,
    quality: maybe(z.record(z.string(), count)),
    since: maybe(time),
  }),
  reviews_pending: count,
  dataset: maybe(dataset),
  job: maybe(job),
  models: z.array(model).default([]),
  health: z.looseObject({
    database: health.optional(),
    object_store: health.optional(),
    model_server: health.optional(),
    agent_seen_at: maybe(time),
  }),
});
export type Status = z.infer<typeof status>;

/** What a clock that was moved says. */
export const clock = z.looseObject({ now: time, fired: count });

export const readiness = z.looseObject({ status: words, parts: z.record(z.string(), health) });

export const lineage = z.looseObject({ kind: z.string() });
export type Lineage = z.infer<typeof lineage>;

export const datasets = listOf('datasets', dataset);
export const jobs = listOf('jobs', job);
export const models = listOf('models', model);
export const reviews = listOf('reviews', review);
export const oneDataset = thing('dataset', dataset);
export const oneJob = thing('job', job);
export const oneModel = thing('model', model);
