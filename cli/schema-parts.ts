/**
 * What several answers of the admin API have in common, as the command line reads them.
 */
import { z } from 'zod';

export const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected an ISO time');
export const count = z.number().nonnegative();
export const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

/** A list comes under its name. */
export function listOf<Key extends string, Schema extends z.ZodType>(key: Key, schema: Schema) {
  return z
    .looseObject({})
    .transform((body): unknown => body[key])
    .pipe(z.array(schema));
}

/** The routing table, as it is and as it was on each side of a change. */
export const live = z.looseObject({
  production: z.string(),
  /** What production answers under; none said are the built-in ones. */
  settings: z.looseObject({ id: z.string(), name: z.string() }).nullish(),
  candidate: z.string().nullable(),
  share_bp: z.number().min(0).max(10_000),
  version: z.number(),
  /** All that run; the fields above are the first one's. */
  experiments: z
    .array(
      z.looseObject({
        id: z.string(),
        candidate: z.string(),
        share_bp: z.number(),
        from_bp: z.number(),
        to_bp: z.number(),
      }),
    )
    .optional(),
  /** Who stays on an older model; an older server has none. */
  holdout: maybe(z.looseObject({ share_bp: z.number(), model: z.string().nullable() })),
});
export type Live = z.infer<typeof live>;

export const channel = z.looseObject({
  name: z.string(),
  state: z.enum(['on', 'off', 'unusable']),
  /** Why it is not on. */
  why: z.string().nullable(),
});
export type Channel = z.infer<typeof channel>;
