// Intervals and p-values that hold at every look, however often one looks: the price is a width some
// 1.3 times a fixed-horizon interval's. `variance` is a squared standard error V, `tau` the scale of
// effects that the sequence is tightest for; it is fixed before the first look. Only logarithms and
// square roots: nothing here needs a distribution function but the exact one-sided bound.

import { normalCdf } from './normal.ts';
import { isPositive, type NotEnough, notEnough } from './not-enough.ts';

export interface Scale {
  /** Squared standard error of the estimate. */
  variance: number;
  /** Same unit as the estimate. */
  tau: number;
  /** Chance of ever being wrong, in (0, 1). */
  alpha: number;
}

function unfit({ variance, tau, alpha }: Scale, estimate = 0): NotEnough | null {
  if (!Number.isFinite(estimate)) return notEnough(`the estimate is ${estimate}`);
  if (!isPositive(variance)) return notEnough(`the variance is ${variance}, not above zero`);
  if (!isPositive(tau)) return notEnough(`tau is ${tau}, not above zero`);
  if (!(alpha > 0 && alpha < 1)) return notEnough(`alpha is ${alpha}, not between 0 and 1`);
  return null;
}

/**
 * Half-width of the two-sided sequence: √[V(V+τ²)/τ²·(2·ln(1/α) + ln((V+τ²)/V))].
 * Robbins (1970); Waudby-Smith et al., arXiv:2103.06476. Infinite where the data say nothing.
 */
export function twoSidedHalfWidth({ variance, tau, alpha }: Scale): number {
  const ratio = 1 + tau ** 2 / variance;
  return Math.sqrt((variance + (variance / tau) ** 2) * (-2 * Math.log(alpha) + Math.log(ratio)));
}

/**
 * One-sided bound c: √[2V(V+τ²)/τ²·ln(1 + √((V+τ²)/V)/(2α))].
 * Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 2021 (normal mixture, closed form).
 */
export function oneSidedHalfWidth({ variance, tau, alpha }: Scale): number {
  const ratio = Math.sqrt(1 + tau ** 2 / variance);
  return Math.sqrt(2 * (variance + (variance / tau) ** 2) * Math.log1p(ratio / (2 * alpha)));
}

/** Beyond it a bound says nothing, and is still a number. */
const MOST_STRETCH = 100;

/**
 * A half-width for a variance that was itself estimated, with so many degrees of freedom: as many standard
 * errors of Student's t as leave the same tail that `halfWidth` leaves of the normal. Wallace's closed
 * form (Annals of Mathematical Statistics 1959).
 */
export function studentized(halfWidth: number, variance: number, degrees: number): number {
  const error = Math.sqrt(variance);
  const normal = ((halfWidth / error) * (8 * degrees + 3)) / (8 * degrees + 1);
  const stretch = Math.min(MOST_STRETCH, normal ** 2 / degrees);
  return error * Math.sqrt(degrees * Math.expm1(stretch));
}

/** ln Λ, Λ = √(V/(V+τ²))·exp(θ²τ²/(2V(V+τ²))): the mixture likelihood ratio (mSPRT). */
export function logMixtureRatio(estimate: number, variance: number, tau: number): number {
  const shrink = tau ** 2 / (variance + tau ** 2);
  return (((estimate * estimate) / variance) * shrink - Math.log1p(tau ** 2 / variance)) / 2;
}

/** ln of the one-sided e-value: 2Λ·Φ(θτ/√(V(V+τ²))), against "no effect or a negative one". */
export function logOneSidedE(estimate: number, variance: number, tau: number): number {
  const shrink = tau ** 2 / (variance + tau ** 2);
  const tail = normalCdf((estimate / Math.sqrt(variance)) * Math.sqrt(shrink));
  return Math.LN2 + logMixtureRatio(estimate, variance, tau) + Math.log(tail);
}

/** min(1, 1/E): Johari, Koomen, Pekelis, Walsh, Operations Research 2022. */
export const pOfLogE = (logE: number): number => Math.min(1, Math.exp(-logE));

/** The p after another look: evidence once shown stays shown. */
export const runningP = (before: number, now: number): number => Math.min(before, now);

/** The one-sided bound solved from the e-value itself; a little tighter than the closed form. */
export function oneSidedExactHalfWidth(scale: Scale): number | NotEnough {
  const unusable = unfit(scale);
  if (unusable) return unusable;
  const { variance, tau, alpha } = scale;
  let low = 0;
  let high = oneSidedHalfWidth(scale);
  for (let step = 0; step < 200 && high - low > high * 1e-16; step += 1) {
    const middle = (low + high) / 2;
    if (logOneSidedE(middle, variance, tau) < -Math.log(alpha)) low = middle;
    else high = middle;
  }
  return high;
}

export interface ConfidenceSequence {
  kind: 'sequence';
  estimate: number;
  /** The two-sided sequence at α. */
  lower: number;
  upper: number;
  /** θ − c and θ + c, each one-sided at α. */
  lowerOneSided: number;
  upperOneSided: number;
  /** Always-valid p of "no effect", two-sided, at this look; see `runningP`. */
  p: number;
  /** Always-valid p of "no effect or less". */
  pOneSided: number;
}

/** Everything about one look. */
export function confidenceSequence(estimate: number, scale: Scale): ConfidenceSequence | NotEnough {
  const unusable = unfit(scale, estimate);
  if (unusable) return unusable;
  const half = twoSidedHalfWidth(scale);
  const bound = oneSidedHalfWidth(scale);
  const logE = logMixtureRatio(estimate, scale.variance, scale.tau);
  if (![half, bound, logE].every(Number.isFinite)) {
    return notEnough('the variance is beyond what can be computed with');
  }
  return {
    kind: 'sequence',
    estimate,
    lower: estimate - half,
    upper: estimate + half,
    lowerOneSided: estimate - bound,
    upperOneSided: estimate + bound,
    p: pOfLogE(logE),
    pOneSided: pOfLogE(logOneSidedE(estimate, scale.variance, scale.tau)),
  };
}

/**
 * The τ for which the two-sided sequence is tightest near a squared standard error: Waudby-Smith et
 * al., arXiv:2103.06476, eq. 161 with n·ρ² read as τ²/V.
 */
export function tightestTau(variance: number, alpha: number): number | NotEnough {
  if (!isPositive(variance)) return notEnough(`the variance is ${variance}, not above zero`);
  if (!(alpha > 0 && alpha < 1)) return notEnough(`alpha is ${alpha}, not between 0 and 1`);
  const twice = -2 * Math.log(alpha);
  return Math.sqrt(variance * (twice + Math.log(twice + 1)));
}

/**
 * GrowthBook's tuning, for comparison: `users` so far, `tuning` the number of users it is tightest at
 * (their default 5,000). Its ρ, and the τ of ours that gives the same interval at this look; since that
 * τ moves with the data, theirs is another sequence over time.
 */
export function growthbookTau(
  { variance, alpha }: Omit<Scale, 'tau'>,
  users: number,
  tuning: number,
): { kind: 'tau'; rho: number; tau: number } | NotEnough {
  if (!isPositive(users) || !isPositive(tuning)) return notEnough('there are no users');
  const rho = tightestTau(1 / tuning, alpha);
  if (typeof rho !== 'number') return rho;
  if (!isPositive(variance)) return notEnough(`the variance is ${variance}, not above zero`);
  return { kind: 'tau', rho, tau: rho * Math.sqrt(variance * users) };
}
