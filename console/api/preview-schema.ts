// The arms of an experiment as the console reads them: the events of a conversation with both, and a page of
// one arm's answers.
import * as z from 'zod/mini';

const arm = z.enum(['control', 'treatment']);
const asked = z.object({ model_id: z.string(), prompt_version: z.string() });
const maybe = <T extends z.ZodMiniType>(schema: T) => z.nullable(schema);
const error = z.object({ code: z.string(), message: z.string() });
const times = { first_token_ms: maybe(z.number()), total_ms: z.number() };

export const previewEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('meta'), control: asked, treatment: asked }),
  z.object({ type: z.literal('delta'), arm, text: z.string() }),
  z.object({
    type: z.literal('done'),
    arm,
    finish_reason: z.string(),
    usage: maybe(z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })),
    ...times,
  }),
  z.object({ type: z.literal('error'), arm, error, ...times }),
]);
export type PreviewEvent = z.infer<typeof previewEventSchema>;

const counts = z.object({ answers: z.number(), rated: z.number(), low: z.number() });
const ratedAnswerSchema = z.object({
  interaction_id: z.string(),
  at: z.string(),
  model_assigned: z.string(),
  model_served: z.string(),
  assigned_failure: maybe(z.string()),
  share: maybe(z.number()),
  history_turns: z.number(),
  query: maybe(z.string()),
  response: maybe(z.string()),
  training_opt_out: z.boolean(),
  score: maybe(z.number()),
  thumb: maybe(z.enum(['up', 'down'])),
  stars: maybe(z.number()),
  correction: maybe(
    z.object({ text: maybe(z.string()), type: maybe(z.string()), review: maybe(z.string()) }),
  ),
  noticed: z.array(z.string()),
  bounded: maybe(z.string()),
});
export type RatedAnswer = z.infer<typeof ratedAnswerSchema>;

const stageSchema = z.object({
  stratum: z.number(),
  share: maybe(z.number()),
  control: counts,
  treatment: counts,
});
export type AnswerStage = z.infer<typeof stageSchema>;

export const answersPageSchema = z.object({
  /** On the first page alone. */
  stages: maybe(z.array(stageSchema)),
  answers: z.array(ratedAnswerSchema),
  next: maybe(z.string()),
});
