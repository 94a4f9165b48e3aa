import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARMS, type Moments, momentsOf, type UserRow } from './moments.ts';
import { isNotEnough } from './not-enough.ts';
import { type Stratified, stratify } from './stratified.ts';
import { anyRows, armOf, comparableRows, independent, numbersIn } from './testing/rows.ts';

function estimated(moments: Moments): Stratified {
  const result = stratify(moments);
  if (isNotEnough(result)) throw new Error(result.reason);
  return result;
}

/** Σ φ_i² as statistics write it: one φ a user, one term a stage and arm. */
function overUsers(
  rows: readonly UserRow[],
  scale: 'difference' | 'log_ratio',
  only?: UserRow['arm'],
): number {
  const rates = estimated(momentsOf(rows));
  const users = [...new Set(rows.map(({ visitor }) => visitor))];
  const influence = (user: string) =>
    rates.stages.reduce((sum, stage) => {
      const own = rows.filter(
        (row) => row.visitor === user && row.stage === stage.stage && (only ?? row.arm) === row.arm,
      );
      return own.reduce((inner, { arm, n, y }) => {
        const sign = arm === 'treatment' ? 1 : -1;
        const divisor = scale === 'log_ratio' ? rates[arm] : 1;
        const residual = y - stage[arm].rate * n;
        return inner + (sign * stage.weight * residual) / (stage[arm].n * divisor);
      }, sum);
    }, 0);
  return users.reduce((sum, user) => sum + influence(user) ** 2, 0);
}

const close = (got: number, expected: number) => {
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(expected), 1e-9));
};

describe('the variance from running sums', () => {
  it('is the one summed over users, though people cross from control to treatment', () => {
    fc.assert(
      fc.property(comparableRows, (rows) => {
        const { difference, logRatio } = estimated(momentsOf(rows));
        for (const [scale, effect] of [
          ['difference', difference],
          ['log_ratio', logRatio],
        ] as const) {
          if (effect === null) continue;
          // Where the users of an arm are all alike, something stands in for what they do not show.
          const alike = ARMS.some((arm) => overUsers(rows, scale, arm) < 1e-12);
          if (alike) expect(effect.variance).toBeGreaterThanOrEqual(0);
          else close(effect.variance, overUsers(rows, scale));
        }
      }),
    );
  });

  it('is never zero where a rate is', () => {
    const none = estimated(independent([500, 0], [100, 100]));
    expect(none.difference.value).toBe(1);
    expect(none.difference.variance).toBeGreaterThan((0.99 * 0.0097) / 100);
    expect(none.logRatio).toBeNull();
  });

  it('grows when the same answers come from fewer people', () => {
    const many = estimated(independent([1_000, 100], [1_000, 120]));
    const few = estimated(
      momentsOf([...armOf('control', 100, 10, 10), ...armOf('treatment', 100, 10, 12)]),
    );
    expect(few.difference.value).toBeCloseTo(many.difference.value, 12);
    expect(few.difference.variance / many.difference.variance).toBeCloseTo(10, 6);
  });

  it('is known as well as its events come from many users', () => {
    const rows = [...armOf('control', 100, 3, 10), ...armOf('treatment', 100, 3, 40)];
    const { own } = estimated(momentsOf(rows));
    expect(own.control.degrees).toBeCloseTo(10, 9);
    expect(own.treatment.degrees).toBeCloseTo(40, 9);
    const heavy = { visitor: 'heavy', stage: 's1', arm: 'control' as const, n: 100, y: 50 };
    const { degrees } = estimated(momentsOf([...rows, heavy])).own.control;
    expect(degrees).toBeCloseTo(80 ** 2 / (50 ** 2 + 10 * 3 ** 2), 9);
  });

  it('of both arms is known as well as that of the one with the higher rate', () => {
    const control = armOf('control', 10_000, 1, 100);
    const higher = estimated(momentsOf([...control, ...armOf('treatment', 100, 1, 10)]));
    expect(higher.logRatio?.degrees).toBeGreaterThan(higher.own.treatment.degrees);
    expect(higher.logRatio?.degrees).toBeLessThan(1.3 * higher.own.treatment.degrees);
    // That nearly all of it is the other's few events says itself, in how large the variance is.
    const lower = estimated(momentsOf([...control, ...armOf('treatment', 1_000, 1, 2)]));
    expect(lower.logRatio?.degrees).toBeGreaterThan(10_000);
  });
});

const swapped = (rows: readonly UserRow[]): UserRow[] =>
  rows.map((row) => ({ ...row, arm: row.arm === 'control' ? 'treatment' : 'control' }));

describe('the estimate', () => {
  it('flips its sign and nothing else when the arms are swapped', () => {
    fc.assert(
      fc.property(comparableRows, (rows) => {
        const [there, back] = [estimated(momentsOf(rows)), estimated(momentsOf(swapped(rows)))];
        close(back.difference.value, -there.difference.value);
        close(back.difference.variance, there.difference.variance);
        close(back.logRatio?.value ?? 0, -(there.logRatio?.value ?? 0));
        close(back.logRatio?.variance ?? 0, there.logRatio?.variance ?? 0);
      }),
    );
  });

  it('does not change when a stage is split into two equal ones', () => {
    fc.assert(
      fc.property(comparableRows, (rows) => {
        const doubled = rows.map((row) => ({ ...row, n: row.n * 2, y: row.y * 2 }));
        const halves = rows.flatMap((row) => [row, { ...row, stage: `${row.stage} again` }]);
        const [whole, split] = [estimated(momentsOf(doubled)), estimated(momentsOf(halves))];
        close(split.difference.value, whole.difference.value);
        close(split.difference.variance, whole.difference.variance);
        close(split.logRatio?.variance ?? 0, whole.logRatio?.variance ?? 0);
      }),
    );
  });

  it('compares within stages, where pooling would say the opposite', () => {
    // Simpson: treatment is better in both stages, but has most of its users where everybody does badly.
    const rows = [
      ...armOf('control', 900, 1, 810, 'easy'),
      ...armOf('treatment', 100, 1, 93, 'easy'),
      ...armOf('control', 100, 1, 30, 'hard').map((row) => ({
        ...row,
        visitor: `h${row.visitor}`,
      })),
      ...armOf('treatment', 900, 1, 300, 'hard').map((row) => ({
        ...row,
        visitor: `h${row.visitor}`,
      })),
    ];
    const result = estimated(momentsOf(rows));
    expect(result.difference.value).toBeCloseTo((0.03 + 1 / 3 - 0.3) / 2, 12);
    expect(393 / 1_000 - 840 / 1_000).toBeLessThan(0);
  });

  it('leaves a stage out in which one arm has nobody', () => {
    const rows = [
      ...armOf('control', 50, 2, 10),
      ...armOf('treatment', 50, 2, 20),
      ...armOf('control', 50, 2, 50, 'before'),
    ];
    expect(estimated(momentsOf(rows)).stages.map(({ stage }) => stage)).toEqual(['s1']);
  });

  it.each([
    ['nobody', []],
    ['control alone', armOf('control', 50, 2, 10)],
    ['treatment alone', armOf('treatment', 50, 2, 10)],
    [
      'arms that never meet',
      [...armOf('control', 9, 1, 1, 'a'), ...armOf('treatment', 9, 1, 1, 'b')],
    ],
    ['exposures of nothing', [...armOf('control', 9, 0, 0), ...armOf('treatment', 9, 0, 0)]],
  ])('of %s is not enough', (_name, rows) => {
    expect(stratify(momentsOf(rows))).toMatchObject({ kind: 'not_enough' });
  });

  it('is a number or not enough, whatever the sums hold', () => {
    const odd = fc.constantFrom(
      0,
      1,
      -1,
      5e-324,
      1e200,
      1e308,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    );
    fc.assert(
      fc.property(anyRows, odd, odd, odd, fc.nat(), (rows, a, b, c, at) => {
        const moments = momentsOf(rows);
        const cell = moments.cells[at % moments.cells.length];
        const cross = moments.cross[at % moments.cross.length];
        if (!cell || !cross) return;
        Object.assign(cell, { n: a, y: b });
        Object.assign(cross, { yy: c, nn: a });
        const result = stratify(moments);
        expect(numbersIn(result).every(Number.isFinite)).toBe(true);
      }),
    );
  });
});
