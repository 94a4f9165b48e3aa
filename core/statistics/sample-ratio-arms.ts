// The sample ratio of any number of arms at fixed shares, as experiment platforms show it: the
// chi-square test of one look, and the sequential Dirichlet-multinomial e-value beside it. For display of
// foreign experiments; rollouts use sample-ratio.ts, which follows a share that grows.

import { isPositive, isSum, type NotEnough, notEnough } from './not-enough.ts';
import { chiSquareUpperP, logGamma } from './student.ts';

export interface ArmCounts {
  kind: 'arm_counts';
  chiSquare: number;
  degreesOfFreedom: number;
  /** Valid at one look decided beforehand. */
  p: number;
  logE: number;
  /** min(1, 1/E): valid at every look. */
  pSequential: number;
}

/**
 * `shares` are what was configured and sum to 1; `concentration` is the weight of the Dirichlet prior around
 * them: larger looks for smaller deviations. Lindon & Malek, NeurIPS 2022, eq. 6.
 */
export function armCounts(
  counts: readonly number[],
  shares: readonly number[],
  concentration = 1_000,
): ArmCounts | NotEnough {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  if (counts.length < 2 || counts.length !== shares.length) {
    return notEnough(`${counts.length} counts for ${shares.length} shares`);
  }
  if (!counts.every(isSum) || !isPositive(total)) return notEnough('no user has been counted');
  if (!shares.every(isPositive) || Math.abs(whole - 1) > 1e-9 || !isPositive(concentration)) {
    return notEnough(`the shares sum to ${whole}, not 1`);
  }
  let chiSquare = 0;
  let logE = logGamma(concentration) - logGamma(concentration + total);
  counts.forEach((count, arm) => {
    const share = shares[arm] ?? 0;
    chiSquare += (count - total * share) ** 2 / (total * share);
    logE +=
      logGamma(concentration * share + count) -
      logGamma(concentration * share) -
      count * Math.log(share);
  });
  if (!Number.isFinite(logE) || !Number.isFinite(chiSquare)) {
    return notEnough('the counts are too large to compute with');
  }
  const degreesOfFreedom = counts.length - 1;
  const p = chiSquareUpperP(chiSquare, degreesOfFreedom);
  const pSequential = Math.min(1, Math.exp(-logE));
  return { kind: 'arm_counts', chiSquare, degreesOfFreedom, p, logE, pSequential };
}
