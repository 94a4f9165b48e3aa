import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLearning } from '../learning-config.ts';
import { DEFAULT_POLICY, policyFrom, type RolloutKeys } from './policy.ts';

const keys: RolloutKeys = {
  ab_testing: {
    initial_traffic_split: 0.1,
    min_sample_size: 1_000,
    confidence_level: 0.95,
    rollout_stages: [0.1, 0.25, 0.5, 1],
    stage_duration_hours: 24,
  },
  automation: { auto_rollout: false, rollback_on_regression: true },
};

describe('the policy', () => {
  it('of the documented keys is the default one', () => {
    expect(policyFrom(keys)).toEqual({
      ...DEFAULT_POLICY,
      alpha: { ...DEFAULT_POLICY.alpha, promote: expect.closeTo(0.025, 12) },
    });
  });

  it('follows each key, and confidence_level moves the α of promotion alone', () => {
    const { alpha, stage, shares, autoAdvance, onHarm } = policyFrom({
      ab_testing: {
        initial_traffic_split: 0.2,
        min_sample_size: 300,
        confidence_level: 0.9,
        rollout_stages: [0.1, 0.5, 1],
        stage_duration_hours: 12,
      },
      automation: { auto_rollout: true, rollback_on_regression: false },
    });
    expect(alpha).toEqual({ ...DEFAULT_POLICY.alpha, promote: expect.closeTo(0.05, 12) });
    expect(stage).toEqual({ hours: 12, users: 300 });
    expect(shares).toEqual([0.2, 0.5, 0.95]);
    expect([autoAdvance, onHarm]).toEqual([true, 'hold']);
  });

  it('can be read from learning.yaml', () => {
    const text = readFileSync('learning.yaml', 'utf8');
    expect(policyFrom(parseLearning(text).config).shares).toEqual([0.1, 0.25, 0.5, 0.95]);
  });

  it('has a τ on the difference that is τ times the rate expected', () => {
    for (const { tau, tauDifference, baseline } of DEFAULT_POLICY.metrics) {
      expect(tauDifference / (tau * baseline)).toBeCloseTo(1, 1);
    }
  });
});
