/**
 * Reads a model's evaluation out of its metrics, which are stored as the trainer wrote them, so that
 * every part may be missing. Called by the model's pages. Pure.
 */
import { z } from 'zod';
import { type Cell, number } from '../layout.ts';

const SETS = [
  'test_phrasings',
  'validation_phrasings',
  'test_groups',
  'validation_groups',
  'test_pairs',
  'validation_pairs',
] as const;
const MEASURES = [
  ['loss', 'nats a token'],
  ['key_fact_rate', 'key facts'],
  ['pair_accuracy', 'pair accuracy'],
] as const;

const value = z.number().nullish();
const scores = z.looseObject({
  examples: z.number(),
  loss: value,
  key_fact_rate: value,
  pair_accuracy: value,
});
const oneSet = z.looseObject({
  base: scores.optional(),
  production: scores.optional(),
  candidate: scores.optional(),
});
const interval = z.looseObject({
  difference: z.number(),
  lower: z.number(),
  upper: z.number(),
  examples: z.number(),
});
const record = z.record(z.string(), z.unknown()).catch({});

export type Measurement = {
  readonly set: string;
  readonly examples: number;
  readonly measure: string;
  readonly base: Cell;
  readonly production: Cell;
  readonly candidate: Cell;
};

/** Sets that had examples, each measure that has a number, for the models that were measured. */
export function measurements(metrics: unknown): Measurement[] {
  const found = record.parse(metrics);
  return SETS.flatMap((set) => {
    const parsed = oneSet.safeParse(found[set]);
    if (!parsed.success) return [];
    const { base, production, candidate } = parsed.data;
    const examples = candidate?.examples ?? production?.examples ?? base?.examples ?? 0;
    if (examples === 0) return [];
    return MEASURES.flatMap(([field, measure]) => {
      const row = {
        base: base?.[field],
        production: production?.[field],
        candidate: candidate?.[field],
      };
      const isMeasured = Object.values(row).some((one) => typeof one === 'number');
      return isMeasured ? [{ set, examples, measure, ...row }] : [];
    });
  });
}

/** The two numbers the gate decides by, where they were measured; nats a token. */
export function reading(metrics: unknown): [string, Cell][] {
  const { phrasings, groups } = record.parse(metrics);
  return [
    ...span('improvement', phrasings, 'held-out phrasings; above zero is better'),
    ...span('harm', groups, 'untaught questions; below zero is better'),
  ];
}

function span(label: string, measured: unknown, on: string): [string, Cell][] {
  const parsed = interval.safeParse(measured);
  if (!parsed.success) return [];
  const { difference, lower, upper, examples } = parsed.data;
  const [mean, from, to] = [difference, lower, upper].map((one) => number(one));
  return [[label, `${mean} [${from}, ${to}] nats on ${number(examples)} ${on}`]];
}
