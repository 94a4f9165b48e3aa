// The fixed-horizon analysis people know: Welch's t, its interval, Cohen's d, Hedges' g and relative lift.
// Shown beside the sequential numbers and never a trigger: it is right for one look at a size decided
// beforehand, and for independent observations. No variance, no answer: null, never NaN.

import { normalQuantile } from './normal.ts';
import { isSum, type NotEnough, notEnough } from './not-enough.ts';
import { logGamma, studentQuantile, studentTwoSidedP } from './student.ts';

/** Independent observations of one arm, as sums. */
export interface Sample {
  n: number;
  sum: number;
  sumOfSquares: number;
}

export interface Summary {
  n: number;
  mean: number;
  /** With n − 1 in the denominator. */
  variance: number;
}

export type Interval = readonly [lower: number, upper: number];

/** Mean and variance; null below two observations, where there is no variance. */
export function summaryOf({ n, sum, sumOfSquares }: Sample): Summary | null {
  if (!isSum(sumOfSquares) || !Number.isFinite(sum) || !Number.isFinite(n) || n < 2) return null;
  const mean = sum / n;
  return { n, mean, variance: Math.max(0, (sumOfSquares - sum * mean) / (n - 1)) };
}

/** The same from values, without the rounding of sums of squares. */
export function summaryOfValues(values: readonly number[]): Summary | null {
  if (values.length < 2 || !values.every(Number.isFinite)) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n: values.length, mean, variance: squares / (values.length - 1) };
}

export interface WelchTest {
  kind: 'welch';
  difference: number;
  standardError: number;
  /** Infinite where neither arm varies and the means differ. */
  t: number;
  /** Welch and Satterthwaite; null where neither arm varies. */
  degreesOfFreedom: number | null;
  p: number;
  interval: Interval;
  /** Neither arm varies: nothing may be concluded from t and p. */
  degenerate: boolean;
}

/** Welch, Biometrika 1947. Treatment minus control. */
export function welch(
  control: Summary | null,
  treatment: Summary | null,
  alpha = 0.05,
): WelchTest | NotEnough {
  if (!control || !treatment) return notEnough('an arm has fewer than two observations');
  const [a, b] = [control.variance / control.n, treatment.variance / treatment.n];
  const difference = treatment.mean - control.mean;
  const squared = a + b;
  if (!Number.isFinite(squared) || !Number.isFinite(difference)) {
    return notEnough('a mean or variance is no finite number');
  }
  if (squared === 0) {
    const t = difference === 0 ? 0 : difference * Number.POSITIVE_INFINITY;
    const p = difference === 0 ? 1 : 0;
    const interval = [difference, difference] as const;
    const rest = { degreesOfFreedom: null, interval, degenerate: true };
    return { kind: 'welch', difference, standardError: 0, t, p, ...rest };
  }
  const standardError = Math.sqrt(squared);
  const [shareA, shareB] = [a / squared, b / squared];
  const df = 1 / (shareA ** 2 / (control.n - 1) + shareB ** 2 / (treatment.n - 1));
  const t = difference / standardError;
  const half = studentQuantile(1 - alpha / 2, df) * standardError;
  return {
    kind: 'welch',
    difference,
    standardError,
    t,
    degreesOfFreedom: df,
    p: studentTwoSidedP(t, df),
    interval: [difference - half, difference + half],
    degenerate: false,
  };
}

export interface EffectSize {
  kind: 'effect_size';
  pooledDeviation: number;
  cohenD: number;
  /** d with the exact small-sample correction Γ(m/2)/(√(m/2)·Γ((m−1)/2)): Hedges 1981. */
  hedgesG: number;
}

export function effectSize(
  control: Summary | null,
  treatment: Summary | null,
): EffectSize | NotEnough {
  if (!control || !treatment) return notEnough('an arm has fewer than two observations');
  const df = control.n + treatment.n - 2;
  const pooled = ((control.n - 1) * control.variance + (treatment.n - 1) * treatment.variance) / df;
  if (!(pooled > 0) || !Number.isFinite(pooled)) return notEnough('no observation varies');
  const pooledDeviation = Math.sqrt(pooled);
  const cohenD = (treatment.mean - control.mean) / pooledDeviation;
  const correction = Math.exp(logGamma(df / 2) - logGamma((df - 1) / 2) - Math.log(df / 2) / 2);
  return { kind: 'effect_size', pooledDeviation, cohenD, hedgesG: cohenD * correction };
}

export interface Lift {
  kind: 'lift';
  /** treatment/control − 1, its standard error by the delta method, and that interval. */
  value: number;
  standardError: number;
  interval: Interval;
  /** ln(treatment/control), its variance, and its interval as a lift; null where treatment is zero. */
  log: { value: number; variance: number; interval: Interval } | null;
}

/** Relative lift; not enough where control's mean is not above zero. */
export function lift(
  control: Summary | null,
  treatment: Summary | null,
  alpha = 0.05,
): Lift | NotEnough {
  if (!control || !treatment) return notEnough('an arm has fewer than two observations');
  if (!(control.mean > 0)) return notEnough('control has no event to be relative to');
  const ratio = treatment.mean / control.mean;
  const ofControl = control.variance / (control.n * control.mean ** 2);
  const inControlUnits = treatment.variance / (treatment.n * control.mean ** 2);
  const standardError = Math.sqrt(inControlUnits + ofControl * ratio ** 2);
  if (!Number.isFinite(ratio) || !Number.isFinite(standardError)) {
    return notEnough('a mean or variance is no finite number');
  }
  const z = normalQuantile(1 - alpha / 2);
  const value = ratio - 1;
  const interval = [value - z * standardError, value + z * standardError] as const;
  const ofTreatment = treatment.variance / (treatment.n * treatment.mean ** 2);
  const isLog = treatment.mean > 0 && Number.isFinite(ofTreatment);
  const log = isLog ? logLift(Math.log(ratio), ofControl + ofTreatment, z) : null;
  return { kind: 'lift', value, standardError, interval, log };
}

function logLift(value: number, variance: number, z: number): NonNullable<Lift['log']> {
  const half = z * Math.sqrt(variance);
  return { value, variance, interval: [Math.expm1(value - half), Math.expm1(value + half)] };
}
