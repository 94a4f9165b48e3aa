import fc from 'fast-check';
import { expect, test } from 'vitest';
import { METRICS, metBothArms, Sums, type VisitorPair } from './experiment-sums.ts';

const SHARES = [1000, 2500, 5000, 9500];
const cell = fc.record({
  stratum: fc.nat(1),
  shareBp: fc.constantFrom(...SHARES),
  arm: fc.constantFrom('control', 'treatment'),
});

/** A visitor's pairs: one for each cell and metric, as the table has them. */
const pairs: fc.Arbitrary<VisitorPair[]> = fc
  .uniqueArray(cell, { selector: ({ stratum, shareBp }) => `${stratum} ${shareBp}`, maxLength: 5 })
  .chain((cells) =>
    fc.tuple(
      ...cells.flatMap((at) =>
        METRICS.map((metric) =>
          fc.tuple(fc.nat(20), fc.nat(20)).map(([n, y]) => ({
            ...at,
            metric,
            n,
            y: Math.min(n, y),
          })),
        ),
      ),
    ),
  );

const rowsOf = (sums: Sums) => ({
  totals: sums.totals.rows(),
  moments: sums.moments.rows(),
  armUsers: sums.armUsers.rows(),
  appearances: sums.appearances.rows(),
});
const atOnce = (visitors: readonly VisitorPair[][]) =>
  visitors.reduce((sums, visitor) => sums.visitor(visitor), new Sums());

test('one change after the other, in any order, equals all at once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(pairs, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      (histories, choices) => {
        const running = new Sums();
        const held = histories.map((): VisitorPair[] => []);
        const waiting = histories.map((states) => [...states]);
        while (waiting.some((states) => states.length > 0)) {
          const open = [...waiting.keys()].filter((index) => (waiting[index]?.length ?? 0) > 0);
          const visitor = open[(choices.next().value ?? 0) % open.length] ?? 0;
          const next = waiting[visitor]?.shift() ?? [];
          running.visitor(held[visitor] ?? [], -1n).visitor(next);
          held[visitor] = next;
        }
        expect(rowsOf(running)).toEqual(rowsOf(atOnce(held)));
      },
    ),
    { numRuns: 60 },
  );
});

test('the same state twice changes nothing', () => {
  fc.assert(
    fc.property(pairs, (visitor) => {
      const difference = new Sums().visitor(visitor, -1n).visitor(visitor);
      expect(rowsOf(difference)).toEqual({
        totals: [],
        moments: [],
        armUsers: [],
        appearances: [],
      });
    }),
  );
});

test('the variance from the moments is the variance from the users', () => {
  fc.assert(
    fc.property(fc.array(pairs, { minLength: 1, maxLength: 6 }), (visitors) => {
      // Any weights and rates will do: the identity holds for all of them. Whole numbers keep it exact.
      const weight = (at: { stratum: number; shareBp: number; arm: string }) =>
        BigInt(at.shareBp / 500 + at.stratum * 7) * (at.arm === 'treatment' ? 1n : -1n);
      const rate = (at: { shareBp: number }) => BigInt(at.shareBp / 500);
      const sums = atOnce(visitors);
      for (const metric of METRICS) {
        let direct = 0n;
        for (const visitor of visitors) {
          let phi = 0n;
          for (const pair of visitor.filter((one) => one.metric === metric)) {
            phi += weight(pair) * (BigInt(pair.y) - rate(pair) * BigInt(pair.n));
          }
          direct += phi * phi;
        }
        let fromMoments = 0n;
        for (const { a, b, yy, yn, ny, nn } of sums.moments
          .rows()
          .filter((row) => row.metric === metric)) {
          const own = JSON.stringify(a) === JSON.stringify(b);
          const product = yy - rate(b) * yn - rate(a) * ny + rate(a) * rate(b) * nn;
          fromMoments += (own ? 1n : 2n) * weight(a) * weight(b) * product;
        }
        expect(fromMoments).toBe(direct);
      }
    }),
  );
});

const at = (shareBp: number, arm: 'control' | 'treatment', stratum = 0): VisitorPair => ({
  metric: 'error',
  stratum,
  shareBp,
  arm,
  n: 1,
  y: 0,
});
const appearances = (...visitor: VisitorPair[]) =>
  new Sums()
    .visitor(visitor)
    .appearances.rows()
    .map(({ stratum, shareBp, lastShareBp, arm }) => [stratum, shareBp, lastShareBp, arm]);

test('the sample ratio counts a first appearance at each stage until the treatment', () => {
  expect(
    appearances(at(2500, 'control'), at(1000, 'control'), at(5000, 'treatment')).toSorted(),
  ).toEqual(
    [
      [0, 1000, null, 'control'],
      [0, 2500, 1000, 'control'],
      [0, 5000, 2500, 'treatment'],
    ].toSorted(),
  );
  expect(appearances(at(1000, 'treatment'), at(2500, 'treatment'))).toEqual([
    [0, 1000, null, 'treatment'],
  ]);
});

test('an answer that came late puts the appearances right', () => {
  const late = new Sums()
    .visitor([at(2500, 'control')])
    .visitor([at(2500, 'control')], -1n)
    .visitor([at(1000, 'control'), at(2500, 'control')]);
  expect(late.appearances.rows()).toEqual(
    new Sums().visitor([at(1000, 'control'), at(2500, 'control')]).appearances.rows(),
  );
});

test('a user who stays in an arm over several stages is one user of that arm', () => {
  const sums = new Sums().visitor([
    at(1000, 'control'),
    at(2500, 'control'),
    at(5000, 'treatment'),
  ]);
  expect(sums.armUsers.rows()).toEqual([
    { metric: 'error', stratum: 0, arm: 'control', users: 1n },
    { metric: 'error', stratum: 0, arm: 'treatment', users: 1n },
  ]);
});

test('a visitor whose every answer was the service’s fault appeared, and weighs nothing', () => {
  const sums = new Sums().visitor([{ ...at(1000, 'control'), n: 0 }]);
  expect(sums.totals.rows()).toEqual([]);
  expect(sums.moments.rows()).toEqual([]);
  expect(sums.appearances.rows()).toHaveLength(1);
});

test('only both arms at the same stage leave a person out', () => {
  expect(metBothArms([at(1000, 'control'), at(2500, 'treatment')])).toBe(false);
  expect(metBothArms([at(1000, 'control'), at(1000, 'treatment', 1)])).toBe(false);
  expect(metBothArms([at(2500, 'control'), at(1000, 'control'), at(2500, 'treatment')])).toBe(true);
  expect(metBothArms([])).toBe(false);
});
