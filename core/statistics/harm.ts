// One metric at one look, read as harm: on the log ratio where it exists, else on the difference, with its
// one-sided bounds. Rules 1, 2 and 4 are sentences about what this returns; it decides nothing itself.

import {
  type ConfidenceSequence,
  confidenceSequence,
  oneSidedHalfWidth,
  studentized,
} from './confidence-sequence.ts';
import type { Arm, Moments } from './moments.ts';
import { isNotEnough, isPositive, type NotEnough, notEnough } from './not-enough.ts';
import type { MetricRule, Policy } from './policy.ts';
import { type Stratified, stratify } from './stratified.ts';

export interface Harm {
  kind: 'harm';
  rule: MetricRule;
  rates: Stratified;
  scale: 'log_ratio' | 'difference';
  /** Treatment against control on that scale, and the scale's τ. */
  effect: { value: number; variance: number; degrees: number; tau: number };
  /** The effect with its sign turned so that more is worse. */
  harm: number;
  /** Point harm that is put up with, on the same scale. */
  tolerated: number;
}

const grouped = new Intl.NumberFormat('en-US');

const total = (moments: Moments, of: 'n' | 'y', arm?: Arm): number =>
  moments.cells
    .filter((cell) => arm === undefined || cell.arm === arm)
    .reduce((sum, cell) => sum + cell[of], 0);

function missing(have: number, need: number, what: string): NotEnough | null {
  return have >= need
    ? null
    : notEnough(`${grouped.format(have)} of ${grouped.format(need)} ${what}`);
}

/** The gate's users and observations: below them the asymptotics say nothing at all. */
const sizeGate = (moments: Moments, { gate }: Policy): NotEnough | null =>
  missing(moments.users.treatment, gate.treatmentUsers, 'users in treatment') ??
  missing(total(moments, 'n', 'control'), gate.observations, 'observations in control') ??
  missing(total(moments, 'n', 'treatment'), gate.observations, 'observations in treatment');

/**
 * The gate's events. It closes rules 1 and 2 and the improvement, not the ceilings: where nothing ever fails
 * there is much to say about how often at most it does.
 */
export const eventGate = (moments: Moments, { gate }: Policy): NotEnough | null =>
  missing(total(moments, 'y'), gate.events, 'events');

/**
 * Harm of one metric. The difference stands in while an arm has no event: harm relative to control, or
 * to the metric's baseline while control has none, so that a candidate that fails everything against a
 * control that never failed is seen.
 */
export function harmOf(moments: Moments, rule: MetricRule, policy: Policy): Harm | NotEnough {
  const rates = stratify(moments);
  if (isNotEnough(rates)) return rates;
  const closed = sizeGate(moments, policy);
  if (closed) return closed;
  const scale = rates.logRatio ? 'log_ratio' : 'difference';
  const effect = rates.logRatio
    ? { ...rates.logRatio, tau: rule.tau }
    : { ...rates.difference, tau: rule.tauDifference };
  if (!(effect.variance > 0)) return notEnough('no observation varies');
  const harm = rule.harmIs === 'more' ? effect.value : -effect.value;
  const tolerated = policy.kappa * onScale({ rule, rates, scale }, rule.tolerance);
  return { kind: 'harm', rule, rates, scale, effect, harm, tolerated };
}

/** A relative harm, such as a tolerance of 0.05, on the scale that is in use. */
export function onScale(
  { rule, rates, scale }: Pick<Harm, 'rule' | 'rates' | 'scale'>,
  relative: number,
): number {
  if (scale === 'log_ratio') return Math.log1p(relative);
  return relative * (rates.control > 0 ? rates.control : rule.baseline);
}

/** Wider than the sequence where an arm's events are those of a few users: docs/decisions/0018-few-users.md. */
const width = ({ effect }: Harm, alpha: number) =>
  studentized(oneSidedHalfWidth({ ...effect, alpha }), effect.variance, effect.degrees);

/** L = h − c: harm is above this, at every look, but for a chance of α. */
export const lowerHarm = (harm: Harm, alpha: number): number => harm.harm - width(harm, alpha);

/** U = h + c: harm is below this. */
export const upperHarm = (harm: Harm, alpha: number): number => harm.harm + width(harm, alpha);

/** Harm in standard errors, for amber. */
export const harmZ = ({ harm, effect }: Harm): number => harm / Math.sqrt(effect.variance);

/** The two-sided sequence of treatment against control, as shown. */
export const shownSequence = ({ effect }: Harm, alpha: number): ConfidenceSequence | NotEnough =>
  confidenceSequence(effect.value, { ...effect, alpha });

/**
 * Treatment's own rate is above this, at every look: R·exp(−c) from the one-sided sequence of ln R over
 * users. On the log scale because one τ then serves 1 % as well as 50 %.
 */
export function lowerTreatmentRate(
  { rule, rates }: Pick<Harm, 'rule' | 'rates'>,
  alpha: number,
): number | NotEnough {
  const { degrees, variance: own } = rates.own.treatment;
  const variance = own / rates.treatment ** 2;
  if (!isPositive(variance)) return notEnough('treatment has no event that varies');
  const half = oneSidedHalfWidth({ variance, tau: rule.tau, alpha });
  return rates.treatment * Math.exp(-studentized(half, variance, degrees));
}
