/**
 * What the stack tells of the held-out slice and of pruning, as far as the command line prints it.
 */
import { z } from 'zod';
import { count, time } from './schema-parts.ts';

const arm = z.looseObject({ users: z.number(), n: z.number(), rate: z.number() });
const effect = z.looseObject({
  scale: z.enum(['ratio', 'difference']),
  estimate: z.number(),
  lower: z.number(),
  upper: z.number(),
});
export type ShownEffect = z.infer<typeof effect>;

export const holdout = z.looseObject({
  enabled: z.boolean(),
  share: z.number(),
  weeks: z.number(),
  production: z.string(),
  now: z
    .looseObject({
      week: z.string(),
      model: z.string().nullable(),
      counting: z.boolean(),
      reason: z.string(),
    })
    .nullable(),
  split: z.looseObject({ broken: z.boolean() }).nullable(),
  metrics: z.array(
    z.looseObject({
      metric: z.string(),
      weeks: z.array(
        z.looseObject({
          week: z.string(),
          held_out_models: z.array(z.string()),
          production_models: z.array(z.string()),
          held_out: arm.nullable(),
          production: arm.nullable(),
          effect: effect.nullable(),
          so_far: effect.nullable(),
        }),
      ),
    }),
  ),
});
export type Holdout = z.infer<typeof holdout>;

export const pruning = z.looseObject({
  automatic: z.boolean(),
  keep_last: count,
  keep_days: count,
  models: z.array(
    z.looseObject({
      model_id: z.string(),
      created_at: time,
      bytes: count,
      kept: z.string().nullable(),
    }),
  ),
});
export type PruningPlan = z.infer<typeof pruning>;

export const pruned = z.looseObject({ pruned: z.array(z.string()), deleted_from: time });
export type Pruned = z.infer<typeof pruned>;
