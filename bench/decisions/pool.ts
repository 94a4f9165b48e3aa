// Worker threads that take runs from one list, in an order in which every cell is done to the same
// share: whenever it is stopped, the table is whole and only its intervals are wider.

import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { OUTCOMES } from '../../core/rollout/state.ts';
import type { Cell } from './cells.ts';
import type { Run } from './store.ts';

export interface Task {
  cell: Cell;
  seed: number;
}

/** Seeds of one `--seed` never meet those of another. */
const SEEDS_APART = 1_000_000;

const resultSchema = z.strictObject({
  seed: z.int(),
  outcome: z.enum([...OUTCOMES, 'frozen', 'running']),
  hours: z.number(),
  lastStageHours: z.number().nullable(),
  steppedInOutage: z.boolean(),
  cpuMs: z.number(),
});

/** The seeds of a cell, the same in every cell: scenarios differ by what they change alone. */
const seedsOf = (runs: number, seed: number): number[] =>
  Array.from({ length: runs }, (_, at) => seed * SEEDS_APART + at);

/** The place of a seed among its cell's, from 0. */
export const placeOf = (own: number): number => own % SEEDS_APART;

export const isSeedOf = (seed: number, own: number): boolean =>
  Math.floor(own / SEEDS_APART) === seed;

/** What is missing, spread evenly over the cells. */
export function tasksOf(
  cells: readonly Cell[],
  has: (cell: Cell, seed: number) => boolean,
  seed: number,
): Task[] {
  return cells
    .flatMap((cell) =>
      seedsOf(cell.runs, seed).map((own, at) => ({
        cell,
        seed: own,
        share: (at + 0.5) / cell.runs,
      })),
    )
    .filter(({ cell, seed: own }) => !has(cell, own))
    .toSorted((a, b) => a.share - b.share)
    .map(({ cell, seed: own }) => ({ cell, seed: own }));
}

/** Runs the tasks; resolves when all are done or `signal` aborts. Rejects when a worker fails. */
export async function runTasks(
  tasks: readonly Task[],
  {
    workers,
    signal,
    done,
  }: {
    workers: number;
    signal: AbortSignal;
    done: (cell: Cell, run: Run) => void;
  },
): Promise<void> {
  let next = 0;
  const threads = Math.min(workers, tasks.length);
  await Promise.all(
    Array.from({ length: threads }, () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
      let task: Task | undefined;
      const give = () => {
        task = signal.aborted ? undefined : tasks[next];
        next += 1;
        if (task === undefined) resolve();
        else worker.postMessage({ scenario: task.cell.scenario, seed: task.seed });
      };
      signal.addEventListener('abort', () => resolve(), { once: true });
      worker.on('error', reject);
      worker.on('message', (message: unknown) => {
        if (task === undefined || signal.aborted) return;
        done(task.cell, resultSchema.parse(message));
        give();
      });
      give();
      return promise.finally(() => worker.terminate());
    }),
  );
}
