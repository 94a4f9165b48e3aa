// The sums that a look decides on, written in one order: what the simulator kept and what the product's
// record holds compare equal if they are equal, however each came by them. Pure.

import type { Observed } from '../../core/rollout/evidence.ts';
import { type Cell, crossOf, type Moments } from '../../core/statistics/moments.ts';
import type { LookSums } from './events.ts';

const nameOf = ({ stage, arm }: Cell) => `${arm} at ${stage}`;

export function lookSums({ metrics, users, splitGroups }: Observed): LookSums {
  const measured = Object.entries(metrics).flatMap(([metric, moments]) =>
    moments === undefined || moments.cells.length === 0 ? [] : [[metric, sumsOf(moments)] as const],
  );
  return {
    users: { ...users },
    metrics: Object.fromEntries(measured.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    split: splitGroups
      .map(({ share, control, treatment }): [number, number, number] => [share, control, treatment])
      .toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]),
  };
}

function sumsOf(moments: Moments): LookSums['metrics'][string] {
  // A change that was taken back leaves a cell of nobody, which a record does not keep.
  const held = moments.cells
    .map((cell, at) => ({ cell, at }))
    .filter(({ cell }) => cell.users > 0)
    .toSorted((a, b) => (nameOf(a.cell) < nameOf(b.cell) ? -1 : 1));
  return {
    users: { ...moments.users },
    cells: held.map(({ cell: { stage, arm, users, n, y } }) => ({ stage, arm, users, n, y })),
    products: held.flatMap((first, index) =>
      held.slice(index).flatMap((second): LookSums['metrics'][string]['products'] => {
        const { yy, yn, ny, nn } = crossOf(moments, first.at, second.at);
        return nn === 0 ? [] : [[nameOf(first.cell), nameOf(second.cell), yy, yn, ny, nn]];
      }),
    ),
  };
}
