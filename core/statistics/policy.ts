// Every number the rules depend on, in one table, and how the keys of learning.yaml change it. A policy
// is fixed when an experiment starts and kept with it, so that a change of defaults never changes a
// running one. Rates and shares are of 1, times in hours, effects in the log ratio unless said.

/** What may promote a candidate; the name stands in the history. */
export const PROMOTE_ON = ['improvement', 'non_inferior', 'no_evidence_of_harm'] as const;
export type PromoteOn = (typeof PROMOTE_ON)[number];

export interface MetricRule {
  metric: string;
  /** The primary is a guardrail too: a model proven worse on it is rolled back. */
  role: 'primary' | 'guardrail';
  /** Which direction hurts: more errors, fewer thumbs up. */
  harmIs: 'more' | 'less';
  /** Scale of effects the sequence is tightest for, in the log ratio. Fixed before the first look. */
  tau: number;
  /** The same in events per exposure, where a log ratio does not exist: about τ times `baseline`. */
  tauDifference: number;
  /** The rate expected; what a difference is relative to while control has no event. */
  baseline: number;
  /** Relative harm that is put up with: 0.05 is 5 %. */
  tolerance: number;
  /** Relative harm that must be excluded before promotion; null where the metric has none. */
  ceiling: number | null;
  /** A rate of its own in treatment, above which harm needs no comparison but being above control's. */
  absoluteLimit: number | null;
}

export interface Policy {
  alpha: { rollback: number; promote: number; nonInferiority: number; sampleRatio: number };
  /** Factor on ln(1 + tolerance). */
  kappa: number;
  /** Standard errors of harm that make a metric amber. */
  amberZ: number;
  gate: { treatmentUsers: number; observations: number; events: number };
  stage: { hours: number; users: number };
  /** Shares of treatment; the last one keeps a control for `stage.hours`, then everyone. */
  shares: readonly number[];
  /** Running time after which an experiment is inconclusive. */
  maximumHours: number;
  /** What `no_evidence_of_harm` waits for at the planned share. */
  quietHours: number;
  promoteOn: PromoteOn;
  /** false waits for an operator at every advance. */
  autoAdvance: boolean;
  /** What proven harm does: `hold` alerts and keeps the share. */
  onHarm: 'roll_back' | 'hold';
  metrics: readonly MetricRule[];
}

const slow = { role: 'guardrail', harmIs: 'more', absoluteLimit: null } as const;

/** The share at which the last stage keeps a control, where the configuration says everyone. */
export const LAST_SHARE = 0.95;

export const DEFAULT_POLICY: Policy = {
  alpha: { rollback: 0.05, promote: 0.025, nonInferiority: 0.05, sampleRatio: 0.005 },
  kappa: 1,
  amberZ: 1.645,
  gate: { treatmentUsers: 50, observations: 100, events: 10 },
  stage: { hours: 24, users: 1_000 },
  shares: [0.1, 0.25, 0.5, LAST_SHARE],
  maximumHours: 14 * 24,
  quietHours: 7 * 24,
  promoteOn: 'improvement',
  autoAdvance: false,
  onHarm: 'roll_back',
  metrics: [
    {
      metric: 'thumbs_up',
      role: 'primary',
      harmIs: 'less',
      tau: 0.05,
      tauDifference: 0.036,
      baseline: 0.723,
      tolerance: 0,
      ceiling: null,
      absoluteLimit: null,
    },
    {
      metric: 'error',
      role: 'guardrail',
      harmIs: 'more',
      tau: 0.3,
      tauDifference: 0.0025,
      baseline: 0.0084,
      tolerance: 0.05,
      ceiling: 0.5,
      absoluteLimit: 0.01,
    },
    // Slow: above the p95 of the first 2,000 control requests, so 5 % by definition.
    ...['slow_first_token', 'slow_output_token'].map((metric) => ({
      ...slow,
      metric,
      tau: 0.2,
      tauDifference: 0.01,
      baseline: 0.05,
      tolerance: 0.1,
      ceiling: 0.25,
    })),
    {
      metric: 'hallucination',
      role: 'guardrail',
      harmIs: 'more',
      tau: 0.3,
      tauDifference: 0.0064,
      baseline: 0.0212,
      tolerance: 0.05,
      ceiling: 0.5,
      absoluteLimit: null,
    },
  ],
};

/** The keys of learning.yaml that bear on the rules. */
export interface RolloutKeys {
  ab_testing: {
    initial_traffic_split: number;
    min_sample_size: number;
    confidence_level: number;
    rollout_stages: readonly number[];
    stage_duration_hours: number;
  };
  automation: { auto_rollout: boolean; rollback_on_regression: boolean };
}

/**
 * The default policy as learning.yaml changes it. `confidence_level` c gives α_promote = (1 − c)/2 and no
 * other α; a last stage of 1 is held at 95/5 first; stages below `initial_traffic_split` are left out.
 */
export function policyFrom({ ab_testing, automation }: RolloutKeys): Policy {
  const first = ab_testing.initial_traffic_split;
  const later = ab_testing.rollout_stages.map((share) => Math.min(share, LAST_SHARE));
  const shares = [first, ...later.filter((share) => share > first)];
  return {
    ...DEFAULT_POLICY,
    alpha: { ...DEFAULT_POLICY.alpha, promote: (1 - ab_testing.confidence_level) / 2 },
    stage: { hours: ab_testing.stage_duration_hours, users: ab_testing.min_sample_size },
    shares: [...new Set(shares)].toSorted((a, b) => a - b),
    autoAdvance: automation.auto_rollout,
    onHarm: automation.rollback_on_regression ? 'roll_back' : 'hold',
  };
}

/** Metrics whose harm is watched and that are measured; the others are waived, by name. */
export function measuredRules(
  policy: Policy,
  waived: readonly string[],
): { rules: MetricRule[]; waived: string[] } {
  const isWaived = ({ metric }: MetricRule) => waived.includes(metric);
  return {
    rules: policy.metrics.filter((rule) => !isWaived(rule)),
    waived: policy.metrics.filter(isWaived).map(({ metric }) => metric),
  };
}
