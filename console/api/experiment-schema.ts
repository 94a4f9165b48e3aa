// The shapes of experiments as the console reads them. What a drawing can do without is optional, so that
// one missing number does not take the page away from an operator.
import * as z from 'zod/mini';

const number = z.nullable(z.number());
const text = z.nullable(z.string());

const summary = {
  id: z.string(),
  model_id: z.string(),
  kind: z.optional(z.string()),
  arms: z.optional(z.object({ treatment: z.object({ description: z.string() }) })),
  status: z.string(),
  share: number,
  outcome: text,
  reason: z.string(),
  place: z.optional(number),
  promote_on: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  next_look_at: text,
};
const summarySchema = z.object(summary);
export type ExperimentSummary = z.infer<typeof summarySchema>;
export const experimentsSchema = z.object({ experiments: z.array(summarySchema) });

const planSchema = z.object({
  first_share: z.number(),
  first_share_reason: z.string(),
  promote_on: z.string(),
  promise: z.string(),
  slice: z.number(),
  traffic: z.nullable(
    z.object({
      days: z.number(),
      visitors_per_day: z.number(),
      new_visitors_per_day: z.number(),
      answers_per_day: z.number(),
    }),
  ),
  metrics: z.array(
    z.object({
      metric: z.string(),
      rate: number,
      known: z.array(z.object({ days: z.number(), lift: number, reason: text })),
    }),
  ),
  waived: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;
export const planAnswerSchema = z.object({ plan: planSchema });

const scale = z.enum(['ratio', 'difference']);
export type Scale = z.infer<typeof scale>;

const interval = z.optional(z.nullable(z.object({ lower: z.number(), upper: z.number() })));
const arm = z.object({
  users: z.number(),
  n: z.number(),
  y: z.number(),
  rate: z.number(),
  interval,
});
export type ArmAtStage = z.infer<typeof arm>;
const byArm = z.object({ control: number, treatment: number });

const stageSchema = z.object({ share: z.number(), control: arm, treatment: arm });
export type Stage = z.infer<typeof stageSchema>;

const metricSchema = z.object({
  metric: z.string(),
  role: z.string(),
  harm_is: z.optional(z.enum(['more', 'less'])),
  verdict: z.object({ result: z.string(), amber: z.boolean(), reason: z.string() }),
  improvement: text,
  improved: z.optional(z.nullable(z.boolean())),
  effect: z.nullable(
    z.object({ scale, estimate: z.number(), lower: z.number(), upper: z.number() }),
  ),
  limits: z.optional(z.nullable(z.object({ tolerated: z.number(), ceiling: number }))),
  more_users: number,
  stages: z.array(stageSchema),
});
export type Metric = z.infer<typeof metricSchema>;

const percentiles = z.nullable(
  z.object({
    answers: z.number(),
    p50_ms: z.number(),
    p95_ms: z.number(),
    p99_ms: z.number(),
  }),
);
export type Percentiles = z.infer<typeof percentiles>;

const latencySchema = z.object({
  latency: z.string(),
  p95_change: number,
  stages: z.array(z.object({ share: z.number(), control: percentiles, treatment: percentiles })),
});
export type LatencyOf = z.infer<typeof latencySchema>;

const evidenceSchema = z.object({
  users: byArm,
  feedback_rate: byArm,
  metrics: z.array(metricSchema),
  latencies: z.optional(z.array(latencySchema)),
  waived: z.array(z.string()),
  split: z.string(),
  sample_ratio: z.optional(
    z.nullable(
      z.object({ treatment: z.number(), total: z.number(), expected: z.number(), p: z.number() }),
    ),
  ),
  data: z.string(),
  offline: z.nullable(z.object({ better: z.boolean(), reason: z.string() })),
});
export type Evidence = z.infer<typeof evidenceSchema>;

const needSchema = z.object({ what: z.string(), says: z.string(), met: z.boolean() });
export type Need = z.infer<typeof needSchema>;

const ACTIONS = ['start', 'approve', 'reject', 'pause', 'resume', 'stop', 'rollback'] as const;
export type ExperimentAction = (typeof ACTIONS)[number];

export const experimentSchema = z.object({
  ...summary,
  state: z.object({
    phase: z.string(),
    progress: z.optional(z.object({ stage: z.number(), production: z.string() })),
    step: z.optional(z.string()),
  }),
  policy: z.object({
    shares: z.array(z.number()),
    stage_hours: z.number(),
    stage_users: z.number(),
    maximum_days: z.number(),
    auto_advance: z.boolean(),
    on_harm: z.string(),
  }),
  plan: planSchema,
  next: z.object({
    says: z.string(),
    earliest_at: text,
    needs: z.array(needSchema),
  }),
  actions: z.array(z.object({ action: z.enum(ACTIONS), refusal: text })),
  evidence: z.nullable(evidenceSchema),
  judge: z.optional(z.nullable(z.object({ says: z.array(z.string()) }))),
  history: z.array(
    z.object({
      seq: z.number(),
      at: z.string(),
      action: z.string(),
      who: z.string(),
      reason: z.string(),
      summary: z.string(),
    }),
  ),
});
export type Experiment = z.infer<typeof experimentSchema>;

/** After a command; or, where it was carried out while the record could not be read, its outcome alone. */
export const experimentAfterSchema = z.union([
  z.object({ reason: z.string(), recorded: z.literal(false) }),
  experimentSchema,
]);

const lookSchema = z.object({
  at: z.string(),
  share: z.number(),
  stratum: z.number(),
  scale,
  estimate: z.number(),
  lower: z.number(),
  upper: z.number(),
  tolerated: z.number(),
  control_users: z.number(),
  treatment_users: z.number(),
});
export type Look = z.infer<typeof lookSchema>;
export const looksSchema = z.object({
  metrics: z.array(z.object({ metric: z.string(), looks: z.array(lookSchema) })),
});
