// What a look saw of each metric, as it is kept to be drawn over time. Kept with what its bounds follow
// from, so that a row can be computed again by core/statistics. Pure; decides nothing.

import type { Observed } from '../rollout/evidence.ts';
import { analyze, type MetricAnalysis } from '../statistics/analysis.ts';
import { rollbackAlpha } from '../statistics/guardrail.ts';
import { isNotEnough } from '../statistics/not-enough.ts';
import { measuredRules, type Policy } from '../statistics/policy.ts';

/** Effects are on their scale: the log ratio, or events per exposure while that does not exist. */
export interface MetricAtLook {
  metric: string;
  controlUsers: number;
  treatmentUsers: number;
  scale: 'log_ratio' | 'difference';
  estimate: number;
  variance: number;
  tau: number;
  /** The 95 % confidence sequence. */
  lower: number;
  upper: number;
  /** The harm that is put up with, as treatment against control. */
  tolerated: number;
}

/** Metrics that can be told nothing of yet are left out. */
export function seenAtLook({ metrics, waived }: Observed, policy: Policy): MetricAtLook[] {
  const { rules } = measuredRules(policy, waived);
  const alpha = rollbackAlpha(policy, rules.length);
  return rules.flatMap((rule) => {
    const moments = metrics[rule.metric];
    if (moments === undefined) return [];
    return atLook(analyze({ metric: rule.metric, moments, rule, policy, alpha }));
  });
}

function atLook({ metric, users, effect, limits }: MetricAnalysis): MetricAtLook[] {
  if (isNotEnough(effect) || limits === null) return [];
  const { scale, variance, tau, sequence } = effect;
  return [
    {
      metric,
      controlUsers: users.control,
      treatmentUsers: users.treatment,
      scale,
      estimate: sequence.estimate,
      variance,
      tau,
      lower: sequence.lower,
      upper: sequence.upper,
      tolerated: limits.tolerated,
    },
  ];
}

/** A log ratio as the relative change that it is; a difference as it is. */
export const shownEffect = (scale: MetricAtLook['scale'], value: number): number =>
  scale === 'log_ratio' ? Math.expm1(value) : value;
