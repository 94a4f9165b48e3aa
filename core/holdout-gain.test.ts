import { expect, test } from 'vitest';
import { type ExperimentSums, Sums, type VisitorPair } from './experiment-sums.ts';
import { gainOf, splitOf } from './holdout-gain.ts';

const pair = (
  stratum: number,
  arm: VisitorPair['arm'],
  metric: VisitorPair['metric'],
  [n, y]: readonly [number, number],
): VisitorPair => ({ stratum, shareBp: 5000, arm, metric, n, y });

/** Each visitor's pairs, as the recorder would have summed them up. */
function sumsOf(visitors: readonly (readonly VisitorPair[])[]): ExperimentSums {
  const sums = new Sums();
  for (const pairs of visitors) sums.visitor(pairs);
  const metric = (name: VisitorPair['metric']) =>
    name === 'thumbs_up' ? ('thumbs_up' as const) : ('error' as const);
  return {
    experimentId: 'holdout-4w',
    totals: sums.totals.rows().map((row) => ({ ...row, metric: metric(row.metric) })),
    armUsers: sums.armUsers.rows().map((row) => ({ ...row, metric: metric(row.metric) })),
    moments: sums.moments.rows(),
    appearances: sums.appearances.rows(),
    leftOut: [],
    histograms: [],
    thresholds: [],
  };
}

/** So many visitors of an arm in a week, of four votes each so many up on the mean, and no error. */
function visitorsOf(stratum: number, arm: VisitorPair['arm'], count: number, share: number) {
  return Array.from({ length: count }, (_, index) => {
    const up = (index % 10) / 10 < share ? 4 : 0;
    return [pair(stratum, arm, 'thumbs_up', [4, up]), pair(stratum, arm, 'error', [5, 0])];
  });
}

const week = (stratum: number, old: number, now: number, count = 400) => [
  ...visitorsOf(stratum, 'control', count, old),
  ...visitorsOf(stratum, 'treatment', count, now),
];

test('a better production is a gain of the week it was better in, and of all weeks together', () => {
  const [thumbs] = gainOf(sumsOf([...week(202646, 0.5, 0.5), ...week(202647, 0.5, 0.8)]));
  expect(thumbs?.weeks.map((one) => one.week)).toEqual(['2026-w46', '2026-w47']);
  const [first, second] = thumbs?.weeks ?? [];
  const estimate = (analysis: typeof first) => {
    const effect = analysis?.alone.effect;
    return effect?.kind === 'effect' ? Math.expm1(effect.sequence.estimate) : undefined;
  };
  expect(estimate(first)).toBeCloseTo(0);
  expect(estimate(second)).toBeCloseTo(0.6);
  const soFar = second?.soFar.effect;
  if (soFar?.kind !== 'effect') throw new Error('nothing was compared');
  expect(Math.expm1(soFar.sequence.estimate)).toBeCloseTo(0.3);
  expect(soFar.sequence.lower).toBeGreaterThan(0);
});

test('weeks are never pooled: a share of visitors that changes is no gain', () => {
  // Good weeks with many on production, bad weeks with few: pooled, production would look better.
  const uneven = sumsOf([
    ...visitorsOf(202646, 'control', 100, 0.8),
    ...visitorsOf(202646, 'treatment', 900, 0.8),
    ...visitorsOf(202647, 'control', 900, 0.3),
    ...visitorsOf(202647, 'treatment', 100, 0.3),
  ]);
  const last = gainOf(uneven)[0]?.weeks.at(-1);
  const effect = last?.soFar.effect;
  if (effect?.kind !== 'effect') throw new Error('nothing was compared');
  expect(effect.sequence.estimate).toBeCloseTo(0);
  expect(last?.soFar.stages).toHaveLength(2);
});

test('a visitor of two weeks is one visitor: their weeks vary together', () => {
  const twice = (arm: VisitorPair['arm'], share: number) =>
    visitorsOf(202646, arm, 200, share).map((pairs) => [
      ...pairs,
      ...pairs.map((one) => ({ ...one, stratum: 202647 })),
    ]);
  const same = gainOf(sumsOf([...twice('control', 0.5), ...twice('treatment', 0.6)]));
  const different = gainOf(
    sumsOf([...week(202646, 0.5, 0.6, 200), ...week(202647, 0.5, 0.6, 200)]),
  );
  const variance = (gains: typeof same) => {
    const effect = gains[0]?.weeks.at(-1)?.soFar.effect;
    return effect?.kind === 'effect' ? effect.variance : Number.NaN;
  };
  expect(variance(same)).toBeCloseTo(2 * variance(different), 8);
});

test('errors that never came have no ratio, and one arm alone says nothing', () => {
  const found = gainOf(sumsOf(week(202647, 0.5, 0.5)));
  expect(found.find(({ metric }) => metric === 'error')?.weeks[0]?.alone.effect).toMatchObject({
    kind: 'effect',
    scale: 'difference',
  });
  const [thumbs] = gainOf(sumsOf(visitorsOf(202647, 'control', 50, 0.5)));
  expect(thumbs?.weeks[0]?.alone.effect.kind).toBe('not_enough');
  expect(gainOf(sumsOf([])).map(({ weeks }) => weeks)).toEqual([[], []]);
});

test('a split other than even is called broken, counting each visitor once', () => {
  expect(splitOf(sumsOf([]))).toBeNull();
  expect(splitOf(sumsOf(week(202646, 0.5, 0.5)))).toMatchObject({ broken: false });
  const lopsided = [
    ...visitorsOf(202646, 'control', 300, 0.5),
    ...visitorsOf(202646, 'treatment', 600, 0.5),
  ];
  expect(splitOf(sumsOf(lopsided))).toMatchObject({ broken: true });
  // Only the week in which they first came counts: control's second week adds nobody.
  const again = visitorsOf(202646, 'control', 300, 0.5).map((pairs) => [
    ...pairs,
    ...pairs.map((one) => ({ ...one, stratum: 202647 })),
  ]);
  const even = splitOf(sumsOf([...again, ...visitorsOf(202646, 'treatment', 300, 0.5)]));
  expect(even).toMatchObject({ broken: false, p: 1 });
});
