import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from './analysis.ts';
import { emptyMoments, type Moments, momentsOf } from './moments.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { anyRows, armOf, independent, numbersIn } from './testing/rows.ts';

const errorRule = DEFAULT_POLICY.metrics.find(({ metric }) => metric === 'error') ?? null;
const of = (moments: Moments, rule = errorRule) =>
  analyze({ metric: 'error', moments, rule, policy: DEFAULT_POLICY, alpha: 0.0125 });

describe('the analysis of a metric', () => {
  it('shows arms by stage, the effect with its sequence and interval, and the verdict', () => {
    const shown = of(independent([9_000, 76], [1_000, 16]));
    expect(shown.stages).toMatchObject([
      { stage: 's1', weight: 1, control: { n: 9_000, y: 76 }, treatment: { n: 1_000, y: 16 } },
    ]);
    if (shown.effect.kind === 'not_enough') throw new Error(shown.effect.reason);
    const { sequence, fixed } = shown.effect;
    expect(sequence.lower).toBeLessThan(fixed.interval[0]);
    expect(sequence.upper).toBeGreaterThan(fixed.interval[1]);
    expect(shown.limits?.tolerated).toBeCloseTo(Math.log(1.05), 12);
    expect(shown.verdict).toMatchObject({ result: 'inconclusive', amber: true });
    expect(shown.moreUsers).toBeGreaterThan(10_000);
  });

  it('puts the limits of a metric that is harmed by less on the other side', () => {
    const rule = errorRule && { ...errorRule, harmIs: 'less' as const };
    expect(of(independent([900, 76], [1_000, 90]), rule).limits?.tolerated).toBeCloseTo(
      -Math.log(1.05),
      12,
    );
  });

  it('shows a metric without a rule and does not judge it', () => {
    const shown = of(independent([500, 100], [500, 120]), null);
    expect(shown).toMatchObject({
      verdict: null,
      limits: null,
      effect: { kind: 'effect', tau: 0.2 },
    });
  });

  it('has no Welch test where an observation can be more than one event', () => {
    const rows = [...armOf('control', 50, 2, 10), ...armOf('treatment', 50, 2, 20)];
    const money = rows.map((row) => ({ ...row, y: row.y * 40 }));
    expect(of(momentsOf(money), null).stages[0]?.asIfIndependent).toBeNull();
    expect(of(momentsOf(rows), null).stages[0]?.asIfIndependent?.cohenD).toBeGreaterThan(0);
  });

  it('of nothing says so', () => {
    expect(of(emptyMoments())).toMatchObject({
      stages: [],
      effect: { kind: 'not_enough' },
      moreUsers: null,
    });
  });

  it('holds no NaN, whatever the rows', () => {
    fc.assert(
      fc.property(anyRows, fc.boolean(), (rows, ruled) => {
        const shown = of(momentsOf(rows), ruled ? errorRule : null);
        expect(numbersIn(shown).every(Number.isFinite)).toBe(true);
      }),
    );
  });
});
