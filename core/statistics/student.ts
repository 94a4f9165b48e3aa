// Student's t, chi-square and ln Γ, from @stdlib (1e-12 relative, also far in the tail). For display
// and fixed-size tests only: these weigh most of the library's bundle, and no rule that decides imports them.

import betainc from '@stdlib/math-base-special-betainc';
import gammainc from '@stdlib/math-base-special-gammainc';
import gammaln from '@stdlib/math-base-special-gammaln';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** P(|T| ≥ |t|) with `df` degrees of freedom. */
export const studentTwoSidedP = (t: number, df: number): number =>
  betainc(df / (df + t * t), df / 2, 0.5);

/** The t with P(T ≤ t) = p. */
export const studentQuantile = (p: number, df: number): number => tQuantile(p, df);

/** P(X ≥ x) for chi-square. */
export const chiSquareUpperP = (x: number, df: number): number =>
  gammainc(x / 2, df / 2, true, true);

/** ln Γ(x), x > 0. */
export const logGamma = (x: number): number => gammaln(x);
