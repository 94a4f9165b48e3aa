// An arm's own interval at a stage.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addChange, emptyMoments } from '../statistics/moments.ts';
import { rateInterval } from './stages.ts';

const TAU = 0.3;
const at = { stage: '1000', arm: 'control', tau: TAU } as const;
const of = (visitors: readonly (readonly [n: number, y: number])[]) => {
  const moments = emptyMoments();
  for (const [n, y] of visitors) addChange(moments, [], { stage: '1000', arm: 'control', n, y });
  return moments;
};
const visitor = fc
  .nat(8)
  .chain((y) => fc.tuple(fc.integer({ min: Math.max(1, y), max: 8 }), fc.constant(y)));

it('holds the rate, is no number outside 0 to 1, and narrows with more of the same visitors', () => {
  fc.assert(
    fc.property(fc.array(visitor, { minLength: 2, maxLength: 30 }), (visitors) => {
      const once = rateInterval(of(visitors), at);
      fc.pre(once !== null);
      const [n, y] = [0, 1].map((place) =>
        visitors.reduce((sum, one) => sum + (one[place] ?? 0), 0),
      );
      const rate = (y ?? 0) / (n ?? 1);
      expect(once?.lower).toBeLessThan(rate);
      expect(once?.upper).toBeGreaterThanOrEqual(rate);
      expect(once?.upper).toBeLessThanOrEqual(1);
      const twice = rateInterval(of([...visitors, ...visitors]), at);
      expect(twice?.lower).toBeGreaterThan(once?.lower ?? 1);
    }),
  );
});

it('is none where visitors tell nothing: no event, nobody there, all alike', () => {
  expect(
    rateInterval(
      of([
        [1, 0],
        [3, 0],
      ]),
      at,
    ),
  ).toBeNull();
  expect(
    rateInterval(
      of([
        [2, 1],
        [2, 1],
      ]),
      at,
    ),
  ).toBeNull();
  expect(rateInterval(emptyMoments(), at)).toBeNull();
  expect(
    rateInterval(
      of([
        [1, 1],
        [1, 0],
      ]),
      { ...at, stage: '2500' },
    ),
  ).toBeNull();
});
