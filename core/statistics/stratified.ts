// Treatment against control, compared within each stage and then averaged. The share of traffic changes
// from stage to stage and so may the visitors: comparing the pooled arms would be Simpson's paradox.
// Weights are Mantel and Haenszel's (JNCI 1959); the variance is over users, not requests, because one
// person's requests resemble each other (Deng, Knoblich, Lu, KDD 2018).

import { type Arm, crossOf, type Moments, usable } from './moments.ts';
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
  /** How well each of these is known by itself. */
  own: Record<Arm, Known>;
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

/** Where sums cancel to less than their rounding, nothing is left. */
const ROUNDING = 1e-13;

/**
 * Σ φ_i·ψ_i over users, from sums of products: φ_i = Σ_k s·w_k·(y_ik − R_ak·n_ik)/N_ak over the terms of one
 * arm, ψ_i over another's or the same one's.
 */
function sumOfProducts(moments: Moments, left: readonly Term[], right: readonly Term[]): number {
  let value = 0;
  let size = 0;
  for (const a of left) {
    for (const b of right) {
      const { yy, yn, ny, nn } = crossOf(moments, a.index, b.index);
      const factor = a.factor * b.factor;
      value += factor * (yy - b.rate * yn - a.rate * ny + a.rate * b.rate * nn);
      size += Math.abs(factor) * (yy + b.rate * yn + a.rate * ny + a.rate * b.rate * nn);
    }
  }
  return Math.abs(value) <= size * ROUNDING ? 0 : value;
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

/** How well an arm's own rate is known. */
type Known = Omit<Effect, 'value'>;

function known(
  moments: Moments,
  own: readonly Term[],
  { rate, users }: { rate: number; users: number },
): Known {
  const variance = sumOfProducts(moments, own, own);
  if (variance <= 0) return { variance: standIn(rate, users), degrees: Math.max(1, users) };
  // The variance of k users' rare events is known as with 2k degrees of freedom where all have equally many,
  // and less well where they have not: k is on the careful side.
  return { variance, degrees: Math.max(1, effectiveUsers(moments, own, rate)) };
}

/**
 * Welch's and Satterthwaite's, of both arms together (Biometrics Bulletin 1946). Only the arm with the higher
 * rate is taken as estimated: by chance high, it looks more certain than it is, while few events in the
 * other show in a variance that is large already.
 */
function degreesOf(variances: Record<Arm, number>, higher: Known & { arm: Arm }): number {
  const both = variances.control + variances.treatment;
  const estimated = variances[higher.arm] ** 2 / higher.degrees;
  return estimated > 0 ? Math.min(MOST_DEGREES, both ** 2 / estimated) : MOST_DEGREES;
}

/** As good as known. */
const MOST_DEGREES = 1e9;

const ONE = { control: 1, treatment: 1 } as const;

/**
 * Rates by stage, their difference and log ratio. V = Σ φ_i², one φ a user over all stages and both arms; on the
 * log ratio each arm's part is divided by its rate. Equals the sum over users up to rounding.
 */
export function stratify(moments: Moments): Stratified | NotEnough {
  const parts = partsOf(moments);
  if ('kind' in parts) return parts;
  const { stages, rates } = parts;
  const terms = (arm: Arm) => parts.terms.filter((term) => term.arm === arm);
  const [inControl, inTreatment] = [terms('control'), terms('treatment')];
  const of = (arm: Arm) => ({ rate: rates[arm], users: moments.users[arm] });
  const own = {
    control: known(moments, inControl, of('control')),
    treatment: known(moments, inTreatment, of('treatment')),
  };
  // Of those who crossed from control to treatment.
  const shared = 2 * sumOfProducts(moments, inControl, inTreatment);
  const higher = rates.treatment > rates.control ? 'treatment' : 'control';
  const effect = (value: number, scale: Record<Arm, number>): Effect => {
    const variances = {
      control: own.control.variance / scale.control ** 2,
      treatment: own.treatment.variance / scale.treatment ** 2,
    };
    const apart = variances.control + variances.treatment;
    const sum = apart + shared / (scale.control * scale.treatment);
    const variance = sum <= apart * ROUNDING ? 0 : sum;
    return { value, variance, degrees: degreesOf(variances, { arm: higher, ...own[higher] }) };
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
