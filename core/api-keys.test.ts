// Keys as text, and what the edge decides about them.

import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type HeldKey,
  KEY_RANDOM_BYTES,
  keyList,
  keyPrefixSchema,
  keyRefusal,
  newKey,
  prefixOfName,
  readKey,
  userOfKey,
} from './api-keys.ts';

const T0 = 1_800_000_000_000;
const bytes = fc.uint8Array({ minLength: KEY_RANDOM_BYTES, maxLength: KEY_RANDOM_BYTES });
const held = (over: Partial<HeldKey> = {}): HeldKey => ({
  prefix: 'shop',
  hash: 'a'.repeat(64),
  scopes: ['chat'],
  expires_at: null,
  revoked_at: null,
  ...over,
});

test('what is made can be read, whatever the bytes', () => {
  fc.assert(
    fc.property(bytes, (random) => {
      const made = newKey(random);
      expect(readKey(made.text)).toEqual(made);
    }),
  );
});

test('a key with any one character changed, or two neighbours swapped, is no key', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.constantFrom(...'0a1bz_'), (random, at, char) => {
      const { text } = newKey(random);
      const place = at % text.length;
      const changed = text.slice(0, place) + char + text.slice(place + 1);
      if (changed !== text) expect(readKey(changed)).toBeUndefined();
      const [a = '', b = ''] = text.slice(place, place + 2);
      const swapped = text.slice(0, place) + b + a + text.slice(place + 2);
      if (swapped !== text) expect(readKey(swapped)).toBeUndefined();
    }),
  );
});

test('its check digits are the CRC-32 that others compute', () => {
  const { text } = newKey(new Uint8Array(KEY_RANDOM_BYTES).map((_, index) => index * 7));
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  let value = 0;
  for (const char of text.slice(-7)) value = value * 32 + alphabet.indexOf(char);
  expect(value).toBe(crc32(text.slice(0, -7)));
});

test.each(['', 'bruno_', 'sk-1234', `bruno_${'0'.repeat(10)}_${'0'.repeat(47)}`])(
  '%j is no key',
  (text) => expect(readKey(text)).toBeUndefined(),
);

test('too few random bytes make no key', () => {
  expect(() => newKey(new Uint8Array(8))).toThrow(RangeError);
});

test('a key may do what its scopes say until it is revoked or expires', () => {
  expect(keyRefusal(held(), 'chat', T0)).toBeUndefined();
  expect(keyRefusal(held(), 'identify', T0)).toBe('scope');
  expect(keyRefusal(held({ expires_at: T0 + 1 }), 'chat', T0)).toBeUndefined();
  expect(keyRefusal(held({ expires_at: T0 }), 'chat', T0)).toBe('expired');
  expect(keyRefusal(held({ revoked_at: T0 + 9 }), 'chat', T0)).toBe('revoked');
});

test('each change of the list makes its version larger', () => {
  const one = keyList({ a: held() });
  const two = keyList({ a: held(), b: held() });
  const revoked = keyList({ a: held({ revoked_at: T0 }), b: held() });
  expect([keyList({}).version, one.version, two.version, revoked.version]).toEqual([0, 1, 2, 3]);
});

test('users are told apart by prefix, and no user is one of its own', () => {
  expect(userOfKey('shop', 'u:7')).toBe('shop:u:7');
  expect(userOfKey('shop', undefined)).toBe('shop:default');
  expect(userOfKey('shop', '')).toBe('shop:default');
});

test.each([
  ['operator', 'is taken'],
  ['erased-shop', 'must not begin with erased-: erased visitors carry it'],
  ['erased-', 'must not begin with erased-'],
  ['a:b', 'small letters, digits or hyphens'],
])('no key has the prefix %s', (prefix, why) => {
  expect(keyPrefixSchema.safeParse(prefix).error?.issues[0]?.message).toContain(why);
  expect(keyPrefixSchema.parse(`my-${prefix.replace(':', '-')}`)).toBeDefined();
});

test('a prefix is made from a name unless nothing is left of it', () => {
  expect(prefixOfName('Shop (Berlin)')).toBe('shop-berlin');
  expect(prefixOfName('Operator')).toBeUndefined();
  expect(prefixOfName('Erased carts')).toBeUndefined();
  expect(prefixOfName('Erased')).toBe('erased');
  expect(prefixOfName('日本')).toBeUndefined();
});
