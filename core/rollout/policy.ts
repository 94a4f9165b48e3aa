// How a rollout goes up: the rules of its evidence (core/statistics/policy.ts), and who may take which
// step. Fixed when the experiment starts and kept with it.

import { type Policy, type PromoteOn, policyFrom, type RolloutKeys } from '../statistics/policy.ts';

const HOUR_MS = 3_600_000;

export interface RolloutPolicy {
  rules: Policy;
  /** False: an operator approves the start. */
  startsItself: boolean;
  lookEveryMs: number;
  remindEveryMs: number;
}

export type RolloutConfig = RolloutKeys & { automation: { auto_experiment: boolean } };

/** `firstShare` is the plan's: stages below it are left out. */
export function rolloutPolicy(
  config: RolloutConfig,
  plan: { firstShare: number; promoteOn: PromoteOn },
): RolloutPolicy {
  const ab_testing = { ...config.ab_testing, initial_traffic_split: plan.firstShare };
  const rules = policyFrom({ ab_testing, automation: config.automation });
  return {
    rules: { ...rules, promoteOn: plan.promoteOn },
    startsItself: config.automation.auto_experiment,
    lookEveryMs: HOUR_MS / 4,
    remindEveryMs: 24 * HOUR_MS,
  };
}

/** Share of a stage in ten-thousandths. Throws RangeError for a stage that the policy does not have. */
export function shareBpOf({ rules }: RolloutPolicy, stage: number): number {
  const share = rules.shares[stage];
  if (share === undefined) throw new RangeError(`no stage ${stage} in the policy`);
  return Math.round(share * 10_000);
}
