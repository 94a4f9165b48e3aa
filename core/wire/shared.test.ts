import { expect, test } from 'vitest';
import { feedbackRequestSchema } from './feedback.ts';
import { isDeeperThan } from './shared.ts';

const nested = (levels: number): unknown =>
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

test.each([
  ['a word', 0, 'word', false],
  ['null', 0, null, false],
  ['a list without levels to spare', 0, [], true],
  ['an object at the limit', 2, { a: [1, 'two', null] }, false],
  ['an object over the limit', 2, { a: 1, b: [[]] }, true],
  ['what no stack could hold', 64, nested(500_000), true],
])('%s', (_name, levels, value, deeper) => {
  expect(isDeeperThan(levels, value)).toBe(deeper);
});

test('metadata that is too long is not looked through as well', () => {
  const { error } = feedbackRequestSchema.shape.metadata.safeParse({
    deep: nested(4_000),
    bad: '\u0000',
  });
  expect(error?.issues.map(({ message }) => message)).toEqual(['must stay under 4 KiB of JSON']);
});
