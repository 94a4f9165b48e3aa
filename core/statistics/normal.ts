// The standard normal distribution, from @stdlib: the one-sided p of a sequence, fixed-horizon intervals
// and the plan use it. The rules that decide need none of it.

import erfc from '@stdlib/math-base-special-erfc';
import erfcinv from '@stdlib/math-base-special-erfcinv';

/** P(Z ≤ z). */
export const normalCdf = (z: number): number => erfc(-z / Math.SQRT2) / 2;

/** The z with P(Z ≤ z) = p; p in (0, 1). */
export const normalQuantile = (p: number): number => -Math.SQRT2 * erfcinv(2 * p);

/** P(|Z| ≥ |z|): the two-sided p of a normal statistic. */
export const normalTwoSidedP = (z: number): number => erfc(Math.abs(z) / Math.SQRT2);
