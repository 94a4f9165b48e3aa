// An experiment's answers as operators browse them: what they ask for, a page, and the place where the next
// one begins.

import { z } from 'zod';
import { BOUND_RULES } from '../vote-bounds.ts';
import { countSchema as count, instantSchema as instant, uuidSchema } from './shared.ts';

export const ANSWER_ORDERS = ['newest', 'worst'] as const;
const arm = z.enum(['control', 'treatment']);

/** Where a page ended: the last answer's own place in the order. */
export const answersCursorSchema = z.strictObject({
  /** Two where it was not rated. */
  score: z.number().min(-1).max(2),
  atUs: z.int().min(0).max(8_000_000_000_000_000),
  id: uuidSchema,
});
export type AnswersCursor = z.infer<typeof answersCursorSchema>;

export const cursorText = ({ score, atUs, id }: AnswersCursor): string =>
  btoa(JSON.stringify([score, atUs, id]))
    .replaceAll('+', '-')
    .replaceAll('/', '_');

const EXPECTED_CURSOR = 'expected the `next` of the page before';
const cursorSchema = z
  .string()
  .max(200)
  .transform((text, context): unknown => {
    try {
      const [score, atUs, id] = z
        .tuple([z.unknown(), z.unknown(), z.unknown()])
        .parse(JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))));
      return { score, atUs, id };
    } catch {
      context.addIssue({ code: 'custom', message: EXPECTED_CURSOR });
      return z.NEVER;
    }
  })
  .pipe(answersCursorSchema);

export const answersQuerySchema = z.strictObject({
  arm,
  /** Only those that were rated below zero. */
  low: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  order: z.enum(ANSWER_ORDERS).default('newest'),
  after: cursorSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type AnswersQuery = z.infer<typeof answersQuerySchema>;

const countsSchema = z.object({ answers: count, rated: count, low: count });
const part = z.number().min(0).max(1).nullable();

export const ratedAnswerSchema = z.object({
  interaction_id: uuidSchema,
  at: instant,
  arm,
  /** Who should have answered, and who did: production stands in where the candidate fails. */
  model_assigned: z.string(),
  model_served: z.string(),
  assigned_failure: z.string().nullable(),
  /** The candidate's share at that time; null in answers from before stages were kept. */
  share: part,
  stratum: count.nullable(),
  status: z.enum(['complete', 'partial', 'error']),
  /** Turns of the conversation before the question. */
  history_turns: count,
  /** Null where retention has taken the words. */
  query: z.string().nullable(),
  response: z.string().nullable(),
  training_opt_out: z.boolean(),
  score: z.number().min(-1).max(1).nullable(),
  thumb: z.enum(['up', 'down']).nullable(),
  stars: z.number().nullable(),
  correction: z
    .object({
      text: z.string().nullable(),
      type: z.string().nullable(),
      review: z.enum(['pending', 'accepted', 'rejected']).nullable(),
    })
    .nullable(),
  /** What was noticed without a vote: asked again, left at once, copied and the like. */
  noticed: z.array(z.string()),
  /** Why a vote on it is in none of the experiment's sums (docs/operator.md, votes that do not count). */
  bounded: z.enum(BOUND_RULES).nullable(),
});
export type RatedAnswer = z.infer<typeof ratedAnswerSchema>;

export const answersAnswerSchema = z.object({
  experiment_id: z.string(),
  arm,
  low: z.boolean(),
  order: z.enum(ANSWER_ORDERS),
  /** Both arms at each stage, never pooled; null on later pages. */
  stages: z
    .array(
      z.object({ stratum: count, share: part, control: countsSchema, treatment: countsSchema }),
    )
    .nullable(),
  answers: z.array(ratedAnswerSchema),
  /** Where the next page starts; null after the last. */
  next: z.string().nullable(),
});
