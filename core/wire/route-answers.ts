// The routing table and its changes as the operators' endpoints answer them: by themselves, in the
// status, in lineages and in the history.

import { z } from 'zod';
import { bpSchema, countSchema as count, instantSchema as instant } from './shared.ts';

/** Null: the built-in ones. */
const settings = z.object({ id: z.string(), name: z.string() }).nullable();

export const tableAnswerSchema = z.object({
  version: count,
  production: z.string(),
  /** What production answers under. */
  settings,
  previous: z.string().nullable(),
  previous_settings: settings,
  /** The first experiment's, as are the share and the id; null and 0 while none runs. */
  candidate: z.string().nullable(),
  share_bp: bpSchema,
  experiment_id: z.string().nullable(),
  experiments: z.array(
    z.object({
      id: z.string(),
      /** What is tried: a model, or the id of the settings that are named. */
      candidate: z.string(),
      /** Null: a model is tried, under production's settings. */
      settings,
      /** Of the slice, in ten-thousandths. */
      share_bp: bpSchema,
      /** The slice of all visitors: from here up to below `to_bp`. */
      from_bp: bpSchema,
      to_bp: bpSchema,
      stratum: count,
      started_at: instant,
    }),
  ),
  /** Visitors outside every experiment, who stay on an older model; null while nobody does. */
  holdout: z
    .object({
      id: z.string(),
      /** Of all visitors, twice: held out, and compared with. */
      share_bp: bpSchema,
      /** Null: production answers them too. */
      model: z.string().nullable(),
      stratum: count,
      reason: z.string(),
    })
    .nullable(),
});
export const routeChangeSchema = z.object({
  version: count,
  at: instant,
  who: z.string(),
  action: z.string(),
  reason: z.string(),
  summary: z.string(),
  from: tableAnswerSchema.nullable(),
  to: tableAnswerSchema.nullable(),
});
export const routeAnswerSchema = z.object({
  table: tableAnswerSchema,
  history: z.array(routeChangeSchema),
  /** False while the record cannot be read: the history is then empty. */
  history_read: z.boolean(),
});
