// Which models lose their files: what operators ask and are told.

import { z } from 'zod';
import { countSchema as count, instantSchema as instant, textSchema } from './shared.ts';

export const pruneRequestSchema = z.strictObject({ reason: textSchema(500).optional() });

export const pruningAnswerSchema = z.strictObject({
  /** false: only when an operator asks for it. */
  automatic: z.boolean(),
  keep_last: count,
  keep_days: count,
  /** All that have files, newest first. */
  models: z.array(
    z.strictObject({
      model_id: z.string(),
      created_at: instant,
      bytes: count,
      /** Why it keeps its files; null where it loses them. */
      kept: z.string().nullable(),
    }),
  ),
});

export const prunedAnswerSchema = z.strictObject({
  pruned: z.array(z.string()),
  /** Not before: until then whatever takes a model up keeps it. */
  deleted_from: instant,
});
