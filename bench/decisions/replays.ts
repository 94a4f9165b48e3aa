// `npm run bench:decisions -- --replay N`: small simulated rollouts with all their raw events written down, sent
// through the product on a local stack, and compared. Files and results lie beside the other runs.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Progress } from '../../simulation/progress.ts';
import { replayAll } from '../../simulation/replay/all.ts';
import { readRun, type WrittenRun } from '../../simulation/replay/events.ts';
import { checkReplayable } from '../../simulation/replay/limits.ts';
import { REPLAY_POLICY } from '../../simulation/replay/policy.ts';
import type { Replayed } from '../../simulation/replay/replay.ts';
import { writeRun } from '../../simulation/replay/run.ts';
import type { Scenario } from '../../simulation/rollout/scenario.ts';
import { type Arguments, UsageError } from './arguments.ts';
import { readScenario } from './cells.ts';

const SHIPPED = new URL('../../simulation/replay/scenarios/', import.meta.url);

const shippedScenarios = (): string[] =>
  readdirSync(SHIPPED)
    .toSorted()
    .map((name) => new URL(name, SHIPPED).pathname);

/** A name is one of the replay's own scenarios here. */
const pathOf = (given: string) =>
  given.endsWith('.json') ? given : new URL(`${given}.json`, SHIPPED).pathname;

type Options = Pick<Arguments, 'replay' | 'events' | 'scenarios' | 'seed'>;

/** Returns whether each was identical. Throws UsageError for a file that holds no run. */
export async function runReplays(
  options: Options,
  { folder, progress }: { folder: string; progress: Progress },
): Promise<boolean> {
  const { replay: count, events, scenarios, seed } = options;
  const kept = join(folder, 'runs', 'replay');
  mkdirSync(kept, { recursive: true });
  const chosen = scenarios.length > 0 ? scenarios.map(pathOf) : shippedScenarios();
  const written = Array.from({ length: count ?? 0 }, (_, at) => seed + at).flatMap((own) =>
    chosen.map((path) => write(readScenario(path), own, kept)),
  );
  const runs = [...events, ...written].map(read);
  const all: Replayed[] = [];
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new UsageError(`stopped by ${name}`)));
  }
  await replayAll(runs, {
    signal: stop.signal,
    done: (replayed) => {
      all.push(replayed);
      progress.line(sentence(replayed));
      writeFileSync(join(kept, 'results.json'), `${JSON.stringify(all, null, 2)}\n`);
    },
  });
  return all.every(({ differences }) => differences.length === 0);
}

/** The file of its raw events. */
function write(scenario: Scenario, seed: number, folder: string): string {
  const lines: string[] = [];
  try {
    writeRun({ scenario, policy: REPLAY_POLICY, seed }, (line) => lines.push(JSON.stringify(line)));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  const path = join(folder, `${scenario.name}-${seed}.jsonl`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function read(path: string): WrittenRun {
  try {
    const run = readRun(readFileSync(path, 'utf8'));
    checkReplayable(run);
    return run;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${basename(path)}: ${why}`);
  }
}

function sentence(one: Replayed): string {
  const what = `${one.scenario} ${one.seed}: ${one.answers} answers, ${one.votes} votes, ${one.looks} looks; ${one.outcome.replaceAll('_', ' ')} after ${one.hours} h`;
  if (one.differences.length === 0) return `${what}; identical`;
  return [`${what}; NOT IDENTICAL`, ...one.differences].join('\n  ');
}
