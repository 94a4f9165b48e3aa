// What operators send about experiments, and what they are answered.

import { z } from 'zod';
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

export const effectSchema = z.strictObject({
  scale: z.enum(['ratio', 'difference']),
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
const byArm = z.strictObject({ control: z.number().nullable(), treatment: z.number().nullable() });

export const experimentMetricSchema = z.strictObject({
  metric: z.string(),
  role: z.enum(['primary', 'guardrail']),
  /** Rules 1 and 2; null while nothing was measured. */
  verdict: z.strictObject({ result: z.string(), amber: z.boolean(), reason: z.string() }),
  /** For the primary: whether it is established as better. */
  improvement: z.string().nullable(),
  /** Treatment against control with its 95 % confidence sequence; relative where the scale is a ratio. */
  effect: effectSchema.nullable(),
  more_users: z.number().nullable(),
  /** Control and treatment at each share, never pooled. */
  stages: z.array(
    z.strictObject({
      share: z.number(),
      weight: z.number(),
      control: armRateSchema,
      treatment: armRateSchema,
    }),
  ),
});

export const experimentEvidenceSchema = z.strictObject({
  users: byArm,
  /** Thumbs for each answer. */
  feedback_rate: byArm,
  metrics: z.array(experimentMetricSchema),
  waived: z.array(z.string()),
  harm: z.string(),
  split: z.string(),
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
