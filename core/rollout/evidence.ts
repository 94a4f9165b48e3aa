// From the running sums of an experiment to what a look needs to know. Pure; the same for live traffic
// and for simulated.

import { harmVerdict, type MetricMoments } from '../statistics/guardrail.ts';
import { ARMS, type Arm } from '../statistics/moments.ts';
import { isNotEnough } from '../statistics/not-enough.ts';
import type { Policy } from '../statistics/policy.ts';
import type { PromotionFacts } from '../statistics/promotion.ts';
import { type SplitGroup, sampleRatio } from '../statistics/sample-ratio.ts';
import type { Evidence } from './facts.ts';

/** What has lately been recorded of one arm. */
export interface Arrivals {
  /** When the newest answer was given, in ms since the epoch; null if there is none. */
  newestMs: number | null;
  /** Answers in the day before that. */
  lastDay: number;
}

export interface Observed {
  nowMs: number;
  metrics: MetricMoments;
  /** Metrics that cannot be measured here, shown and never passed silently. */
  waived: readonly string[];
  users: Record<Arm, number>;
  splitGroups: readonly SplitGroup[];
  arrivals: Record<Arm, Arrivals>;
  /** Why the judge's verdicts cannot be relied on; null where they can, and where nobody judges. */
  judging: string | null;
  offline: PromotionFacts['offline'];
}

export function evidenceOf(observed: Observed, rules: Policy): Evidence {
  const { metrics, waived, users, offline } = observed;
  return {
    harm: harmVerdict(metrics, rules, waived),
    splitBroken: brokenSplit(observed.splitGroups, rules),
    unhealthy: silence(observed) ?? observed.judging,
    users,
    offline,
  };
}

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** At E ≥ 1/α, by the test that may be looked at as often as one likes. */
function brokenSplit(groups: readonly SplitGroup[], { alpha }: Policy): string | null {
  const found = sampleRatio(groups.filter(({ share }) => share > 0 && share < 1));
  if (isNotEnough(found) || found.logE < -Math.log(alpha.sampleRatio)) return null;
  const { treatment, total, expected } = found;
  return `the split is broken: ${count.format(treatment)} of ${count.format(total)} visitors in treatment, where ${count.format(expected)} were expected`;
}

const MINUTE_MS = 60_000;
const SHORTEST_SILENCE_MS = 10 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A silence this unlikely at the arm's usual pace, taken as Poisson, is no chance. */
const UNLIKELY = 1e-4;

/** Nothing recorded for longer than the arm's own pace explains: an outage, or a stopped recorder. */
function silence({ arrivals, nowMs }: Observed): string | null {
  for (const arm of ARMS) {
    const { newestMs, lastDay } = arrivals[arm];
    if (newestMs === null) return `nothing recorded in ${arm} yet`;
    const silentMs = nowMs - newestMs;
    const explainedMs = (-Math.log(UNLIKELY) * DAY_MS) / Math.max(1, lastDay);
    if (silentMs >= Math.max(SHORTEST_SILENCE_MS, explainedMs)) {
      return `nothing recorded in ${arm} for ${count.format(silentMs / MINUTE_MS)} minutes`;
    }
  }
  return null;
}
