// The raw events of one simulated rollout, as lines of JSON: each answer with its arm, stage, outcome and
// latencies, each vote, and each look with the sums that it saw and what it decided. What replay.ts sends
// through the product, and compares with afterwards.

import { z } from 'zod';
import { rolloutPolicySchema } from '../../core/rollout/held.ts';
import { rolloutStateSchema } from '../../core/rollout/state.ts';

const slot = z.int().min(0);

export const answerLineSchema = z.strictObject({
  kind: z.literal('answer'),
  /** From 0, in the order of the run. */
  id: z.int().min(0),
  visitor: z.int().min(0),
  arm: z.enum(['control', 'treatment']),
  /** The stage: the experiment's share, in ten-thousandths. */
  share_bp: z.int(),
  /** The quarter of an hour in which it was asked. */
  slot,
  /** It breaks off after its first token, by the model's own fault. */
  breaks: z.boolean(),
  first_token_ms: z.int().min(0),
  total_ms: z.int().min(0),
  completion_tokens: z.int().min(1),
});
export type AnswerLine = z.infer<typeof answerLineSchema>;

const voteLineSchema = z.strictObject({
  kind: z.literal('vote'),
  answer: z.int().min(0),
  slot,
  up: z.boolean(),
});
export type VoteLine = z.infer<typeof voteLineSchema>;

const count = z.number();
const cell = z.strictObject({
  stage: z.string(),
  arm: z.enum(['control', 'treatment']),
  users: count,
  n: count,
  y: count,
});
const product = z.tuple([z.string(), z.string(), count, count, count, count]);

/** Every sum that a look decides on, in one order, so that two ways to the same sums are equal. */
export const lookSumsSchema = z.strictObject({
  users: z.strictObject({ control: count, treatment: count }),
  metrics: z.record(
    z.string(),
    z.strictObject({
      users: z.strictObject({ control: count, treatment: count }),
      cells: z.array(cell),
      /** Two cells by name; the sums of yy, yn, ny and nn over users who are in both. */
      products: z.array(product),
    }),
  ),
  /** The chance of treatment, and who came into which arm. */
  split: z.array(z.tuple([z.number(), count, count])),
});
export type LookSums = z.infer<typeof lookSumsSchema>;

const lookLineSchema = z.strictObject({
  kind: z.literal('look'),
  slot,
  /** After it, with times in ms since the start. */
  state: rolloutStateSchema,
  reason: z.string(),
  /** The candidate's share afterwards; null while it is on no traffic. */
  share_bp: z.int().nullable(),
  sums: lookSumsSchema,
});
export type LookLine = z.infer<typeof lookLineSchema>;

const runLineSchema = z.strictObject({
  kind: z.literal('run'),
  schema: z.literal(1),
  scenario: z.string(),
  seed: z.int(),
  policy: rolloutPolicySchema,
});

const lineSchema = z.discriminatedUnion('kind', [
  runLineSchema,
  answerLineSchema,
  voteLineSchema,
  lookLineSchema,
]);
export type Line = z.infer<typeof lineSchema>;

export interface WrittenRun {
  run: z.infer<typeof runLineSchema>;
  answers: AnswerLine[];
  votes: VoteLine[];
  looks: LookLine[];
}

/** Throws an Error that names the line at fault. */
export function readRun(text: string): WrittenRun {
  const lines = text.split('\n').filter((line) => line !== '');
  const [run, ...rest] = lines.map((line, index): Line => {
    const parsed = lineSchema.safeParse(json(line));
    if (parsed.success) return parsed.data;
    throw new Error(`line ${index + 1} is no raw event: ${z.prettifyError(parsed.error)}`);
  });
  if (run?.kind !== 'run') throw new Error('line 1: expected the run that the events are of');
  return {
    run,
    answers: rest.filter((line) => line.kind === 'answer'),
    votes: rest.filter((line) => line.kind === 'vote'),
    looks: rest.filter((line) => line.kind === 'look'),
  };
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
