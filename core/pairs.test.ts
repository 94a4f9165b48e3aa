import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_PAIRS_PER_ANSWER, matchPairs, pairWeight } from './pairs.ts';

const answers = (...scores: number[]) =>
  scores.map((score, index) => ({ id: `a${index}`, text: `answer ${index}`, score, mayWin: true }));

test('the documents\u2019 five-answer cluster: best against worst, each at most twice', () => {
  const pairs = matchPairs(answers(0.92, 0.88, 0.45, 0.23, 0.18), 0.3);
  expect(
    pairs.map(({ chosen, rejected, margin }) => [chosen.score, rejected.score, margin]),
  ).toEqual([
    [0.92, 0.18, 0.74],
    [0.88, 0.18, 0.7],
    [0.92, 0.23, 0.69],
    [0.88, 0.23, 0.65],
  ]);
});

test('a margin of exactly the minimum is not enough', () => {
  expect(matchPairs(answers(0.8, 0.5), 0.3)).toEqual([]);
  expect(matchPairs(answers(0.81, 0.5), 0.3)).toHaveLength(1);
});

test('an answer that was found wrong can only be the rejected one', () => {
  const [best, worst] = answers(0.9, 0.1);
  if (!best || !worst) throw new Error('two answers were made');
  expect(matchPairs([{ ...best, mayWin: false }, worst], 0.3)).toEqual([]);
  expect(matchPairs([best, { ...worst, mayWin: false }], 0.3)).toHaveLength(1);
});

test('two answers of the same text make no pair', () => {
  const same = answers(0.9, 0.1).map((answer) => ({ ...answer, text: 'same' }));
  expect(matchPairs(same, 0.3)).toEqual([]);
});

test('no answer is in more than two pairs and every margin is above the minimum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
      (scores) => {
        const pairs = matchPairs(answers(...scores), 0.3);
        const uses = new Map<string, number>();
        for (const { chosen, rejected } of pairs) {
          for (const { id } of [chosen, rejected]) uses.set(id, (uses.get(id) ?? 0) + 1);
        }
        return (
          pairs.every(({ margin }) => margin > 0.3) &&
          [...uses.values()].every((count) => count <= MAX_PAIRS_PER_ANSWER)
        );
      },
    ),
  );
});

test.each([
  ['user_correction', 1, 1, 1],
  ['direct_comparison', 0.51, 0.95, 1],
  ['direct_comparison', 0.5, 0.8, 0.8],
  ['model_comparison', 0.3, 0.75, 0.7],
  ['synthetic_negative', 0.9, 0.6, 0.5],
] as const)(
  '%s at margin %d has confidence %d and weight %d',
  (source, margin, confidence, weight) => {
    expect(pairWeight(source, margin)).toEqual({ confidence, weight });
  },
);
