// The statistics library inside workerd: its distribution functions are other people's CommonJS, written for
// Node, and must load and agree with the reference here too.
import { expect, it } from 'vitest';
import { analyze } from '../../core/statistics/analysis.ts';
import { momentsOf } from '../../core/statistics/moments.ts';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';
import { summaryOf, welch } from '../../core/statistics/welch.ts';

it('gives the reference’s p where it is 1e-85, and judges an experiment', () => {
  const test = welch(
    summaryOf({ n: 42_500, sum: 30_728, sumOfSquares: 30_728 }),
    summaryOf({ n: 42_500, sum: 33_193, sumOfSquares: 33_193 }),
  );
  if (test.kind === 'not_enough') throw new Error(test.reason);
  expect(test.p / 1.5398757837860628e-85).toBeCloseTo(1, 10);
  const rows = (['control', 'treatment'] as const).flatMap((arm) =>
    Array.from({ length: 400 }, (_, user) => {
      const y = user < (arm === 'treatment' ? 80 : 8) ? 1 : 0;
      return { visitor: `${arm} ${user}`, stage: '50 %', arm, n: 1, y };
    }),
  );
  const rule = DEFAULT_POLICY.metrics.find(({ metric }) => metric === 'error') ?? null;
  const moments = momentsOf(rows);
  const shown = analyze({ metric: 'error', moments, rule, policy: DEFAULT_POLICY, alpha: 0.0125 });
  expect(shown.verdict?.result).toBe('fail');
  expect(shown.stages[0]?.asIfIndependent?.hedgesG).toBeGreaterThan(0.5);
});
