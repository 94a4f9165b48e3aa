// What operators send about experiments, and what they are answered.

import { z } from 'zod';
import { LATENCIES } from '../latency.ts';
import { rolloutPlanSchema } from '../rollout/plan.ts';
import { phaseSchema } from '../rollout/state.ts';
import { PROMOTE_ON } from '../statistics/policy.ts';
import { judgeViewSchema } from './judging.ts';
import { textSchema, uuidSchema } from './shared.ts';

export const EXPERIMENT_ACTIONS = [
  'start',
  'approve',
  'reject',
  'pause',
  'resume',
  'stop',
  'rollback',
] as const;

const promoteOn = z.enum(PROMOTE_ON);

export const EXPERIMENT_KINDS = ['model', 'settings'] as const;
const kind = z.enum(EXPERIMENT_KINDS);

export const planQuerySchema = z.strictObject({
  promote_on: promoteOn.optional(),
  /** Settings that would be tried; without them a model. */
  settings_id: textSchema(100).optional(),
});

export const createExperimentSchema = z.strictObject({
  /** What is tried: a model, or settings on the model in production. One of the two. */
  model_id: textSchema(100).optional(),
  settings_id: textSchema(100).optional(),
  /** What may promote it; without it what learning.yaml says. Settings: `improvement` only. */
  promote_on: promoteOn.optional(),
  /** Start it as well; without it it waits for its start. */
  start: z.boolean().optional(),
  reason: textSchema(500),
  request_id: uuidSchema.optional(),
});

export const experimentCommandSchema = z.strictObject({
  action: z.enum(EXPERIMENT_ACTIONS),
  reason: textSchema(500),
  request_id: uuidSchema.optional(),
});

/** Who answers an arm. Null where it is no longer known: the experiment is over. */
const answerer = z.strictObject({
  model_id: z.string().nullable(),
  /** Null: the built-in settings, or no longer known. */
  settings_id: z.string().nullable(),
  description: z.string(),
});

const summary = {
  id: z.string(),
  /** `settings`: the same model in both arms, under other settings. */
  kind,
  /** What is tried: a model's id, or where the kind is `settings` theirs. */
  model_id: z.string(),
  arms: z.strictObject({ control: answerer, treatment: answerer }),
  status: z.string(),
  /** Null while it is not on traffic. */
  share: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string(),
  /** In the line for visitors, from 1; null unless it waits there. */
  place: z.int().nullable(),
  promote_on: promoteOn,
  created_at: z.string(),
  updated_at: z.string(),
  next_look_at: z.string().nullable(),
};
export const experimentSummarySchema = z.strictObject(summary);
export const experimentListSchema = z.strictObject({
  experiments: z.array(experimentSummarySchema),
});
export const planAnswerSchema = z.strictObject({
  plan: rolloutPlanSchema,
  /** Who would judge its answers. */
  judge: judgeViewSchema,
});

/** A ratio is told as relative change: 0.05 is 5 % more. */
const scale = z.enum(['ratio', 'difference']);
export const effectSchema = z.strictObject({
  scale,
  estimate: z.number(),
  lower: z.number(),
  upper: z.number(),
  p: z.number(),
});
export const armRateSchema = z.strictObject({
  users: z.number(),
  n: z.number(),
  y: z.number(),
  rate: z.number(),
});
const stageArm = z.strictObject({
  ...armRateSchema.shape,
  /** 95 % at every look, over visitors; null while they tell too little. */
  interval: z.strictObject({ lower: z.number(), upper: z.number() }).nullable(),
});
const byArm = z.strictObject({ control: z.number().nullable(), treatment: z.number().nullable() });

export const experimentMetricSchema = z.strictObject({
  metric: z.string(),
  role: z.enum(['primary', 'guardrail']),
  harm_is: z.enum(['more', 'less']),
  /** Rules 1 and 2; null while nothing was measured. */
  verdict: z.strictObject({ result: z.string(), amber: z.boolean(), reason: z.string() }),
  /** For the primary: whether it is established as better. */
  improvement: z.string().nullable(),
  improved: z.boolean().nullable(),
  /** Treatment against control with its 95 % confidence sequence; relative where the scale is a ratio. */
  effect: effectSchema.nullable(),
  /** As treatment against control, on the effect's scale; null where the effect is. */
  limits: z.strictObject({ tolerated: z.number(), ceiling: z.number().nullable() }).nullable(),
  more_users: z.number().nullable(),
  /** Control and treatment at each share, never pooled. */
  stages: z.array(
    z.strictObject({
      share: z.number(),
      weight: z.number(),
      control: stageArm,
      treatment: stageArm,
    }),
  ),
});

const percentiles = z
  .strictObject({ answers: z.int(), p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number() })
  .nullable();
/** For display: what decides about latency is the share of slow answers, among the metrics. */
export const latencyViewSchema = z.strictObject({
  latency: z.enum(LATENCIES),
  /** Relative change of the 95th percentile over the stages that have both arms; null without one. */
  p95_change: z.number().nullable(),
  stages: z.array(
    z.strictObject({ share: z.number(), control: percentiles, treatment: percentiles }),
  ),
});

export const experimentEvidenceSchema = z.strictObject({
  users: byArm,
  /** Thumbs for each answer. */
  feedback_rate: byArm,
  metrics: z.array(experimentMetricSchema),
  latencies: z.array(latencyViewSchema),
  waived: z.array(z.string()),
  harm: z.string(),
  split: z.string(),
  /** First appearances, and how many of them were to be in treatment; p holds at every look. */
  sample_ratio: z
    .strictObject({
      treatment: z.number(),
      total: z.number(),
      expected: z.number(),
      p: z.number(),
    })
    .nullable(),
  data: z.string(),
  offline: z.strictObject({ better: z.boolean(), reason: z.string() }).nullable(),
});

export const experimentAnswerSchema = z.strictObject({
  ...summary,
  /** Where it stands, with its times in ms. */
  state: phaseSchema,
  step: z.int(),
  policy: z.strictObject({
    shares: z.array(z.number()),
    stage_hours: z.number(),
    stage_users: z.number(),
    maximum_days: z.number(),
    auto_advance: z.boolean(),
    on_harm: z.enum(['roll_back', 'hold']),
    alpha_promote: z.number(),
  }),
  plan: rolloutPlanSchema,
  /** What the engine will do next, and what is still missing for it. */
  next: z.strictObject({
    says: z.string(),
    earliest_at: z.string().nullable(),
    needs: z.array(z.strictObject({ what: z.string(), says: z.string(), met: z.boolean() })),
  }),
  /** What it would take from an operator now; with `refusal`, what it waits for and would refuse. */
  actions: z.array(
    z.strictObject({ action: z.enum(EXPERIMENT_ACTIONS), refusal: z.string().nullable() }),
  ),
  /** Null before it is on traffic. */
  evidence: experimentEvidenceSchema.nullable(),
  /** Whose verdicts hallucination is; null where none is fixed yet. */
  judge: judgeViewSchema.nullable(),
  history: z.array(
    z.strictObject({
      seq: z.int(),
      at: z.string(),
      action: z.string(),
      who: z.string(),
      reason: z.string(),
      summary: z.string(),
    }),
  ),
});
export type ExperimentAnswer = z.infer<typeof experimentAnswerSchema>;

/** A command that was carried out while the record could not be read. */
export const experimentTakenSchema = z.strictObject({
  id: z.string(),
  reason: z.string(),
  recorded: z.literal(false),
});

/** Each metric over time, at most 200 looks of it, oldest first, with the newest always. */
export const experimentLooksSchema = z.strictObject({
  metrics: z.array(
    z.strictObject({
      metric: z.string(),
      looks: z.array(
        z.strictObject({
          at: z.string(),
          share: z.number(),
          /** Grows when production changes, and counting starts anew. */
          stratum: z.int(),
          scale,
          estimate: z.number(),
          lower: z.number(),
          upper: z.number(),
          tolerated: z.number(),
          control_users: z.number(),
          treatment_users: z.number(),
        }),
      ),
    }),
  ),
});
export type ExperimentLooks = z.infer<typeof experimentLooksSchema>;
