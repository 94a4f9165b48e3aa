// What operators send about experiments, and what they are answered.

import { z } from 'zod';
import { PROMOTE_ON, rolloutPlanSchema } from '../rollout/plan.ts';
import { phaseSchema } from '../rollout/state.ts';
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

export const planQuerySchema = z.strictObject({ promote_on: promoteOn.optional() });

export const createExperimentSchema = z.strictObject({
  model_id: textSchema(100),
  /** What may promote it; without it what learning.yaml says. */
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

const summary = {
  id: z.string(),
  model_id: z.string(),
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

const arm = z.strictObject({ users: z.number(), n: z.number(), y: z.number(), rate: z.number() });
const byArm = z.strictObject({ control: z.number().nullable(), treatment: z.number().nullable() });

export const experimentMetricSchema = z.strictObject({
  metric: z.string(),
  role: z.enum(['primary', 'guardrail']),
  /** Rules 1 and 2; null while nothing was measured. */
  verdict: z.strictObject({ result: z.string(), amber: z.boolean(), reason: z.string() }),
  /** For the primary: whether it is established as better. */
  improvement: z.string().nullable(),
  /** Treatment against control with its 95 % confidence sequence; relative where the scale is a ratio. */
  effect: z
    .strictObject({
      scale: z.enum(['ratio', 'difference']),
      estimate: z.number(),
      lower: z.number(),
      upper: z.number(),
      p: z.number(),
    })
    .nullable(),
  more_users: z.number().nullable(),
  /** Control and treatment at each share, never pooled. */
  stages: z.array(
    z.strictObject({ share: z.number(), weight: z.number(), control: arm, treatment: arm }),
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
