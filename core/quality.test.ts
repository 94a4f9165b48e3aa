import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type QualityEvidence, quality } from './quality.ts';

const evidence = (over: Partial<QualityEvidence>): QualityEvidence => ({
  explicit: undefined,
  implicit: undefined,
  responseTokens: 256,
  contextUsed: undefined,
  ...over,
});

test('the documents\u2019 example keeps its 0.94', () => {
  const example = evidence({ explicit: 1, implicit: 0.8, contextUsed: true });
  expect(quality(example)).toEqual({ raw: 0.94, score: 0.94, band: 'excellent' });
  expect(quality(example, 'literal')?.raw).toBe(0.94);
});

test('a thumbed-up short answer without retrieval qualifies, though literally it scores 0.40', () => {
  const short = evidence({ explicit: 1, responseTokens: 12 });
  expect(quality(short)?.raw).toBeCloseTo(0.4 / 0.55, 12);
  expect(quality(short, 'literal')?.raw).toBe(0.4);
});

test('context counts only where retrieval was possible', () => {
  expect(quality(evidence({ explicit: 1, contextUsed: false }))?.raw).toBeCloseTo(0.55 / 0.7, 12);
  expect(quality(evidence({ explicit: 1 }))?.raw).toBe(1);
});

test('without any vote or signal there is no quality', () => {
  expect(quality(evidence({}))).toBeUndefined();
});

test.each([
  [1, 0.5, 'good'],
  [0.5, undefined, 'good'],
  [0.3, undefined, 'neutral'],
  [-0.5, undefined, 'poor'],
] as const)('explicit %d and implicit %o is %s', (explicit, implicit, band) => {
  expect(
    quality(evidence({ explicit, implicit, responseTokens: explicit === 1 ? 12 : 100 }))?.band,
  ).toBe(band);
});

test.each([
  ['weighted', evidence({ explicit: 0.3125 })],
  ['weighted', evidence({ explicit: 0.5, implicit: 0.25 })],
  ['literal', evidence({ explicit: 0.5, implicit: 0.5 })],
] as const)(
  'a raw value of exactly 0.5 is neutral (%s): only more than 0.5 qualifies',
  (scoring, given) => {
    expect(quality(given, scoring)).toEqual({ raw: 0.5, score: 0.5, band: 'neutral' });
  },
);

test('a poor answer keeps its negative raw value while its score stops at zero', () => {
  const poor = quality(evidence({ explicit: -1, responseTokens: 5 }));
  expect(poor?.raw).toBeLessThan(0);
  expect(poor?.score).toBe(0);
});

test('exactly 50 and 500 tokens are complete, 49 and 501 are not', () => {
  const raw = (responseTokens: number) => quality(evidence({ explicit: 0, responseTokens }))?.raw;
  expect([49, 50, 500, 501].map(raw)).toEqual(
    [0, 0.15 / 0.55, 0.15 / 0.55, 0].map((x) => Number(x.toFixed(12))),
  );
});

test('the score is always within [0, 1] and never NaN', () => {
  const value = fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: undefined });
  fc.assert(
    fc.property(
      value,
      value,
      fc.nat(2000),
      fc.option(fc.boolean(), { nil: undefined }),
      (explicit, implicit, responseTokens, contextUsed) => {
        const result = quality({ explicit, implicit, responseTokens, contextUsed });
        return (
          result === undefined ||
          (result.score >= 0 && result.score <= 1 && Number.isFinite(result.raw))
        );
      },
    ),
  );
});
