// `npm run bench:decisions`: simulated rollouts by the thousand, and the table of how they ended. Results are
// kept run by run, so that a second start goes on where the first was stopped; Ctrl-C writes the summary
// of what is there.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { type Progress, stderrProgress } from '../simulation/progress.ts';
import { type Arguments, readArguments, UsageError } from './decisions/arguments.ts';
import { carriedTo, differences, sampleOf } from './decisions/carry.ts';
import { type Cell, cellsOf, codeVersion, readScenario, shippedNames } from './decisions/cells.ts';
import { summarySvg } from './decisions/drawing.ts';
import { isSeedOf, runTasks, tasksOf } from './decisions/pool.ts';
import { type Run, Store, StoreError } from './decisions/store.ts';
import { carriedIn, type Summary, summarize } from './decisions/summary.ts';
import { count, summaryMarkdown, summaryText } from './decisions/text.ts';

const HERE = import.meta.dirname;

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${process.platform}-${process.arch}, ${cpus().length} × ${model}`;
}

const minutes = (seconds: number) =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

interface Bench {
  known: Map<Cell, Map<number, Run>>;
  store: Store;
  seed: number;
  workers: number;
  progress: Progress;
}

/** True when it was stopped before the end. */
async function runMissing(
  cells: readonly Cell[],
  { known, store, seed, workers, progress }: Bench,
): Promise<boolean> {
  for (const cell of cells) store.mend(cell);
  const tasks = tasksOf(cells, (cell, own) => known.get(cell)?.has(own) === true, seed);
  const there = cells.reduce((sum, cell) => sum + (known.get(cell)?.size ?? 0), 0);
  progress.line(
    `${count(tasks.length)} runs to do, ${count(there)} there already; ${workers} workers`,
  );
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const began = performance.now();
  let finished = 0;
  await runTasks(tasks, {
    workers,
    signal: stop.signal,
    done: (cell, run) => {
      store.add(cell, run);
      known.get(cell)?.set(run.seed, run);
      finished += 1;
      const rate = finished / ((performance.now() - began) / 1_000);
      const left = minutes((tasks.length - finished) / rate);
      progress.live(
        `${count(finished)} of ${count(tasks.length)} runs, ${rate.toFixed(1)} a second, ${left} left; ${cell.scenario.name}: ${run.outcome.replaceAll('_', ' ')} after ${run.hours} h`,
      );
    },
  });
  return stop.signal.aborted;
}

/** True when it was stopped before the end. */
async function carryOver(
  pairs: readonly { cell: Cell; former: Cell }[],
  code: string,
  bench: Bench,
): Promise<boolean> {
  const { known, store, seed, progress } = bench;
  const earlier = pairs
    .map(({ cell, former }) => {
      const runs = [...store.read(former)].filter(([own]) => isSeedOf(seed, own));
      return { cell, former: new Map(runs) };
    })
    .filter(({ cell, former }) => former.size > (known.get(cell)?.size ?? 0));
  progress.line(`${earlier.length} of ${pairs.length} cells have more runs of code ${code}`);
  const samples = earlier.map(({ cell }) => {
    const sample = sampleOf(cell);
    known.set(sample, known.get(cell) ?? new Map());
    return sample;
  });
  if (await runMissing(samples, bench)) return true;
  for (const { cell, former } of earlier) {
    const own = known.get(cell) ?? new Map<number, Run>();
    const carried = carriedTo(cell, own, { former, code });
    for (const run of carried) {
      store.add(cell, run);
      own.set(run.seed, run);
    }
    const { compared, differing } = differences(own, former);
    if (differing === 0) continue;
    const { name, policy } = cell.scenario;
    progress.line(`${name}, ${policy}: ${differing} of ${compared} runs differ; it is run anew`);
  }
  return false;
}

async function main(options: Arguments): Promise<void> {
  const { seed, workers } = options;
  const folder = options.out === null ? join(HERE, 'decisions') : resolve(options.out);
  if (options.replay !== null || options.events.length > 0) {
    // Only here, because it brings the whole local stack with it.
    const { runReplays } = await import('./decisions/replays.ts');
    const identical = await runReplays(options, { folder, progress: stderrProgress() });
    if (!identical) process.exitCode = 1;
    return;
  }
  const code = codeVersion();
  const chosen = options.scenarios.length > 0 ? options.scenarios : shippedNames();
  const cells = cellsOf(chosen.map(readScenario), { runs: options.runs, code });
  mkdirSync(folder, { recursive: true });
  const store = new Store(folder);
  const known = new Map<Cell, Map<number, Run>>();
  const read = (cell: Cell) => {
    const runs = [...store.read(cell)].filter(([own]) => isSeedOf(seed, own));
    known.set(cell, new Map(runs));
    return runs.length;
  };
  cells.forEach(read);
  // What was run before stays in the table when only some are chosen.
  const names = new Set(cells.map(({ scenario }) => scenario.name));
  const unchosen = shippedNames().filter((name) => !names.has(name));
  const others = cellsOf(unchosen.map(readScenario), { runs: null, code });
  const shown = [...cells, ...others.filter((cell) => read(cell) > 0)];
  const progress = stderrProgress();
  const bench = { known, store, seed, workers, progress };
  let stopped = false;
  if (!options.summaryOnly && options.sameAs !== null) {
    const former = cellsOf(chosen.map(readScenario), { runs: options.runs, code: options.sameAs });
    const pairs = cells.flatMap((cell, at) => {
      const before = former[at];
      return before === undefined ? [] : [{ cell, former: before }];
    });
    stopped = await carryOver(pairs, options.sameAs, bench);
  }
  if (!options.summaryOnly && !stopped) stopped = await runMissing(cells, bench);
  const summary: Summary = {
    schema: 1,
    seed,
    code,
    carried: carriedIn(shown.flatMap((cell) => [...(known.get(cell)?.values() ?? [])])),
    node: process.version,
    machine: machine(),
    cells: shown.map((cell) => {
      const runs = [...(known.get(cell)?.values() ?? [])];
      return summarize(cell.scenario, { runs, wanted: Math.max(cell.runs, runs.length) });
    }),
  };
  progress.line(stopped ? 'stopped; the same command goes on from here' : 'done');
  write(summary, { folder, page: options.out === null ? join(HERE, 'DECISIONS.md') : null });
  process.stdout.write(`${summaryText(summary)}\n`);
  const missed = summary.cells.some(({ goals }) => goals.some(({ result }) => result === 'missed'));
  if (missed) process.exitCode = 1;
}

/** The page lies above the folder in the repository, and within it elsewhere. */
function write(summary: Summary, { folder, page }: { folder: string; page: string | null }): void {
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  writeFileSync(join(folder, 'summary.svg'), summarySvg(summary));
  const drawing = page === null ? 'summary.svg' : 'decisions/summary.svg';
  writeFileSync(page ?? join(folder, 'DECISIONS.md'), summaryMarkdown(summary, drawing));
}

try {
  await main(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StoreError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
