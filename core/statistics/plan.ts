// What an experiment could find out, from the traffic of the weeks before it: the first share, and the
// smallest harm that would be seen by when. Shown to operators before they start one. The design effect is
// the price of asking the same people again and again (Kish, Survey Sampling, 1965).

import { isPositive, type NotEnough, notEnough } from './not-enough.ts';
import type { Policy } from './policy.ts';
import { varianceFor } from './users-needed.ts';

export interface Traffic {
  /** Different visitors on a mean day, and how many new ones each further day brings. */
  usersPerDay: number;
  newUsersPerDay: number;
  /** Answers on a mean day. */
  answersPerDay: number;
  /**
   * E[m²]/E[m], m being the answers of one visitor: on the first day, and what each further day adds as
   * the same visitors return. 1 and 0 if nobody ever asks twice.
   */
  clusterSize: { firstDay: number; perFurtherDay: number };
}

export interface MetricTraffic {
  metric: string;
  /** Events per observation. */
  rate: number;
  /** Share of answers that are observed: 0.24 if 24 % get a thumb. */
  observedShare: number;
  /** How much the observations of one visitor resemble each other, 0 to 1. */
  intraclassCorrelation: number;
  /** Both arms get equally many observations whatever their shares (the judged sample). */
  isBalanced: boolean;
}

/** Shares of treatment in turn; the last one lasts. */
export interface PlannedStage {
  share: number;
  days: number;
}

/** The first lasts until both arms have the users of a stage (`firstShare`), and later ones have them from it. */
export const stagesOf = (policy: Policy, daysUntilUsers = 0): PlannedStage[] =>
  policy.shares.map((share, index) => ({
    share,
    days: Math.max(policy.stage.hours / 24, index === 0 ? daysUntilUsers : 0),
  }));

/** Different visitors within this many days. */
export const usersWithin = (traffic: Traffic, days: number): number =>
  traffic.usersPerDay * Math.min(1, days) + traffic.newUsersPerDay * Math.max(0, days - 1);

/** Σ_k N_k·s_k·(1 − s_k): observations as if all were in one arm compared with infinitely many. */
function information(perDay: number, stages: readonly PlannedStage[], days: number, even: boolean) {
  let left = days;
  let sum = 0;
  stages.forEach(({ share, days: length }, index) => {
    const spent = index === stages.length - 1 ? left : Math.min(left, length);
    sum += perDay * spent * (even ? 0.25 : share * (1 - share));
    left -= spent;
  });
  return sum;
}

/** 1 + (M − 1)·q·ρ, with M the answers' cluster size by then and q the share of them observed. */
export function designEffect(traffic: Traffic, metric: MetricTraffic, days: number): number {
  const { firstDay, perFurtherDay } = traffic.clusterSize;
  const size = firstDay + perFurtherDay * Math.max(0, days - 1);
  return 1 + Math.max(0, size - 1) * metric.observedShare * metric.intraclassCorrelation;
}

export interface Detectable {
  kind: 'detectable';
  metric: string;
  days: number;
  /** Relative change that would be proven with this power by then: 0.34 is 34 %. */
  lift: number;
}

/** The smallest relative change that the one-sided sequence proves by a day. */
export function detectable(request: {
  traffic: Traffic;
  metric: MetricTraffic;
  stages: readonly PlannedStage[];
  days: number;
  tau: number;
  alpha: number;
  power?: number;
}): Detectable | NotEnough {
  const { traffic, metric, stages, days, tau, alpha, power = 0.8 } = request;
  if (!isPositive(days) || stages.length === 0) return notEnough('no time is planned');
  if (!(metric.rate > 0 && metric.rate < 1)) {
    return notEnough(`${metric.metric} has a rate of ${metric.rate}: nothing to plan with`);
  }
  const perDay = traffic.answersPerDay * metric.observedShare;
  const seen = information(perDay, stages, days, metric.isBalanced);
  const odds = (1 - metric.rate) / metric.rate;
  const variance = (odds * designEffect(traffic, metric, days)) / seen;
  if (!isPositive(variance)) return notEnough(`${metric.metric} had no observation`);
  const effect = effectAt(variance, { tau, alpha, power });
  if (typeof effect !== 'number') return effect;
  return { kind: 'detectable', metric: metric.metric, days, lift: Math.expm1(effect) };
}

/** The effect whose required variance is this one. */
function effectAt(
  variance: number,
  scale: { tau: number; alpha: number; power: number },
): number | NotEnough {
  let low = Math.sqrt(variance);
  let high = Math.max(low * 1e3, 1e-9);
  for (let step = 0; step < 100 && high / low > 1 + 1e-12; step += 1) {
    const middle = Math.sqrt(low * high);
    const needed = varianceFor(middle, scale);
    if (typeof needed !== 'number') return needed;
    if (needed < variance) low = middle;
    else high = middle;
  }
  return high;
}

export interface FirstShare {
  kind: 'first_share';
  share: number;
  /** Days until the smaller arm has the users of a stage at this share; null if never. */
  days: number | null;
  isReachedInTime: boolean;
}

const WITHIN_DAYS = 7;
const LARGER = [0.25, 0.5];

/**
 * The smallest of `least`, 25 and 50 % at which both arms reach the users of a stage in a week, else 50 %,
 * or `least` where that is more already.
 */
export function firstShare(traffic: Traffic, users: number, least = 0.1): FirstShare | NotEnough {
  if (!isPositive(traffic.usersPerDay)) return notEnough('there were no visitors to plan with');
  const candidates = [least, ...LARGER.filter((share) => share > least)];
  const inTime = candidates.find(
    (share) => usersWithin(traffic, WITHIN_DAYS) * Math.min(share, 1 - share) >= users,
  );
  const share = inTime ?? Math.max(least, 0.5);
  const total = users / Math.min(share, 1 - share);
  const later = (total - traffic.usersPerDay) / traffic.newUsersPerDay;
  const days = total <= traffic.usersPerDay ? total / traffic.usersPerDay : 1 + later;
  const known = Number.isFinite(days) && days > 0 ? days : null;
  return { kind: 'first_share', share, days: known, isReachedInTime: inTime !== undefined };
}
