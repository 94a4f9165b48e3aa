// Runs of an earlier code that may stand for the present one. Most changes of the code cannot be noticed by
// a simulated rollout, and that is not believed but tried: the first runs of a cell are made again, and only
// where each comes out the same are the others carried over. A hundred show a change of one run in thirty
// nineteen times in twenty.

import type { Cell } from './cells.ts';
import { placeOf } from './pool.ts';
import type { Run } from './store.ts';

/** Runs of each cell that are made again. */
export const COMPARED = 100;

/** The cell with no more runs wanted than are made again. */
export const sampleOf = (cell: Cell): Cell => ({ ...cell, runs: Math.min(cell.runs, COMPARED) });

const isSame = (a: Run, b: Run) =>
  a.outcome === b.outcome &&
  a.hours === b.hours &&
  a.lastStageHours === b.lastStageHours &&
  a.steppedInOutage === b.steppedInOutage;

/** Of the seeds that both codes have run: how many, and how many came out otherwise. */
export function differences(
  own: ReadonlyMap<number, Run>,
  former: ReadonlyMap<number, Run>,
): { compared: number; differing: number } {
  const both = [...own.values()].flatMap((run) => {
    const before = former.get(run.seed);
    return before === undefined ? [] : [isSame(run, before)];
  });
  return { compared: both.length, differing: both.filter((same) => !same).length };
}

/**
 * What is carried over to a cell: earlier runs that it wants and lacks, marked with the code that made them.
 * None where too few were made again, or one of them came out otherwise.
 */
export function carriedTo(
  cell: Cell,
  own: ReadonlyMap<number, Run>,
  { former, code }: { former: ReadonlyMap<number, Run>; code: string },
): Run[] {
  const { compared, differing } = differences(own, former);
  if (compared < sampleOf(cell).runs || differing > 0) return [];
  return [...former.values()]
    .filter(({ seed }) => placeOf(seed) < cell.runs && !own.has(seed))
    .map((run) => ({ ...run, code: run.code ?? code }));
}
