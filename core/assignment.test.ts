import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS, bucketOf, unitHash } from './assignment.ts';

const visitors = Array.from({ length: 50_000 }, (_, index) => `visitor-${index}`);

// Checked against mmh3 5 in Python: hash((salt + NUL + visitor) in UTF-16-LE, seed) / 2 ** 32.
test.each([
  ['visitor-1', '2026-w42.1', 4260, 0.5521947424858809],
  ['visitor-2', '2026-w42.1', 9444, 0.903601641068235],
  ['visitor-1', '2026-w43.1', 7405, 0.9517176263034344],
  ['7f3c2a10-8b1d-4c55-9a3e-0d2b6f1e4a77', 'canary', 7660, 0.8758443011902273],
  ['', 'salt', 7935, 0.6314342808909714],
  ['Zoë🦊', '2026-w42.1', 6270, 0.35675425129011273],
])('visitor %j under salt %j stays in bucket %d for ever', (visitor, salt, bucket, unit) => {
  expect(bucketOf(visitor, salt)).toBe(bucket);
  expect(unitHash(visitor, salt)).toBe(unit);
});

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
