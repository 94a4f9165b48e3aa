/**
 * What the stack tells of the arms of an experiment, side by side and answer by answer, as far as the command
 * line prints it. Unknown fields pass, so that an older `bruno` reads a newer stack.
 */
import { z } from 'zod';

const side = z.looseObject({
  model_id: z.string(),
  prompt_version: z.string(),
  response: z.string(),
  finish_reason: z.string().nullable(),
  first_token_ms: z.number().nullable(),
  total_ms: z.number(),
  usage: z.looseObject({ completion_tokens: z.number() }).nullable(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});
export type Side = z.infer<typeof side>;
export const comparison = z.looseObject({
  experiment_id: z.string(),
  control: side,
  treatment: side,
});
export type Comparison = z.infer<typeof comparison>;

const counts = z.looseObject({ answers: z.number(), rated: z.number(), low: z.number() });
const ratedAnswer = z.looseObject({
  interaction_id: z.string(),
  at: z.string(),
  model_assigned: z.string(),
  model_served: z.string(),
  assigned_failure: z.string().nullable(),
  share: z.number().nullable(),
  history_turns: z.number(),
  query: z.string().nullable(),
  response: z.string().nullable(),
  training_opt_out: z.boolean(),
  score: z.number().nullable(),
  thumb: z.string().nullable(),
  stars: z.number().nullable(),
  correction: z
    .looseObject({
      text: z.string().nullable(),
      type: z.string().nullable(),
      review: z.string().nullable(),
    })
    .nullable(),
  noticed: z.array(z.string()),
  bounded: z.string().nullable(),
});
export type RatedAnswer = z.infer<typeof ratedAnswer>;
export const answersPage = z.looseObject({
  experiment_id: z.string(),
  arm: z.string(),
  low: z.boolean(),
  order: z.string(),
  stages: z
    .array(
      z.looseObject({
        stratum: z.number(),
        share: z.number().nullable(),
        control: counts,
        treatment: counts,
      }),
    )
    .nullable(),
  answers: z.array(ratedAnswer),
  next: z.string().nullable(),
});
export type AnswersPage = z.infer<typeof answersPage>;
