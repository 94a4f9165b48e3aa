import { expect, test } from 'vitest';
import { keyFactsOf } from './key-facts.ts';

test('the texts that were named, in their order', () => {
  expect(keyFactsOf({ key_facts: ['30 days', 'Loki'], page: '/docs' })).toEqual([
    '30 days',
    'Loki',
  ]);
});

test.each([
  [null],
  [{}],
  [{ key_facts: 'x' }],
  [{ key_facts: [7, '', '  ', 'anna@example.com', 'x'.repeat(201)] }],
])('nothing usable in %o', (metadata) => {
  expect(keyFactsOf(metadata)).toEqual([]);
});

test('no more than ten', () => {
  expect(keyFactsOf({ key_facts: Array.from({ length: 20 }, (_, i) => `fact ${i}`) })).toHaveLength(
    10,
  );
});
