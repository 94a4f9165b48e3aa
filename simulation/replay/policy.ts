// The policy that replayed rollouts go by: the shipped rules with minimums that a few hundred visitors
// reach within hours. Ceilings need thousands of answers, and nobody judges here.

import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';

const HOUR_MS = 3_600_000;

export const REPLAY_POLICY: RolloutPolicy = {
  rules: {
    ...DEFAULT_POLICY,
    shares: [0.25, 0.5, 0.95],
    stage: { hours: 0.5, users: 25 },
    gate: { treatmentUsers: 20, observations: 40, events: 10 },
    maximumHours: 4,
    autoAdvance: true,
    metrics: DEFAULT_POLICY.metrics
      .filter(({ metric }) => metric !== 'hallucination')
      .map((rule) => ({ ...rule, ceiling: null })),
  },
  startsItself: true,
  lookEveryMs: HOUR_MS / 4,
  remindEveryMs: 24 * HOUR_MS,
};
