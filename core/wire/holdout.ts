// What operators are told of the held-out slice.

import { z } from 'zod';
import { GAIN_METRICS } from '../holdout-gain.ts';
import { armRateSchema, effectSchema } from './experiments.ts';

const gainWeekSchema = z.strictObject({
  week: z.string(),
  /** What each arm was answered by; more than one where it changed within the week. */
  held_out_models: z.array(z.string()),
  production_models: z.array(z.string()),
  /** Null while only one arm has anything. */
  held_out: armRateSchema.nullable(),
  production: armRateSchema.nullable(),
  /** Production against the held-out model in this week, with its 95 % confidence sequence. */
  effect: effectSchema.nullable(),
  /** The mean over this week and all before it, as it stood when the week ended. */
  so_far: effectSchema.nullable(),
});

export const holdoutAnswerSchema = z.strictObject({
  enabled: z.boolean(),
  /** Of all visitors: so many are held out, and as many are compared with them. */
  share: z.number(),
  weeks: z.number(),
  /** What its answers are counted under: see `/admin/experiments/{id}/sums`. */
  id: z.string(),
  production: z.string(),
  /** What the routing table holds; null while nobody is held out. */
  now: z
    .strictObject({
      week: z.string(),
      /** Null: production answers them too. */
      model: z.string().nullable(),
      /** Whether two different models answer, so that something can be measured. */
      counting: z.boolean(),
      reason: z.string(),
    })
    .nullable(),
  /** Whether both arms have as many visitors as they should; null while nobody came. */
  split: z.strictObject({ broken: z.boolean(), p: z.number() }).nullable(),
  /** Weeks oldest first; empty before anything was counted. */
  metrics: z.array(
    z.strictObject({ metric: z.enum(GAIN_METRICS), weeks: z.array(gainWeekSchema) }),
  ),
});
export type HoldoutAnswer = z.infer<typeof holdoutAnswerSchema>;
