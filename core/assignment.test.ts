import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS, bucketOf, unitHash } from './assignment.ts';

const visitors = Array.from({ length: 50_000 }, (_, index) => `visitor-${index}`);

test('spreads visitors evenly over the buckets (chi-square over 100 cells)', () => {
  const cells = new Array<number>(100).fill(0);
  for (const visitor of visitors) {
    const cell = Math.floor((bucketOf(visitor, 'salt') / BUCKETS) * 100);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  const expected = visitors.length / cells.length;
  const chi = cells.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
  // 99 degrees of freedom: mean 99, standard deviation 14; five of them is no chance.
  expect(chi).toBeLessThan(99 + 5 * 14);
});

test('another salt picks other people: a tenth of a tenth are in both', () => {
  const inBoth = visitors.filter(
    (visitor) => bucketOf(visitor, 'week-41') < 1000 && bucketOf(visitor, 'week-42') < 1000,
  );
  expect(inBoth.length / visitors.length).toBeGreaterThan(0.008);
  expect(inBoth.length / visitors.length).toBeLessThan(0.012);
});

test('a bucket is always an integer below the count, the same for the same visitor', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (visitor, salt) => {
      const bucket = bucketOf(visitor, salt);
      return (
        Number.isInteger(bucket) &&
        bucket >= 0 &&
        bucket < BUCKETS &&
        bucket === bucketOf(visitor, salt)
      );
    }),
  );
});

test('a unit hash lies in [0, 1) and has mean one half', () => {
  const draws = visitors.map((visitor) => unitHash(visitor, 'split'));
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(0.5, 2);
});
