// The command line of `npm run simulate`. Pure: an array of words in, options or one sentence about
// what is wrong out. Nothing is started here.

import { parseArgs } from 'node:util';

export type ModelSize = 'tiny' | 'small';

export interface Arguments {
  weeks: number;
  model: ModelSize;
  bank: string | undefined;
  visits: number;
  seed: number;
  json: boolean;
  keep: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE =
  'npm run simulate -- --weeks 4 --model tiny|small [--bank FILE] [--visits N] [--seed N] [--json] [--keep]';

const DEFAULT_VISITS: Readonly<Record<ModelSize, number>> = { tiny: 600, small: 120 };

function whole(name: string, given: string, [low, high]: readonly [number, number]): number {
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= low && value <= high) return value;
  throw new UsageError(`--${name} takes a whole number from ${low} to ${high}, got "${given}".`);
}

function modelSize(given: string): ModelSize {
  if (given === 'tiny' || given === 'small') return given;
  throw new UsageError(`--model takes tiny or small, got "${given}".`);
}

/** Throws UsageError with one sentence. */
export function readArguments(words: readonly string[]): Arguments {
  const values = parsed(words);
  const model = modelSize(values.model ?? 'tiny');
  return {
    model,
    weeks: whole('weeks', values.weeks ?? '4', [1, 20]),
    bank: values.bank,
    visits: whole('visits', values.visits ?? String(DEFAULT_VISITS[model]), [7, 20_000]),
    seed: whole('seed', values.seed ?? '1', [0, 2_147_483_647]),
    json: values.json ?? false,
    keep: values.keep ?? false,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      strict: true,
      allowPositionals: false,
      options: {
        weeks: { type: 'string' },
        model: { type: 'string' },
        bank: { type: 'string' },
        visits: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(/[.\n]/)[0] ?? '') : String(error);
    throw new UsageError(`${why}. Usage: ${USAGE}`);
  }
}
