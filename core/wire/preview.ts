// One operator's conversation with both arms of an experiment: what is sent, what is answered, and the
// events of the stream.

import { z } from 'zod';
import { countSchema as count, LIMITS, sourcesSchema, textSchema } from './shared.ts';

/** As many as a visitor's conversation remembers. */
export const PREVIEW_TURNS = 5;
const ANSWER_CHARS = 20_000;

export const previewRequestSchema = z.strictObject({
  message: textSchema(LIMITS.messageChars),
  /** What was said before, oldest first. Each side is told its own answers; null where it gave none. */
  earlier: z
    .array(
      z.strictObject({
        message: textSchema(LIMITS.messageChars),
        control: textSchema(ANSWER_CHARS).nullable(),
        treatment: textSchema(ANSWER_CHARS).nullable(),
      }),
    )
    .max(PREVIEW_TURNS)
    .optional(),
  sources: sourcesSchema.optional(),
});
export type PreviewRequest = z.infer<typeof previewRequestSchema>;

const arm = z.enum(['control', 'treatment']);
const ms = count;
const asked = { model_id: z.string(), prompt_version: z.string() };
const failure = z.object({ code: z.string(), message: z.string() });
const usage = z.object({ prompt_tokens: count, completion_tokens: count });

const sideSchema = z.object({
  ...asked,
  /** What was written, also by one that broke off. */
  response: z.string(),
  finish_reason: z.string().nullable(),
  /** Null where no text came. */
  first_token_ms: ms.nullable(),
  total_ms: ms,
  usage: usage.nullable(),
  /** Why there is no whole answer on this side; the other has its own. */
  error: failure.nullable(),
});
export type PreviewSide = z.infer<typeof sideSchema>;

export const previewAnswerSchema = z.object({
  experiment_id: z.string(),
  control: sideSchema,
  treatment: sideSchema,
});
export type PreviewAnswer = z.infer<typeof previewAnswerSchema>;

/** Each line of the stream; `[DONE]` follows the last. */
export const previewEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('meta'),
    experiment_id: z.string(),
    control: z.object(asked),
    treatment: z.object(asked),
  }),
  z.object({ type: z.literal('delta'), arm, text: z.string() }),
  z.object({
    type: z.literal('done'),
    arm,
    finish_reason: z.string(),
    first_token_ms: ms.nullable(),
    total_ms: ms,
    usage: usage.nullable(),
  }),
  z.object({
    type: z.literal('error'),
    arm,
    error: failure,
    first_token_ms: ms.nullable(),
    total_ms: ms,
  }),
]);
export type PreviewEvent = z.infer<typeof previewEventSchema>;
export type SideEvent = Exclude<PreviewEvent, { type: 'meta' }>;
