// The plan against the table of what can be known: 10,000 users a day, 80 % power, one of four guardrails.
import { describe, expect, it } from 'vitest';
import { detectable, firstShare, type MetricTraffic, stagesOf, type Traffic } from './plan.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { usersNeeded, varianceFor } from './users-needed.ts';

const traffic: Traffic = {
  usersPerDay: 10_000,
  newUsersPerDay: 5_000,
  answersPerDay: 50_000,
  // Chosen, with the correlations below, to meet the table: it states rates and traffic but neither of these.
  clusterSize: { firstDay: 8, perFurtherDay: 2 },
};
const measured = (
  metric: string,
  rate: number,
  observedShare: number,
  rho: number,
): MetricTraffic => ({
  metric,
  rate,
  observedShare,
  intraclassCorrelation: rho,
  isBalanced: metric === 'hallucination',
});
const metrics = [
  { ...measured('thumbs_up', 0.723, 0.24, 0.143), tau: 0.05, lifts: [9, 4, 3] },
  { ...measured('error', 0.0084, 1, 0.0105), tau: 0.3, lifts: [104, 34, 20] },
  { ...measured('slow', 0.05, 1, 0.0714), tau: 0.2, lifts: [39, 16, 11] },
  // 3 % of the judged tenth give no judgement.
  { ...measured('hallucination', 0.0212, 0.0967, 0), tau: 0.3, lifts: [134, 59, 36] },
];
const stages = [
  { share: 0.1, days: 1 },
  { share: 0.25, days: 1 },
  { share: 0.5, days: 1 },
];

describe('what can be known by when', () => {
  it.each(metrics)('$metric: $lifts % after 1, 3 and 7 days', ({ tau, lifts, ...metric }) => {
    const known = [1, 3, 7].map((days) =>
      detectable({ traffic, metric, stages, days, tau, alpha: 0.0125 }),
    );
    const percent = known.map((one) =>
      one.kind === 'detectable' ? Math.round(one.lift * 100) : one.reason,
    );
    expect(percent).toEqual(lifts);
  });

  it('is not enough without traffic, events or time', () => {
    const metric = measured('error', 0, 1, 0);
    const ask = { traffic, metric, stages, days: 7, tau: 0.3, alpha: 0.0125 };
    const good = { ...ask, metric: { ...metric, rate: 0.01 } };
    expect(detectable(good)).toMatchObject({ kind: 'detectable' });
    expect(detectable(ask)).toMatchObject({ kind: 'not_enough' });
    expect(detectable({ ...good, days: 0 })).toMatchObject({ kind: 'not_enough' });
    expect(detectable({ ...good, days: Number.NaN })).toMatchObject({ kind: 'not_enough' });
    const none = { ...traffic, answersPerDay: 0 };
    expect(detectable({ ...good, traffic: none })).toMatchObject({ kind: 'not_enough' });
  });

  it('follows the shares of the policy', () => {
    expect(stagesOf(DEFAULT_POLICY)[0]).toEqual({ share: 0.1, days: 1 });
  });
});

describe('the first share', () => {
  it.each([
    [10_000, 5_000, { share: 0.1, isReachedInTime: true, days: 1 }],
    [1_000, 600, { share: 0.25, isReachedInTime: true, days: 6 }],
    [200, 150, { share: 0.5, isReachedInTime: false, days: 13 }],
    [200, 0, { share: 0.5, isReachedInTime: false, days: null }],
  ])('for %i visitors a day, %i of them new', (usersPerDay, newUsersPerDay, expected) => {
    expect(firstShare({ ...traffic, usersPerDay, newUsersPerDay }, 1_000)).toEqual({
      kind: 'first_share',
      ...expected,
    });
  });

  it('of no visitors is not enough', () => {
    expect(firstShare({ ...traffic, usersPerDay: 0 }, 1_000)).toMatchObject({
      kind: 'not_enough',
    });
  });
});

describe('users still needed', () => {
  const scale = { tau: 0.05, alpha: 0.025 };

  it('are none where the effect is established, and are as many as establish it', () => {
    const variance = varianceFor(0.08, { ...scale, power: 0.5 });
    if (typeof variance !== 'number') throw new Error(variance.reason);
    const ask = { effect: 0.08, users: 1_000, ...scale };
    expect(usersNeeded({ ...ask, variance: variance * 0.99 })).toEqual({
      kind: 'users_needed',
      more: 0,
    });
    expect(usersNeeded({ ...ask, variance: variance * 3 })).toEqual({
      kind: 'users_needed',
      more: 2_000,
    });
  });

  it('cannot be said of an effect in the wrong direction, or of nobody', () => {
    const ask = { variance: 0.01, users: 10, ...scale };
    for (const effect of [-0.1, 0, Number.NaN, 1e-9]) {
      expect(usersNeeded({ ...ask, effect })).toMatchObject({ kind: 'not_enough' });
    }
    expect(usersNeeded({ ...ask, effect: 0.1, users: 0 })).toMatchObject({ kind: 'not_enough' });
  });
});
