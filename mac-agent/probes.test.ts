import { expect, test } from 'vitest';
import type { Vocabulary } from './probes.ts';
import { compareProbe, mismatchOf } from './probes.ts';

// Token n is the letter n of the alphabet, 0 ends a turn, 27 is a space.
const vocabulary: Vocabulary = {
  isControl: (token) => token === 0,
  bytesOf: (token) =>
    token === 0
      ? new Uint8Array()
      : Buffer.from(token === 27 ? ' ' : String.fromCharCode(96 + token)),
};

const probe = {
  messages: [{ role: 'user' as const, content: 'q' }],
  text: 'abc',
  token_ids: [1, 2, 3, 0],
  margins: [4, 0.03, 5, 6],
};

test('equal tokens are the same, with or without the end of the turn', () => {
  expect(compareProbe(probe, { text: '', tokenIds: [1, 2, 3] }, vocabulary).at).toBeNull();
  expect(compareProbe(probe, { text: '', tokenIds: [1, 2, 3, 0] }, vocabulary).at).toBeNull();
});

test('a difference at a near-tie is allowed', () => {
  const served = { text: '', tokenIds: [1, 9, 9] };
  expect(compareProbe(probe, served, vocabulary)).toMatchObject({ same: true, at: 1 });
});

test('a difference where the model was sure is not', () => {
  const result = compareProbe(probe, { text: '', tokenIds: [1, 2, 4] }, vocabulary);
  expect(result).toMatchObject({ same: false, at: 2 });
  expect(mismatchOf([{ same: true, at: null }, result])).toMatch(/1 of 2 probes.*probe 2.*5\.000/);
});

test('an answer that goes on or ends early differs at that token', () => {
  const longer = compareProbe(probe, { text: '', tokenIds: [1, 2, 3, 4] }, vocabulary);
  expect(longer).toMatchObject({ same: false, at: 3 });
  const shorter = compareProbe(probe, { text: '', tokenIds: [1, 2] }, vocabulary);
  expect(shorter).toMatchObject({ same: false, at: 2 });
});

test('without token ids the text is followed token by token', () => {
  const at = (text: string) => compareProbe(probe, { text, tokenIds: null }, vocabulary);
  expect(at('abc')).toEqual({ same: true, at: null });
  expect(at('abc\n')).toEqual({ same: true, at: null });
  expect(at('axc')).toMatchObject({ same: true, at: 1 });
  expect(at('abd')).toMatchObject({ same: false, at: 2 });
  expect(at('abcd')).toMatchObject({ same: false, at: 3 });
  expect(at('ab')).toMatchObject({ same: false, at: 2 });
});

test('white space cut from the end of a text is no difference', () => {
  const spaced = { ...probe, token_ids: [1, 27], margins: [4, 4] };
  expect(compareProbe(spaced, { text: 'a', tokenIds: null }, vocabulary).same).toBe(true);
});
