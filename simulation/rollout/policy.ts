// The policy a scenario is judged by: what learning.yaml ships, with nobody to wait for, and the first
// share that the plan finds for the scenario's traffic.

import { literalRules } from '../../core/rollout/literal.ts';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { isNotEnough } from '../../core/statistics/not-enough.ts';
import { firstShare } from '../../core/statistics/plan.ts';
import { type Policy, policyFrom } from '../../core/statistics/policy.ts';
import type { Scenario } from './scenario.ts';

const HOUR_MS = 3_600_000;

export const SHIPPED = {
  ab_testing: {
    initial_traffic_split: 0.1,
    min_sample_size: 1_000,
    confidence_level: 0.95,
    rollout_stages: [0.1, 0.25, 0.5, 1],
    stage_duration_hours: 24,
  },
  automation: { auto_rollout: true, rollback_on_regression: true },
} as const;

function plannedRules(scenario: Scenario): Policy {
  const { users_per_day, returning, answers_per_visit, weekend } = scenario;
  const usersPerDay = (users_per_day * (5 + 2 * weekend)) / 7;
  const plan = firstShare(
    {
      usersPerDay,
      newUsersPerDay: usersPerDay * (1 - returning),
      answersPerDay: usersPerDay * answers_per_visit,
      clusterSize: { firstDay: answers_per_visit, perFurtherDay: 0 },
    },
    SHIPPED.ab_testing.min_sample_size,
  );
  if (isNotEnough(plan)) throw new RangeError(`no plan for ${scenario.name}: ${plan.reason}`);
  const ab_testing = { ...SHIPPED.ab_testing, initial_traffic_split: plan.share };
  return policyFrom({ ...SHIPPED, ab_testing });
}

export function scenarioPolicy(scenario: Scenario): RolloutPolicy {
  const limits = { maximumHours: scenario.days * 24, promoteOn: scenario.promote_on };
  const rules =
    scenario.policy === 'literal'
      ? { ...literalRules(policyFrom(SHIPPED)), maximumHours: limits.maximumHours }
      : { ...plannedRules(scenario), ...limits };
  return { rules, startsItself: true, lookEveryMs: HOUR_MS / 4, remindEveryMs: 24 * HOUR_MS };
}
