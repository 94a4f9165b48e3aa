// Reads a model's evaluation: held-out losses before and after, and the change with its interval.
// Pure. Metrics are stored as the trainer wrote them, so every part may be missing. The trainer counts
// phrasings as improvement and groups as harm; here both are the change in loss: negative is better.
import * as z from 'zod/mini';

const number = z.optional(z.nullable(z.number()));
const interval = z.object({
  difference: z.number(),
  lower: z.number(),
  upper: z.number(),
  examples: number,
});
const scores = z.object({ loss: number, key_fact_rate: number, examples: number });
const bySet = z.object({
  base: z.optional(z.nullable(scores)),
  production: z.optional(z.nullable(scores)),
  candidate: z.optional(z.nullable(scores)),
});

export interface HeldOut {
  set: 'phrasings' | 'groups';
  before: number | null;
  after: number | null;
  factsBefore: number | null;
  factsAfter: number | null;
  change: z.infer<typeof interval> | null;
}

export function heldOut(metrics: unknown): HeldOut[] {
  return [one(metrics, 'phrasings'), one(metrics, 'groups')].filter((set) => set !== null);
}

function one(metrics: unknown, set: HeldOut['set']): HeldOut | null {
  const change = interval.safeParse(at(metrics, set));
  const names = [[`test_${set}`], ['sets', `test_${set}`], ['evaluation', `test_${set}`], [set]];
  const found = names.map((path) => bySet.safeParse(at(metrics, ...path)));
  const models = found.find((one) => one.success && one.data.candidate)?.data;
  if (!change.success && models === undefined) return null;
  // A first model is compared with its base, every later one with what was live.
  const before = models?.production ?? models?.base;
  return {
    set,
    before: before?.loss ?? null,
    after: models?.candidate?.loss ?? null,
    factsBefore: before?.key_fact_rate ?? null,
    factsAfter: models?.candidate?.key_fact_rate ?? null,
    change: change.success ? changeInLoss(set, change.data) : null,
  };
}

function changeInLoss(set: HeldOut['set'], measured: z.infer<typeof interval>) {
  if (set === 'groups') return measured;
  const { difference, lower, upper, examples } = measured;
  return { difference: -difference, lower: -upper, upper: -lower, examples };
}

function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const name of path) {
    const parsed = z.record(z.string(), z.unknown()).safeParse(current);
    if (!parsed.success) return undefined;
    current = parsed.data[name];
  }
  return current;
}
