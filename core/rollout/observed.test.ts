// Sums as the record keeps them give the same evidence as the same visitors counted directly.

import { expect, it } from 'vitest';
import { type ExperimentSums, Sums, type VisitorPair } from '../experiment-sums.ts';
import { momentsOf, type UserRow } from '../statistics/moments.ts';
import { observedFrom } from './observed.ts';

const visitors: VisitorPair[][] = [1, 2, 3, 4, 5, 6].map((seed) => {
  const arm = seed % 3 === 0 ? 'treatment' : 'control';
  const first = { stratum: 0, shareBp: 1_000, arm } as const;
  const later = { stratum: 0, shareBp: 2_500, arm: seed > 4 ? 'treatment' : arm } as const;
  return [
    { ...first, metric: 'error', n: seed, y: seed % 2 },
    { ...later, metric: 'error', n: 2, y: 1 },
    { ...first, metric: 'thumbs_up', n: 1, y: seed % 2 },
  ];
});

function sumsOf(all: readonly (readonly VisitorPair[])[]): ExperimentSums {
  const sums = new Sums();
  for (const pairs of all) sums.visitor(pairs);
  const known = <Row extends { metric: VisitorPair['metric'] }>(row: Row) =>
    row.metric === 'left_out' ? [] : [{ ...row, metric: row.metric }];
  return {
    experimentId: 'rollout-1',
    totals: sums.totals.rows().flatMap(known),
    armUsers: sums.armUsers.rows().flatMap(known),
    moments: sums.moments.rows(),
    appearances: sums.appearances.rows(),
    leftOut: [],
    histograms: [],
    thresholds: [],
  };
}
const silent = { newestMs: null, lastDay: 0 };
const around = {
  nowMs: 0,
  stratum: 0,
  arrivals: { control: silent, treatment: silent },
  oldestUnjudgedMs: null,
  offline: null,
};

it('cannot be trusted while answers wait long for the judge, or one arm alone is judged', () => {
  const judgedIn = (arm: 'control' | 'treatment') => [
    { stratum: 0, shareBp: 1_000, arm, metric: 'hallucination' as const, n: 60, y: 1 },
  ];
  const unhealthy = (visitors: readonly (readonly VisitorPair[])[], oldestHours: number | null) => {
    const waiting = oldestHours === null ? null : -oldestHours * 3_600_000;
    const given = { ...around, oldestUnjudgedMs: waiting };
    return observedFrom(sumsOf(visitors), given).judging;
  };
  expect(unhealthy([], null)).toBeNull();
  expect(unhealthy([], 5)).toBeNull();
  expect(unhealthy([], 7)).toBe('an answer has waited 7 h for the judge');
  expect(unhealthy([judgedIn('control')], null)).toBeNull();
  expect(unhealthy([judgedIn('control'), judgedIn('control')], null)).toBe(
    'answers are judged in control alone',
  );
  const both = [judgedIn('control'), judgedIn('control'), judgedIn('treatment')];
  expect(unhealthy(both, null)).toBeNull();
});

it('has the moments of the visitors themselves, users counted once an arm', () => {
  const observed = observedFrom(sumsOf(visitors), around);
  const rows: UserRow[] = visitors.flatMap((pairs, index) =>
    pairs
      .filter(({ metric }) => metric === 'error')
      .map(({ shareBp, arm, n, y }) => ({
        visitor: String(index),
        stage: String(shareBp),
        arm,
        n,
        y,
      })),
  );
  const direct = momentsOf(rows);
  expect(observed.users).toEqual(direct.users);
  const { error } = observed.metrics;
  const sorted = (cells: readonly { stage: string; arm: string }[]) =>
    cells.toSorted((a, b) => (a.stage + a.arm < b.stage + b.arm ? -1 : 1));
  expect(sorted(error?.cells ?? [])).toEqual(sorted(direct.cells));
  const total = (cross: readonly { yy: number; nn: number }[]) =>
    cross.reduce((sum, { yy, nn }) => sum + yy + nn, 0);
  expect(total(error?.cross ?? [])).toBe(total(direct.cross));
});

it('leaves what was measured against an earlier production out, but not how visitors were split', () => {
  const moved = visitors.map((pairs) => pairs.map((pair) => ({ ...pair, stratum: 1 })));
  const observed = observedFrom(sumsOf([...visitors, ...moved.slice(0, 2)]), {
    ...around,
    stratum: 1,
  });
  expect(observed.users).toEqual({ control: 2, treatment: 0 });
  const counted = observed.splitGroups.reduce((sum, one) => sum + one.control + one.treatment, 0);
  expect(counted).toBeGreaterThan(6);
});

it('waives hallucination while nothing is judged, and nothing else', () => {
  expect(observedFrom(sumsOf(visitors), around).waived).toEqual(['hallucination']);
  const judged = visitors.map((pairs): VisitorPair[] => [
    ...pairs,
    { stratum: 0, shareBp: 1_000, arm: 'control', metric: 'hallucination', n: 1, y: 0 },
  ]);
  expect(observedFrom(sumsOf(judged), around).waived).toEqual([]);
});
