// Rules 1 and 2: is a metric harmed for certain (roll back), does it look harmed (amber: keep collecting),
// or neither? Pure verdicts with the sentence of their numbers; what follows from them is the rollout's.

import { eventGate, type Harm, harmOf, harmZ, lowerHarm, lowerTreatmentRate } from './harm.ts';
import { type Moments, usable } from './moments.ts';
import { isNotEnough } from './not-enough.ts';
import { type MetricRule, measuredRules, type Policy } from './policy.ts';
import * as say from './sentences.ts';

/** Missing data holds: `inconclusive` and `error` neither pass nor fail. */
export type Result = 'pass' | 'fail' | 'inconclusive' | 'error';

export interface GuardrailVerdict {
  metric: string;
  result: Result;
  /** It looks harmed but is not proven so: hold. */
  amber: boolean;
  reason: string;
  /** The numbers behind it; null where there were not enough. */
  harm: Harm | null;
  /** What its events still lack, in words; null once there are enough to decide by. */
  waitingFor: string | null;
}

/** Sums of one metric, by metric. A metric without sums has not been measured yet. */
export type MetricMoments = Readonly<Record<string, Moments>>;

/** The α of one guardrail among m: Bonferroni. */
export const rollbackAlpha = (policy: Policy, guardrails: number): number =>
  policy.alpha.rollback / Math.max(1, guardrails);

/** One metric. `alpha` is its share of the experiment's, from `rollbackAlpha`. */
export function guardrailVerdict(
  moments: Moments,
  rule: MetricRule,
  policy: Policy,
  alpha: number,
): GuardrailVerdict {
  const { metric } = rule;
  const wrong = usable(moments);
  if (wrong) return { ...waiting(metric, wrong.reason), result: 'error' };
  const harm = harmOf(moments, rule, policy);
  if (isNotEnough(harm)) return waiting(metric, harm.reason);
  const few = eventGate(moments, policy);
  if (few) return { ...waiting(metric, few.reason), harm };
  return { metric, harm, waitingFor: null, ...judged(harm, policy, alpha) };
}

function waiting(metric: string, what: string): GuardrailVerdict {
  const reason = `${say.name(metric)}: ${what}`;
  return { metric, result: 'inconclusive', amber: false, reason, harm: null, waitingFor: reason };
}

type Judged = Pick<GuardrailVerdict, 'result' | 'amber' | 'reason'>;

function judged(harm: Harm, policy: Policy, alpha: number): Judged {
  const isBeyond = harm.harm > harm.tolerated;
  const numbers = `${say.rates(harm)}: ${say.atLeast(harm, alpha)}`;
  if (isBeyond && lowerHarm(harm, alpha) > 0) {
    return { result: 'fail', amber: false, reason: numbers };
  }
  const absolute = absoluteHarm(harm, alpha);
  if (absolute !== null) return { result: 'fail', amber: false, reason: absolute };
  if (isBeyond && harmZ(harm) > policy.amberZ) {
    return { result: 'inconclusive', amber: true, reason: `amber, not proven: ${numbers}` };
  }
  return { result: 'pass', amber: false, reason: `no evidence of harm: ${numbers}` };
}

/** Treatment's own rate proven above its limit and above control's: both arms failing is nobody's harm. */
function absoluteHarm(harm: Harm, alpha: number): string | null {
  const { absoluteLimit, harmIs } = harm.rule;
  if (absoluteLimit === null || harmIs === 'less') return null;
  const lower = lowerTreatmentRate(harm, alpha);
  if (typeof lower !== 'number') return null;
  if (!(lower > absoluteLimit && lower > harm.rates.control)) return null;
  return `${say.rates(harm)}: at least ${say.rate(lower)} in treatment, above the limit of ${say.rate(absoluteLimit)}`;
}

export interface HarmVerdict {
  /** `fail` rolls back; `error` and `inconclusive` hold. */
  result: Result;
  amber: boolean;
  reason: string;
  guardrails: GuardrailVerdict[];
  /** Metrics of the policy that are not measured, shown and never passed silently. */
  waived: string[];
}

/**
 * Rules 1 and 2 over all guardrails. It is asked before any check of health: a broken sample ratio or an
 * old sum elsewhere never hides a harm.
 */
export function harmVerdict(
  metrics: MetricMoments,
  policy: Policy,
  waivedMetrics: readonly string[] = [],
): HarmVerdict {
  const { rules, waived } = measuredRules(policy, waivedMetrics);
  const alpha = rollbackAlpha(policy, rules.length);
  const guardrails = rules.map((rule): GuardrailVerdict => {
    const moments = metrics[rule.metric];
    if (!moments) return waiting(rule.metric, 'not measured yet');
    return guardrailVerdict(moments, rule, policy, alpha);
  });
  const failed = guardrails.filter(({ result }) => result === 'fail');
  const broken = guardrails.filter(({ result }) => result === 'error');
  const amber = guardrails.filter((one) => one.amber);
  const undecided = guardrails.filter(({ result }) => result === 'inconclusive');
  const because = (list: readonly GuardrailVerdict[]) =>
    list.map(({ reason }) => reason).join('; ');
  const shared = { guardrails, waived, amber: amber.length > 0 };
  if (failed.length > 0) return { ...shared, result: 'fail', reason: because(failed) };
  if (broken.length > 0) return { ...shared, result: 'error', reason: because(broken) };
  if (amber.length > 0) return { ...shared, result: 'inconclusive', reason: because(amber) };
  if (undecided.length > 0) {
    return { ...shared, result: 'inconclusive', reason: because(undecided) };
  }
  const unwatched = waived.length > 0 ? `; not measured: ${waived.map(say.name).join(', ')}` : '';
  const reason = `no evidence of harm in ${guardrails.length} metrics${unwatched}`;
  return { ...shared, result: rules.length > 0 ? 'pass' : 'error', reason };
}
