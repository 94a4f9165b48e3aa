import { expect, test } from 'vitest';
import { tokenCount, wordCount } from './tokens.ts';

test("takes the model server's own count where one was stored", () => {
  expect(tokenCount('one two', 7)).toEqual({ tokens: 7, source: 'model_server' });
});

test.each([null, undefined, 0])('counts words where the stored count is %o', (stored) => {
  expect(tokenCount('one two', stored)).toEqual({ tokens: 2, source: 'words' });
});

test.each([
  ['', 0],
  ['   ', 0],
  ['kubectl get pods', 3],
  ['  two\n\nlines\twith tabs ', 4],
  ['a\u00a0b', 2],
])('%j has %d words', (text, count) => {
  expect(wordCount(text)).toBe(count);
});
