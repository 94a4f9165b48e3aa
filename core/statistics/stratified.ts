// Treatment against control, compared within each stage and then averaged. The share of traffic changes
// from stage to stage and so may the visitors: comparing the pooled arms would be Simpson's paradox.
// Weights are Mantel and Haenszel's (JNCI 1959); the variance is over users, not requests, because one
// person's requests resemble each other (Deng, Knoblich, Lu, KDD 2018).

import { ARMS, type Arm, crossOf, type Moments, usable } from './moments.ts';
import { type NotEnough, notEnough } from './not-enough.ts';

export interface ArmAtStage {
  users: number;
  n: number;
  y: number;
  /** y per n. */
  rate: number;
}

export interface StageRates extends Record<Arm, ArmAtStage> {
  stage: string;
  /** Share of this stage in the estimate; the weights sum to 1. */
  weight: number;
}

/** An estimate and its variance (the squared standard error). */
export interface Effect {
  value: number;
  variance: number;
  /** Degrees of freedom of the variance, which is itself an estimate; at least 1. */
  degrees: number;
}

export interface Stratified {
  kind: 'stratified';
  /** Stages that have both arms, in the order they were first seen. */
  stages: StageRates[];
  /** Weighted rates, for relative effects only: never shown as a stage's own. */
  control: number;
  treatment: number;
  /** The variance of each of these by itself. */
  own: Record<Arm, Omit<Effect, 'value'>>;
  /** treatment − control, in events per exposure. */
  difference: Effect;
  /** ln(treatment / control); null while an arm has no event. */
  logRatio: Effect | null;
}

interface Term {
  index: number;
  arm: Arm;
  rate: number;
  /** s·w/N of its cell. */
  factor: number;
}

interface Parts {
  stages: StageRates[];
  rates: Record<Arm, number>;
  terms: Term[];
}

const cellAt = (moments: Moments, stage: string, arm: Arm): ArmAtStage | null => {
  const cell = moments.cells.find((one) => one.stage === stage && one.arm === arm);
  if (!cell || cell.n <= 0) return null;
  return { users: cell.users, n: cell.n, y: cell.y, rate: cell.y / cell.n };
};

function partsOf(moments: Moments): Parts | NotEnough {
  const unusable = usable(moments);
  if (unusable) return unusable;
  const names = [...new Set(moments.cells.map(({ stage }) => stage))];
  const both = names.flatMap((stage) => {
    const control = cellAt(moments, stage, 'control');
    const treatment = cellAt(moments, stage, 'treatment');
    if (!control || !treatment) return [];
    const weight = control.n / (1 + control.n / treatment.n);
    return [{ stage, control, treatment, weight }];
  });
  const total = both.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0) || !Number.isFinite(total)) {
    return notEnough('no stage has observations in both arms');
  }
  const stages = both.map((one) => ({ ...one, weight: one.weight / total }));
  const rate = (arm: Arm) => stages.reduce((sum, one) => sum + one.weight * one[arm].rate, 0);
  return {
    stages,
    rates: { control: rate('control'), treatment: rate('treatment') },
    terms: terms(moments, stages),
  };
}

function terms(moments: Moments, stages: readonly StageRates[]): Term[] {
  return moments.cells.flatMap(({ stage, arm }, index) => {
    const own = stages.find((one) => one.stage === stage);
    if (!own) return [];
    const sign = arm === 'treatment' ? 1 : -1;
    return [{ index, arm, rate: own[arm].rate, factor: (sign * own.weight) / own[arm].n }];
  });
}

/** Σ φ² over users, from sums of products; `scale` is what each arm's φ is divided by. */
function sumOfSquares(moments: Moments, list: readonly Term[], scale: Record<Arm, number>) {
  let value = 0;
  let size = 0;
  for (const a of list) {
    for (const b of list) {
      const { yy, yn, ny, nn } = crossOf(moments, a.index, b.index);
      const factor = (a.factor * b.factor) / (scale[a.arm] * scale[b.arm]);
      value += factor * (yy - b.rate * yn - a.rate * ny + a.rate * b.rate * nn);
      size += Math.abs(factor) * (yy + b.rate * yn + a.rate * ny + a.rate * b.rate * nn);
    }
  }
  // What cancels to less than rounding is nothing.
  return value <= size * 1e-13 ? 0 : value;
}

const ONE = { control: 1, treatment: 1 } as const;

/**
 * V = Σ φ_i² as in the definition, φ_i = Σ_k s·w_k·(y_ik − R_ak·n_ik)/(N_ak·R_a), one φ a user over all
 * stages; on the difference without the last 1/R_a. Equals the sum over users up to rounding.
 * `only` restricts it to one arm's part.
 */
export function clusteredVariance(
  moments: Moments,
  scale: 'difference' | 'log_ratio',
  only?: Arm,
): number | NotEnough {
  const parts = partsOf(moments);
  if ('kind' in parts) return parts;
  const { control, treatment } = parts.rates;
  if (scale === 'log_ratio' && (control <= 0 || treatment <= 0)) {
    return notEnough('an arm has no event, so there is no log ratio');
  }
  const list = only ? parts.terms.filter(({ arm }) => arm === only) : parts.terms;
  return sumOfSquares(moments, list, scale === 'difference' ? ONE : parts.rates);
}

/**
 * What stands in for the variance of an arm whose users are all alike (nobody failed, everybody
 * failed): a proportion of its users after adding one success and one failure (Laplace). Zero would
 * claim certainty after one user. Where the rate is no share of exposures there is no such stand-in.
 */
function standIn(rate: number, users: number): number {
  const share = (rate * users + 1) / (users + 2);
  return rate <= 1 && users > 0 ? (share * (1 - share)) / users : 0;
}

/**
 * How many users an arm's events come from, as if each had equally many: Kish's effective number (Survey
 * Sampling, 1965). Ten failures of one unlucky user are one.
 */
function effectiveUsers(moments: Moments, own: readonly Term[], rate: number): number {
  let squares = 0;
  for (const a of own) {
    for (const b of own) squares += a.factor * b.factor * crossOf(moments, a.index, b.index).yy;
  }
  return squares > 0 ? rate ** 2 / squares : 0;
}

interface ArmVariance extends Omit<Effect, 'value'> {
  /** As much of it as stands in for what its users do not show. */
  assumed: number;
}

function armVariance(moments: Moments, arm: Arm, { terms: all, rates }: Parts): ArmVariance {
  const terms = all.filter((term) => term.arm === arm);
  const variance = sumOfSquares(moments, terms, ONE);
  if (variance === 0) {
    const assumed = standIn(rates[arm], moments.users[arm]);
    return { variance: assumed, assumed, degrees: Math.max(1, moments.users[arm]) };
  }
  // The variance of k users' rare events is known as with 2k degrees of freedom where all have equally many,
  // and less well where they have not: k is on the careful side.
  const degrees = Math.max(1, effectiveUsers(moments, terms, rates[arm]));
  return { variance, assumed: 0, degrees };
}

/**
 * Welch's and Satterthwaite's, of both arms together (Biometrics Bulletin 1946). Only the arm with the higher
 * rate is taken as estimated: by chance high, it looks more certain than it is, while few events in the
 * other show in a variance that is large already.
 */
function degreesOf(
  arms: Parts['rates'],
  own: Stratified['own'],
  scale: Record<Arm, number>,
): number {
  const higher = arms.treatment > arms.control ? 'treatment' : 'control';
  const variances = { control: 0, treatment: 0 };
  for (const arm of ARMS) variances[arm] = own[arm].variance / scale[arm] ** 2;
  const both = variances.control + variances.treatment;
  const estimated = variances[higher] ** 2 / own[higher].degrees;
  return estimated > 0 ? Math.min(MOST_DEGREES, both ** 2 / estimated) : MOST_DEGREES;
}

/** As good as known. */
const MOST_DEGREES = 1e9;

/** Rates by stage, their difference and log ratio with clustered variances. */
export function stratify(moments: Moments): Stratified | NotEnough {
  const parts = partsOf(moments);
  if ('kind' in parts) return parts;
  const { stages, rates } = parts;
  const own = {
    control: armVariance(moments, 'control', parts),
    treatment: armVariance(moments, 'treatment', parts),
  };
  const effect = (value: number, scale: Record<Arm, number>): Effect => {
    const added = ARMS.reduce((sum, arm) => sum + own[arm].assumed / scale[arm] ** 2, 0);
    const variance = sumOfSquares(moments, parts.terms, scale) + added;
    return { value, variance, degrees: degreesOf(rates, own, scale) };
  };
  const hasRatio = rates.control > 0 && rates.treatment > 0;
  const difference = effect(rates.treatment - rates.control, ONE);
  const logRatio = hasRatio ? effect(Math.log(rates.treatment / rates.control), rates) : null;
  const numbers = [difference, ...(logRatio ? [logRatio] : [])].flatMap((one) =>
    Object.values(one),
  );
  if (!numbers.every(Number.isFinite)) return notEnough('the sums are too large to compute with');
  return { kind: 'stratified', stages, ...rates, own, difference, logRatio };
}
