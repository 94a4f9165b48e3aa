import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nullShare, sampleRatio } from './sample-ratio.ts';
import { armCounts } from './sample-ratio-arms.ts';
import { splitGroups } from './split-groups.ts';
import { numbersIn } from './testing/rows.ts';

describe('the sample ratio', () => {
  it('expects those last seen in control to enter as the ramp adds buckets', () => {
    expect(nullShare(0.1, null)).toBe(0.1);
    expect(nullShare(0.25, 0.1)).toBeCloseTo(0.15 / 0.9, 15);
    expect(nullShare(0.1, 0.1)).toBe(0);
    expect(nullShare(0.1, 0.25)).toMatchObject({ kind: 'not_enough' });
  });

  it('calls 24,400 of 100,000 at a quarter broken, and 25,000 not', () => {
    const broken = sampleRatio([{ control: 75_600, treatment: 24_400, share: 0.25 }]);
    const whole = sampleRatio([{ control: 75_000, treatment: 25_000, share: 0.25 }]);
    expect(broken).toMatchObject({ total: 100_000, expected: 25_000 });
    expect('p' in broken ? broken.p : 1).toBeLessThan(0.005);
    expect('p' in whole ? whole.p : 0).toBe(1);
  });

  it('adds groups up, each at its own share', () => {
    const one = { control: 900, treatment: 100, share: 0.1 };
    const both = sampleRatio([one, { control: 500, treatment: 500, share: 0.5 }]);
    expect(both).toMatchObject({ treatment: 600, total: 2_000, expected: 600 });
  });

  it('is a number or not enough, whatever the counts', () => {
    const any = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(1e308, Number.NaN));
    const group = fc.record({ control: any, treatment: any, share: any });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 4 }), fc.array(any), any, (groups, list, other) => {
        const shares = list.map(() => 1 / list.length);
        const results = [
          sampleRatio(groups),
          armCounts(list, shares, other),
          nullShare(other, list[0] ?? null),
        ];
        expect(numbersIn(results).filter(Number.isNaN)).toEqual([]);
      }),
    );
  });
});

describe('the groups of a ramp', () => {
  const seen = (...cells: [string, 'control' | 'treatment'][]) =>
    cells.map(([stage, arm]) => ({ stage, arm }));
  const shares = [
    { stage: 's1', share: 0.1 },
    { stage: 's2', share: 0.25 },
  ];

  it('count a visitor once a stage until treatment, at the chance of moving then', () => {
    const visitors = [
      seen(['s1', 'control'], ['s2', 'treatment']),
      seen(['s1', 'control'], ['s2', 'control']),
      seen(['s1', 'treatment'], ['s2', 'treatment']),
      seen(['s2', 'treatment']),
      seen(['elsewhere', 'treatment']),
    ];
    expect(splitGroups(visitors, shares)).toEqual([
      { share: 0.1, control: 2, treatment: 1 },
      { share: 0.15 / 0.9, control: 1, treatment: 1 },
      { share: 0.25, control: 0, treatment: 1 },
    ]);
  });

  it('are not enough where a share falls', () => {
    const falling = [
      { stage: 's1', share: 0.5 },
      { stage: 's2', share: 0.1 },
    ];
    const visitors = [seen(['s1', 'control'], ['s2', 'control'])];
    expect(splitGroups(visitors, falling)).toMatchObject({ kind: 'not_enough' });
  });
});
