import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addChange,
  crossOf,
  emptyMoments,
  type Moments,
  momentsFromSums,
  momentsOf,
  type UserCell,
  type UserRow,
  usable,
} from './moments.ts';
import { anyRows } from './testing/rows.ts';

/** Straight from the definition, and by name so that the order of cells does not matter. */
function byDefinition(rows: readonly UserRow[]) {
  const key = ({ stage, arm }: UserCell) => `${stage} ${arm}`;
  const cells = new Set(rows.map(key));
  const users = [...new Set(rows.map(({ visitor }) => visitor))];
  const has = (user: string, cell: string, of: 'n' | 'y') =>
    rows
      .filter((row) => row.visitor === user && key(row) === cell)
      .reduce((sum, row) => sum + row[of], 0);
  const product = (a: string, b: string, x: 'n' | 'y', y: 'n' | 'y') =>
    users.reduce((sum, user) => sum + has(user, a, x) * has(user, b, y), 0);
  return [...cells].flatMap((a) =>
    [...cells].map((b) => ({
      pair: `${a} | ${b}`,
      yy: product(a, b, 'y', 'y'),
      yn: product(a, b, 'y', 'n'),
      ny: product(a, b, 'n', 'y'),
      nn: product(a, b, 'n', 'n'),
    })),
  );
}

function named(moments: Moments) {
  const name = (at: number) => `${moments.cells[at]?.stage} ${moments.cells[at]?.arm}`;
  return moments.cells.flatMap((_, a) =>
    moments.cells.map((__, b) => ({ pair: `${name(a)} | ${name(b)}`, ...crossOf(moments, a, b) })),
  );
}

const sorted = <Row extends { pair: string }>(rows: Row[]) =>
  rows.toSorted((a, b) => a.pair.localeCompare(b.pair));

describe('running sums', () => {
  it('are the sums of products over users, whoever crosses between arms', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        expect(sorted(named(momentsOf(rows)))).toEqual(sorted(byDefinition(rows)));
      }),
    );
  });

  it('are the same whether events come one by one, in any order, or at once', () => {
    const shuffled = anyRows.chain((rows) =>
      fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
    );
    fc.assert(
      fc.property(shuffled, ([rows, other]) => {
        const single = other.flatMap((row) => [
          { ...row, n: row.n, y: 0 },
          ...Array.from({ length: row.y }, () => ({ ...row, n: 0, y: 1 })),
        ]);
        const [once, slowly] = [momentsOf(rows), momentsOf(single)];
        expect(sorted(named(slowly))).toEqual(sorted(named(once)));
        expect(slowly.users).toEqual(once.users);
      }),
    );
  });

  it('forget what is taken back', () => {
    const moments = emptyMoments();
    const first = addChange(moments, [], { stage: 's1', arm: 'control', n: 3, y: 1 });
    const second = addChange(moments, first, { stage: 's2', arm: 'treatment', n: 2, y: 2 });
    const third = addChange(moments, second, { stage: 's2', arm: 'treatment', n: -2, y: -2 });
    addChange(moments, third, { stage: 's1', arm: 'control', n: -3, y: -1 });
    const left = [...moments.cells, ...moments.cross].flatMap(
      ({ users: _, ...sums }: object & { users?: number }) =>
        Object.values(sums).filter((value) => typeof value === 'number'),
    );
    expect(left.every((value) => value === 0)).toBe(true);
  });

  it('count a user once an arm, and once a cell', () => {
    const { users, cells } = momentsOf([
      { visitor: 'v', stage: 's1', arm: 'control', n: 1, y: 0 },
      { visitor: 'v', stage: 's1', arm: 'control', n: 1, y: 1 },
      { visitor: 'v', stage: 's2', arm: 'control', n: 1, y: 1 },
      { visitor: 'v', stage: 's3', arm: 'treatment', n: 1, y: 1 },
    ]);
    expect(users).toEqual({ control: 1, treatment: 1 });
    expect(cells.map((cell) => cell.users)).toEqual([1, 1, 1]);
  });

  it('can be read from sums that are named, in whichever order pairs were kept', () => {
    fc.assert(
      fc.property(anyRows, fc.boolean(), (rows, turned) => {
        const moments = momentsOf(rows);
        const pairs = moments.cells.flatMap((second, b) =>
          moments.cells.slice(0, b + 1).map((first, a) => {
            const there = { first, second, ...crossOf(moments, a, b) };
            return turned ? { first: second, second: first, ...crossOf(moments, b, a) } : there;
          }),
        );
        expect(momentsFromSums({ users: moments.users, cells: moments.cells, pairs })).toEqual(
          moments,
        );
      }),
    );
  });

  it('refuse a pair of a cell that has no sums', () => {
    const cell = { stage: 's1', arm: 'control', users: 1, n: 1, y: 0 } as const;
    const second = { stage: 's9', arm: 'control' } as const;
    const pairs = [{ first: cell, second, yy: 0, yn: 0, ny: 0, nn: 1 }];
    const sums = { users: { control: 1, treatment: 0 }, cells: [cell], pairs };
    expect(momentsFromSums(sums)).toMatchObject({ kind: 'not_enough' });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('say that %s is no sum', (wrong) => {
    const moments = momentsOf([{ visitor: 'v', stage: 's1', arm: 'control', n: wrong, y: 0 }]);
    expect(usable(moments)?.reason).toMatch(/finite number of zero or more/);
  });
});
