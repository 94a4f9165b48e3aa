// One metric of an experiment as people are shown it: by stage and never pooled, the effect with its
// sequence beside the fixed-horizon interval, what the rules say, and how many users are still needed. The
// experiment page, `bruno experiment analyze` and the benchmark call it; rollouts decide by guardrail.ts.

import { type ConfidenceSequence, confidenceSequence } from './confidence-sequence.ts';
import { type GuardrailVerdict, guardrailVerdict } from './guardrail.ts';
import { onScale } from './harm.ts';
import type { Arm, Moments } from './moments.ts';
import { normalQuantile, normalTwoSidedP } from './normal.ts';
import { isNotEnough, type NotEnough, notEnough } from './not-enough.ts';
import type { MetricRule, Policy } from './policy.ts';
import { improvementOf, type Verdict } from './promotion.ts';
import { type ArmAtStage, type StageRates, type Stratified, stratify } from './stratified.ts';
import { usersNeeded } from './users-needed.ts';
import { effectSize, type Interval, summaryOf, welch } from './welch.ts';

/** Each sequence and interval shown: 95 %. */
export const SHOWN_ALPHA = 0.05;

/** τ of a metric without a rule: effects of some 20 %. */
export const UNRULED_TAU = 0.2;

export interface StageAnalysis extends StageRates {
  /** Welch's t and effect sizes as if each observation were another visitor; null unless 0 ≤ y ≤ n. */
  asIfIndependent: {
    t: number | null;
    p: number;
    interval: Interval;
    cohenD: number | null;
    hedgesG: number | null;
  } | null;
}

export interface EffectAnalysis {
  kind: 'effect';
  scale: 'log_ratio' | 'difference';
  variance: number;
  tau: number;
  sequence: ConfidenceSequence;
  /** Right for one look at a size decided beforehand; over users, normal. */
  fixed: { interval: Interval; p: number };
}

export interface MetricAnalysis {
  metric: string;
  users: Record<Arm, number>;
  stages: StageAnalysis[];
  effect: EffectAnalysis | NotEnough;
  /** On the effect's scale, as treatment against control; null without a rule. */
  limits: { tolerated: number; ceiling: number | null } | null;
  /** What rules 1 and 2 say; null without a rule. */
  verdict: Pick<GuardrailVerdict, 'result' | 'amber' | 'reason'> | null;
  /** Whether the primary is established as better, as rule 4 asks; null for other metrics. */
  improvement: Verdict | null;
  /** In both arms, until the effect seen would be told from none at the rules' α. */
  moreUsers: number | null;
}

function independent(control: ArmAtStage, treatment: ArmAtStage): StageAnalysis['asIfIndependent'] {
  const isShare = [control, treatment].every(({ n, y }) => y <= n);
  if (!isShare) return null;
  const [a, b] = [control, treatment].map(({ n, y }) => summaryOf({ n, sum: y, sumOfSquares: y }));
  const test = welch(a ?? null, b ?? null, SHOWN_ALPHA);
  if (isNotEnough(test) || test.degenerate) return null;
  const size = effectSize(a ?? null, b ?? null);
  const { t, p, interval } = test;
  const sizes = isNotEnough(size)
    ? { cohenD: null, hedgesG: null }
    : { cohenD: size.cohenD, hedgesG: size.hedgesG };
  return { t, p, interval, ...sizes };
}

function effectOf(rates: Stratified, rule: MetricRule | null): EffectAnalysis | NotEnough {
  const scale = rates.logRatio ? 'log_ratio' : 'difference';
  const { value, variance } = rates.logRatio ?? rates.difference;
  if (!(variance > 0)) return notEnough('no observation varies');
  const either = Math.max(rates.control, rates.treatment);
  const tau =
    scale === 'log_ratio'
      ? (rule?.tau ?? UNRULED_TAU)
      : (rule?.tauDifference ?? UNRULED_TAU * either);
  const sequence = confidenceSequence(value, { variance, tau, alpha: SHOWN_ALPHA });
  if (isNotEnough(sequence)) return sequence;
  const half = normalQuantile(1 - SHOWN_ALPHA / 2) * Math.sqrt(variance);
  const p = normalTwoSidedP(value / Math.sqrt(variance));
  const fixed = { interval: [value - half, value + half] as const, p };
  return { kind: 'effect', scale, variance, tau, sequence, fixed };
}

function limitsOf(rates: Stratified, effect: EffectAnalysis, rule: MetricRule, policy: Policy) {
  const sign = rule.harmIs === 'more' ? 1 : -1;
  const at = (relative: number) => sign * onScale({ rule, rates, scale: effect.scale }, relative);
  const ceiling = rule.ceiling === null ? null : at(rule.ceiling);
  const tolerated = policy.kappa * at(rule.tolerance);
  return { tolerated: tolerated === 0 ? 0 : tolerated, ceiling };
}

/**
 * `rule` is null for a metric the policy does not know: it is shown and not judged. `alpha` is the
 * guardrail's share of the experiment's, from `rollbackAlpha`.
 */
export function analyze(request: {
  metric: string;
  moments: Moments;
  rule: MetricRule | null;
  policy: Policy;
  alpha: number;
}): MetricAnalysis {
  const { metric, moments, rule, policy, alpha } = request;
  const { users } = moments;
  const judged = rule ? guardrailVerdict(moments, rule, policy, alpha) : null;
  const verdict = judged && shortened(judged);
  const isPrimary = rule?.role === 'primary';
  const harm = judged?.waitingFor === null ? judged.harm : null;
  const improvement = isPrimary && harm ? improvementOf(harm, policy) : null;
  const rates = stratify(moments);
  if (isNotEnough(rates)) {
    return {
      metric,
      users,
      stages: [],
      effect: rates,
      limits: null,
      verdict,
      improvement,
      moreUsers: null,
    };
  }
  const stages = rates.stages.map((stage) => ({
    ...stage,
    asIfIndependent: independent(stage.control, stage.treatment),
  }));
  const effect = effectOf(rates, rule);
  if (isNotEnough(effect)) {
    return { metric, users, stages, effect, limits: null, verdict, improvement, moreUsers: null };
  }
  const needed = usersNeeded({
    effect: Math.abs(effect.sequence.estimate),
    variance: effect.variance,
    users: users.control + users.treatment,
    tau: effect.tau,
    alpha: isPrimary ? policy.alpha.promote : alpha,
  });
  const limits = rule ? limitsOf(rates, effect, rule, policy) : null;
  const moreUsers = isNotEnough(needed) ? null : needed.more;
  return { metric, users, stages, effect, limits, verdict, improvement, moreUsers };
}

const shortened = ({ result, amber, reason }: GuardrailVerdict) => ({ result, amber, reason });
