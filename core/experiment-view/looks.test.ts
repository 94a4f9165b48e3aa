// What is kept of a look follows from its own numbers, and says nothing where nothing is known.
import { expect, it } from 'vitest';
import type { Observed } from '../rollout/evidence.ts';
import { twoSidedHalfWidth } from '../statistics/confidence-sequence.ts';
import { emptyMoments, momentsFromSums } from '../statistics/moments.ts';
import { DEFAULT_POLICY } from '../statistics/policy.ts';
import { seenAtLook, shownEffect } from './looks.ts';

/** Everybody exposed once. */
function once(control: [users: number, events: number], treatment: [number, number]) {
  const cells = [
    { arm: 'control' as const, users: control[0], n: control[0], y: control[1] },
    { arm: 'treatment' as const, users: treatment[0], n: treatment[0], y: treatment[1] },
  ].map((cell) => ({ ...cell, stage: '1000' }));
  const found = momentsFromSums({
    users: { control: control[0], treatment: treatment[0] },
    cells,
    pairs: cells.map(({ stage, arm, n, y }) => {
      const at = { stage, arm };
      return { first: at, second: at, yy: y, yn: y, ny: y, nn: n };
    }),
  });
  if ('kind' in found) throw new Error(found.reason);
  return found;
}

const observed = (metrics: Observed['metrics']): Observed => ({
  nowMs: 0,
  metrics,
  waived: ['hallucination'],
  users: { control: 0, treatment: 0 },
  splitGroups: [],
  arrivals: { control: { newestMs: 0, lastDay: 0 }, treatment: { newestMs: 0, lastDay: 0 } },
  judging: null,
  offline: null,
});

it('keeps each measured metric with the bounds that follow from its variance and tau', () => {
  const seen = seenAtLook(
    observed({ thumbs_up: once([900, 600], [100, 70]), error: once([900, 9], [100, 2]) }),
    DEFAULT_POLICY,
  );
  expect(seen.map(({ metric }) => metric)).toEqual(['thumbs_up', 'error']);
  for (const { estimate, lower, upper, variance, tau } of seen) {
    const half = twoSidedHalfWidth({ variance, tau, alpha: 0.05 });
    expect(upper - estimate).toBeCloseTo(half, 12);
    expect(estimate - lower).toBeCloseTo(half, 12);
  }
  const [thumbs, error] = seen;
  expect(thumbs).toMatchObject({ controlUsers: 900, treatmentUsers: 100, tolerated: 0 });
  expect(shownEffect('log_ratio', thumbs?.estimate ?? 0)).toBeCloseTo(0.05, 12);
  expect(shownEffect('log_ratio', error?.tolerated ?? 0)).toBeCloseTo(0.05, 12);
});

it('keeps the difference while an arm has no event, and nothing of what cannot be told', () => {
  const [only, ...others] = seenAtLook(
    observed({ error: once([900, 0], [100, 2]), thumbs_up: emptyMoments() }),
    DEFAULT_POLICY,
  );
  expect(others).toEqual([]);
  expect(only).toMatchObject({ metric: 'error', scale: 'difference', estimate: 0.02 });
  expect(shownEffect('difference', only?.estimate ?? 0)).toBe(0.02);
  expect(seenAtLook(observed({}), DEFAULT_POLICY)).toEqual([]);
});
