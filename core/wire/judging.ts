// How the agent asks for answers to be judged and says what its model replied, and how operators see a
// judge. The reply travels as the model wrote it: what is a verdict is decided in one place, at the edge
// (core/judge-prompt.ts).

import { z } from 'zod';
import {
  countSchema as count,
  isStorable,
  sourcesSchema,
  textSchema,
  uuidSchema,
} from './shared.ts';

export const judgmentClaimSchema = z.strictObject({
  agent_id: textSchema(200),
  /** What its model server answers for. */
  models: z.array(textSchema(200)).max(200),
});

const judgmentSchema = z.object({
  id: uuidSchema,
  judge: z.string(),
  attempt: z.int().min(1),
  model: z.string(),
  messages: z.array(
    z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }),
  ),
  /** Handed to the model server as it is. */
  response_format: z.record(z.string(), z.unknown()),
  max_tokens: z.int().min(1),
  /** Another one for each attempt, so that a reply that was no verdict is not given again. */
  seed: z.int(),
});
export const judgmentBatchSchema = z.object({
  lease_seconds: z.number().positive(),
  judgments: z.array(judgmentSchema).min(1),
});
export type OfferedJudgment = z.infer<typeof judgmentSchema>;

const MAX_ATTEMPT = 2_147_483_647;
export const REPLY_CHARS = 20_000;
const judgmentReplySchema = z.strictObject({
  id: uuidSchema,
  judge: textSchema(200),
  attempt: z.int().min(1).max(MAX_ATTEMPT),
  /** `given_back`: the model was not asked, which is no attempt. `failed`: it gave no reply. */
  outcome: z.enum(['replied', 'failed', 'given_back']),
  reply: z
    .string()
    .max(REPLY_CHARS)
    .refine(isStorable, 'must be well-formed Unicode without the NUL character')
    .nullable(),
});
export type JudgmentReply = z.infer<typeof judgmentReplySchema>;

export const judgmentRepliesSchema = z.strictObject({
  agent_id: textSchema(200),
  replies: z.array(judgmentReplySchema).min(1).max(50),
});
export const judgmentsRecordedSchema = z.object({
  recorded: count,
  /** Of leases that ran out or were answered before, and of erased visitors. */
  stale: count,
});

const part = z.strictObject({ caught: count, of: count });
/** How well a judge finds planted falsehoods, and how often it takes an honest answer for one. */
export const measurementSchema = z.strictObject({
  judge: z.string(),
  banks: z.array(z.string()),
  /** Falsehoods in a number, a name or a link, and in plain words. */
  detail: part,
  words: part,
  honest: z.strictObject({ flagged: count, of: count }),
  /** Texts on which it gave no verdict; they are in none of the others. */
  no_verdict: count,
});
export type Measurement = z.infer<typeof measurementSchema>;

export const PLANTED_KINDS = ['detail', 'words', 'honest'] as const;
export const plantedSchema = z.strictObject({
  bank: textSchema(50),
  kind: z.enum(PLANTED_KINDS),
  question: textSchema(2_000),
  answer: textSchema(4_000),
  sources: sourcesSchema.min(1),
});
export type Planted = z.infer<typeof plantedSchema>;

/** A part of a measurement: repeated, or sent in several requests, it is one. */
export const measureJudgeSchema = z.strictObject({
  measurement_id: uuidSchema,
  texts: z
    .array(z.strictObject({ id: uuidSchema, ...plantedSchema.shape }))
    .min(1)
    .max(50),
});

const soFar = z.strictObject({ judged: count, waiting: count, no_verdict: count });
export const judgeViewSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['deterministic', 'model']),
  model: z.string().nullable(),
  /** The part of an experiment's answers that is judged. */
  rate: z.number(),
  /** Null: how well it judges was not measured. */
  measured: measurementSchema.nullable(),
  /** Of an experiment's answers; null outside one. */
  answers: z.strictObject({ control: soFar, treatment: soFar }).nullable(),
  /** All of that in one sentence each, to be shown wherever hallucination is. */
  says: z.array(z.string()),
});
export type JudgeView = z.infer<typeof judgeViewSchema>;
export const judgeAnswerSchema = z.strictObject({
  judge: judgeViewSchema,
  /** Of its newest measurement; null where there was none. */
  measuring: z.strictObject({ texts: count, waiting: count }).nullable(),
});
