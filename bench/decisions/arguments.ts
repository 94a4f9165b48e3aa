// The command line of `npm run bench:decisions`. Pure: an array of words in, options or one sentence
// about what is wrong out.

import { parseArgs } from 'node:util';

export interface Arguments {
  /** Null: 4,000 for the headline cells and 1,000 for the others. */
  runs: number | null;
  /** Files, or names of shipped scenarios; none means all that are shipped. */
  scenarios: readonly string[];
  seed: number;
  workers: number;
  /** Null: beside this file. */
  out: string | null;
  /** Nothing is run; the table of what is there is made anew. */
  summaryOnly: boolean;
  /** An earlier code whose runs are carried over where they come out the same; null for none. */
  sameAs: string | null;
  /** Runs of each of the replay's scenarios to send through the product; null for the table instead. */
  replay: number | null;
  /** Files of raw events to replay. */
  events: readonly string[];
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE =
  'npm run bench:decisions -- [--runs N] [--scenario FILE|NAME]... [--seed N] [--workers N] [--out DIR] [--summary] [--same-as CODE] [--replay N] [--events FILE]...';

function whole(name: string, given: string, [low, high]: readonly [number, number]): number {
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= low && value <= high) return value;
  throw new UsageError(`--${name} takes a whole number from ${low} to ${high}, got "${given}".`);
}

/** Throws UsageError with one sentence. */
export function readArguments(words: readonly string[]): Arguments {
  const given = parsed(words);
  const { runs, scenario, seed, workers, out, summary, replay, events } = given;
  return {
    runs: runs === undefined ? null : whole('runs', runs, [1, 1_000_000]),
    scenarios: scenario ?? [],
    seed: whole('seed', seed ?? '1', [1, 1_000]),
    workers: whole('workers', workers ?? '2', [1, 256]),
    out: out ?? null,
    summaryOnly: summary ?? false,
    sameAs: codeOf(given['same-as']),
    replay: replay === undefined ? null : whole('replay', replay, [1, 1_000]),
    events: events ?? [],
  };
}

function codeOf(given: string | undefined): string | null {
  if (given === undefined || /^[0-9a-f]{16}$/.test(given)) return given ?? null;
  throw new UsageError(
    `--same-as takes a code as summary.json names it, 16 of 0-9 and a-f, got "${given}".`,
  );
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      strict: true,
      allowPositionals: false,
      options: {
        runs: { type: 'string' },
        scenario: { type: 'string', multiple: true },
        seed: { type: 'string' },
        workers: { type: 'string' },
        out: { type: 'string' },
        summary: { type: 'boolean' },
        'same-as': { type: 'string' },
        replay: { type: 'string' },
        events: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(/[.\n]/)[0] ?? '') : String(error);
    throw new UsageError(`${why}. Usage: ${USAGE}`);
  }
}
