// An arm's rate at one stage with its own interval, for the drawing beside the table: over users, because
// one person's answers resemble each other, and valid at every look. Decides nothing. Pure.

import { SHOWN_ALPHA } from '../statistics/analysis.ts';
import { twoSidedHalfWidth } from '../statistics/confidence-sequence.ts';
import { type Arm, crossOf, type Moments } from '../statistics/moments.ts';

export interface RateInterval {
  lower: number;
  upper: number;
}

/** On the log of the rate, as effects are; null while nobody differs from anybody, or no event came. */
export function rateInterval(
  moments: Moments,
  { stage, arm, tau }: { stage: string; arm: Arm; tau: number },
): RateInterval | null {
  const index = moments.cells.findIndex((cell) => cell.stage === stage && cell.arm === arm);
  const cell = moments.cells[index];
  if (cell === undefined || !(cell.n > 0) || !(cell.y > 0)) return null;
  const rate = cell.y / cell.n;
  const { yy, yn, nn } = crossOf(moments, index, index);
  const variance = (yy - 2 * rate * yn + rate ** 2 * nn) / cell.y ** 2;
  // What cancels to less than rounding is nothing.
  if (!(variance > 1e-13)) return null;
  const half = twoSidedHalfWidth({ variance, tau, alpha: SHOWN_ALPHA });
  const upper = rate * Math.exp(half);
  return { lower: rate * Math.exp(-half), upper: cell.y <= cell.n ? Math.min(1, upper) : upper };
}
