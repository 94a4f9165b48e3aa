import { expect, test } from 'vitest';
import { isPseudonym, isUuid, PSEUDONYM_MARK, uuidv5, uuidv7 } from './ids.ts';

const random = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

test('matches the layout of RFC 9562: time, version 7, variant 10', () => {
  expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7102-8304-05060708090a');
});

test('sorts by time', () => {
  const ids = [3, 1, 2].map((now) => uuidv7(now, random));
  expect(ids.toSorted()).toEqual([1, 2, 3].map((now) => uuidv7(now, random)));
});

test('is recognised, and other text is not', () => {
  expect(isUuid(uuidv7(1, random))).toBe(true);
  expect(isUuid('int-789')).toBe(false);
});

test('a pseudonym is told from a user whom a key names', () => {
  expect(isPseudonym(`${PSEUDONYM_MARK}${uuidv7(1, random)}`)).toBe(true);
  expect(isPseudonym(uuidv7(1, random))).toBe(false);
  expect(isPseudonym(`${PSEUDONYM_MARK}shop:u-17`)).toBe(false);
});

test('too little randomness is refused', () => {
  expect(() => uuidv7(1, new Uint8Array(4))).toThrow('expected 10 random bytes, got 4');
});

test('a name has the id of RFC 9562 appendix A.4, always the same', async () => {
  const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  expect(await uuidv5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  expect(await uuidv5(dns, 'www.example.org')).not.toBe(await uuidv5(dns, 'www.example.com'));
});

test('a namespace that is no UUID is refused', async () => {
  await expect(uuidv5('dns', 'www.example.com')).rejects.toThrow('got "dns"');
});
