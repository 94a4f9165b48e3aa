// How a rollout goes up, by the keys of `learning.ab_testing` and `learning.automation` and, for one
// experiment, by its plan. Pure data; statistics/policy.ts holds what the evidence must show.

import type { LearningConfig } from '../learning-config.ts';

const HOUR_MS = 3_600_000;

/** A rollout's last stage keeps this much control: at a literal 100 % nothing is left to compare. */
export const LAST_STAGE_BP = 9_500;

export const PROMOTE_ON = ['improvement', 'non_inferior', 'no_evidence_of_harm'] as const;
export type PromoteOn = (typeof PROMOTE_ON)[number];

export interface RolloutPolicy {
  /** Shares of the slice in ten-thousandths, growing; the last is `LAST_STAGE_BP`. */
  stagesBp: readonly number[];
  /** Least running time in a stage, in ms. */
  stageMs: number;
  /** Running time after which a rollout without a verdict goes back to production, in ms. */
  longestMs: number;
  lookEveryMs: number;
  remindEveryMs: number;
  /** False: an operator approves the start, and every step up. */
  startsItself: boolean;
  advancesItself: boolean;
  /** False: harm is told and holds the rollout, and an operator takes the candidate off. */
  rollsBackOnHarm: boolean;
  promoteOn: PromoteOn;
}

/**
 * The policy of one experiment. `firstShareBp` is the plan's: stages below it are left out.
 * A configured stage of 1.0 stands for the last stage and everyone after it.
 */
export function rolloutPolicy(
  config: Pick<LearningConfig, 'ab_testing' | 'automation'>,
  plan: { firstShareBp: number; promoteOn: PromoteOn },
): RolloutPolicy {
  const { ab_testing, automation } = config;
  const middle = ab_testing.rollout_stages
    .map((share) => Math.round(share * 10_000))
    .filter((bp) => bp > plan.firstShareBp && bp < LAST_STAGE_BP);
  return {
    stagesBp: [plan.firstShareBp, ...middle, LAST_STAGE_BP],
    stageMs: ab_testing.stage_duration_hours * HOUR_MS,
    longestMs: 14 * 24 * HOUR_MS,
    lookEveryMs: HOUR_MS / 4,
    remindEveryMs: 24 * HOUR_MS,
    startsItself: automation.auto_experiment,
    advancesItself: automation.auto_rollout,
    rollsBackOnHarm: automation.rollback_on_regression,
    promoteOn: plan.promoteOn,
  };
}
