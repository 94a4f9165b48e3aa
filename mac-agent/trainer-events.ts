/**
 * The lines the trainer prints, one JSON object each, parsed by trainer-process.ts.
 * Loose where a number is only shown, strict where a decision or a file path depends on it.
 */
import { z } from 'zod';

// A loss may be not-a-number when a run diverges; JSON has no NaN, the trainer writes null then.
const shown = z.number().nullable();
const step = z.number().int().nonnegative();

export const probeSchema = z.object({
  messages: z
    .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
    .min(1),
  text: z.string(),
  token_ids: z.array(z.number().int().nonnegative()),
  /** Gap in logits between the first and the second choice, for each token. */
  margins: z.array(z.number()),
});

export const artifactSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
  path: z.string().startsWith('/'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
});

export const doneSchema = z.object({
  event: z.literal('done'),
  verdict: z.object({ accepted: z.boolean(), reason: z.string().min(1) }),
  metrics: z.record(z.string(), z.unknown()),
  artifacts: z.array(artifactSchema),
  probes: z.array(probeSchema),
  trainable_parameters: z.number().int().nonnegative(),
});

export const eventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('start'),
    phases: z.array(z.string()),
    train_examples: z.number().int(),
    pairs: z.number().int(),
    resumed_from_step: step,
  }),
  z.object({
    event: z.literal('step'),
    phase: z.string(),
    step,
    total_steps: step,
    loss: shown,
  }),
  z.object({
    event: z.literal('checkpoint'),
    phase: z.string(),
    step,
    path: z.string().startsWith('/'),
  }),
  z.object({ event: z.literal('phase'), phase: z.string() }),
  z.object({ event: z.literal('evaluation'), set: z.string(), model: z.string() }),
  doneSchema,
  z.object({ event: z.literal('error'), code: z.string().min(1), message: z.string() }),
  z.object({
    event: z.literal('interrupted'),
    phase: z.string(),
    step,
    path: z.string().nullish(),
  }),
]);

export type TrainerEvent = z.output<typeof eventSchema>;
export type TrainerDone = z.output<typeof doneSchema>;
export type Probe = z.output<typeof probeSchema>;

export type ParsedLine = { ok: true; event: TrainerEvent } | { ok: false; problem: string };

/** Parses one line of stdout; a bad line is a value, because one bad line must not end a run. */
export const parseTrainerLine = (line: string): ParsedLine => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, problem: `not JSON: ${line.slice(0, 120)}` };
  }
  const parsed = eventSchema.safeParse(value);
  if (parsed.success) return { ok: true, event: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, problem: `${issue?.path.join('.') || 'event'}: ${issue?.message}` };
};
