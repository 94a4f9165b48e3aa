import { describe, expect, it } from 'vitest';
import { intraclassCorrelation } from './intraclass.ts';

const sums = (users: readonly (readonly [n: number, y: number])[]) => ({
  users: users.length,
  n: users.reduce((sum, [n]) => sum + n, 0),
  y: users.reduce((sum, [, y]) => sum + y, 0),
  nn: users.reduce((sum, [n]) => sum + n * n, 0),
  yyOverN: users.reduce((sum, [n, y]) => sum + (y * y) / n, 0),
});

describe('how alike one user’s observations are', () => {
  it('is 1 where a user always says the same and 0 where nobody is seen twice', () => {
    expect(
      intraclassCorrelation(
        sums([
          [4, 4],
          [4, 0],
          [4, 4],
          [4, 0],
        ]),
      ),
    ).toBeCloseTo(1);
    expect(
      intraclassCorrelation(
        sums([
          [1, 1],
          [1, 0],
        ]),
      ),
    ).toBe(0);
  });

  it('is 0 where users differ less than chance would make them', () => {
    expect(
      intraclassCorrelation(
        sums([
          [4, 2],
          [4, 2],
          [4, 2],
        ]),
      ),
    ).toBe(0);
  });

  it('is worked out by hand: three users of 2, 3 and 4 observations', () => {
    // MSB = (4/2 + 1/3 + 9/4 − 36/9) / 2, MSW = (6 − 55/12) / 6, n₀ = (9 − 29/9) / 2.
    const [between, within, size] = [(55 / 12 - 4) / 2, (6 - 55 / 12) / 6, (9 - 29 / 9) / 2];
    expect(
      intraclassCorrelation(
        sums([
          [2, 2],
          [3, 1],
          [4, 3],
        ]),
      ),
    ).toBeCloseTo((between - within) / (between + (size - 1) * within));
  });

  it('is 0, never NaN, of nothing', () => {
    expect(intraclassCorrelation(sums([]))).toBe(0);
    expect(
      intraclassCorrelation(
        sums([
          [3, 0],
          [2, 0],
        ]),
      ),
    ).toBe(0);
  });
});
