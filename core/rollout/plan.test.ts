// The plan as an operator is shown it: the first share, what can be known by when, and what is promised.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLearning } from '../learning-config.ts';
import { type PastTraffic, planRollout, rolloutPlanSchema } from './plan.ts';

const keys = parseLearning(readFileSync('learning.yaml', 'utf8')).config;
const measured = (metric: string, rate: number, observedShare: number) => ({
  metric,
  rate,
  observedShare,
  intraclassCorrelation: 0.1,
});
const past = (usersPerDay: number, newUsersPerDay: number): PastTraffic => ({
  days: 14,
  traffic: {
    usersPerDay,
    newUsersPerDay,
    answersPerDay: usersPerDay * 5,
    clusterSize: { firstDay: 8, perFurtherDay: 2 },
  },
  metrics: [
    measured('thumbs_up', 0.723, 0.24),
    measured('error', 0.0084, 1),
    measured('slow_first_token', 0.05, 1),
    measured('slow_output_token', 0.05, 0.99),
  ],
});
const planOf = (traffic: PastTraffic | null, over: { sliceBp?: number } = {}) =>
  planRollout({ keys, promoteOn: 'improvement', sliceBp: 10_000, past: traffic, ...over });

describe('the plan', () => {
  it.each([
    [10_000, 0.1, 'the smallest share at which both arms have 1,000 visitors after 1 day'],
    [1_000, 0.25, 'the smallest share at which both arms have 1,000 visitors after 6 days'],
    [200, 0.5, 'no share reaches the visitors needed in a week; both arms have 1,000 visitors'],
  ])('of %i visitors a day starts at %d', (users, share, reason) => {
    const { plan, policy } = planOf(past(users, users * 0.6));
    expect(plan.first_share).toBe(share);
    expect(plan.first_share_reason).toContain(reason);
    expect(policy.rules.shares[0]).toBe(share);
    expect(rolloutPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  it('says so where the visitors would come only after it has ended', () => {
    const reason = (users: number) => planOf(past(users, users * 0.6)).plan.first_share_reason;
    expect(reason(300)).not.toContain('inconclusive');
    expect(reason(100)).toContain('after 33 days, and it would end before, inconclusive after 14');
    expect(reason(100)).toContain('min_sample_size');
  });

  it('promises no more where the first stage has to wait for its visitors', () => {
    const after7 = (newUsersPerDay: number) =>
      planOf(past(2_000, newUsersPerDay)).plan.metrics[0]?.known[2]?.lift ?? 0;
    expect(after7(1_334)).toBeGreaterThan(1.2 * after7(9_000));
  });

  it('shows less and less that could be found the longer it runs, and what is not measured', () => {
    const { plan } = planOf(past(10_000, 5_000));
    for (const { metric, known } of plan.metrics) {
      const lifts = known.map(({ lift }) => lift ?? Number.NaN);
      expect(lifts, metric).toEqual(lifts.toSorted((a, b) => b - a));
    }
    expect(plan.metrics.map(({ metric }) => metric)).not.toContain('hallucination');
    expect(plan.waived).toEqual(['hallucination']);
  });

  it('of no traffic says so, and takes the share of the configuration', () => {
    const { plan } = planOf(null);
    expect(plan).toMatchObject({ first_share: 0.1, traffic: null });
    expect(plan.first_share_reason).toBe('no traffic was recorded to plan with');
    expect(plan.metrics[0]?.known[0]).toMatchObject({
      lift: null,
      reason: 'no traffic was recorded',
    });
  });

  it('plans for the slice, not for everyone', () => {
    const whole = planOf(past(10_000, 5_000)).plan;
    const third = planOf(past(10_000, 5_000), { sliceBp: 3_333 }).plan;
    expect(third.traffic?.visitors_per_day).toBeCloseTo(3_333);
    const after7 = (plan: typeof whole) => plan.metrics[0]?.known[2]?.lift ?? 0;
    expect(after7(third)).toBeGreaterThan(after7(whole));
  });
});
