import { expect, test } from 'vitest';
import { groupSplit, phrasingSplit, splitOf } from './split.ts';

test('every ten groups hold out exactly one for validation and one for test', () => {
  for (const salt of ['a', 'b', 'questions-v1']) {
    for (let block = 0; block < 50; block += 1) {
      const splits = Array.from({ length: 10 }, (_, place) => groupSplit(block * 10 + place, salt));
      expect(splits.filter((split) => split === 'validation')).toHaveLength(1);
      expect(splits.filter((split) => split === 'test')).toHaveLength(1);
    }
  }
});

test('the first two phrasings of a group are always taught', () => {
  for (let index = 0; index < 500; index += 1) {
    expect(phrasingSplit(`q-${index}`, 0, 's')).toBe('train');
    expect(phrasingSplit(`q-${index}`, 1, 's')).toBe('train');
  }
});

test.each([3, 4, 6, 12])('in groups of %d a tenth of the phrasings each is held out', (size) => {
  const drawn = Array.from({ length: 4000 }, (_, group) =>
    Array.from({ length: size }, (_, place) => phrasingSplit(`q-${group}-${place}`, place, 's')),
  ).flat();
  for (const side of ['validation', 'test']) {
    const share = drawn.filter((split) => split === side).length / drawn.length;
    expect(share).toBeGreaterThan(0.09);
    expect(share).toBeLessThan(0.11);
  }
});

test('a held-out group holds out all of its phrasings', () => {
  expect(splitOf('validation', 'train')).toBe('validation_groups');
  expect(splitOf('test', 'validation')).toBe('test_groups');
  expect(splitOf('train', 'test')).toBe('test_phrasings');
  expect(splitOf('train', 'train')).toBe('train');
});
