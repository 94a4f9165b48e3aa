// API keys as text and as the edge knows them. A key reads bruno_ID_SECRET: the id finds it, two
// hundred random bits prove it, and a CRC-32 at the end lets typos and secret scanners be told apart
// from keys without asking anyone. Pure: randomness, hashes and time are arguments.

import { z } from 'zod';
import { PSEUDONYM_MARK } from './ids.ts';

/** What a key may do. Feedback needs none: an answer's own token is the proof. */
export const KEY_SCOPES = ['chat', 'models:version', 'identify'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

export const KEY_MARK = 'bruno_';
/** Crockford's base 32: nothing in it is mistaken for something else, and a double click takes it all. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_CHARS = 10;
const SECRET_CHARS = 40;
const CHECK_CHARS = 7;
/** What `newKey` needs. */
export const KEY_RANDOM_BYTES = ID_CHARS + SECRET_CHARS;

const KEY_TEXT = new RegExp(
  `^${KEY_MARK}([${ALPHABET}]{${ID_CHARS}})_([${ALPHABET}]{${SECRET_CHARS}})([${ALPHABET}]{${CHECK_CHARS}})$`,
);

export interface KeyText {
  id: string;
  secret: string;
  text: string;
}

/** @param random `KEY_RANDOM_BYTES` random bytes; each gives one character */
export function newKey(random: Uint8Array): KeyText {
  if (random.length < KEY_RANDOM_BYTES) {
    throw new RangeError(`expected ${KEY_RANDOM_BYTES} random bytes, got ${random.length}`);
  }
  const chars = Array.from(random, (byte) => ALPHABET.charAt(byte % 32)).join('');
  return keyOf(chars.slice(0, ID_CHARS), chars.slice(ID_CHARS, KEY_RANDOM_BYTES));
}

export function keyOf(id: string, secret: string): KeyText {
  const body = `${KEY_MARK}${id}_${secret}`;
  return { id, secret, text: body + checkOf(body) };
}

/** Undefined for what is no key, a mistyped one included. */
export function readKey(text: string): KeyText | undefined {
  const [, id, secret, check] = KEY_TEXT.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return checkOf(text.slice(0, -CHECK_CHARS)) === check ? { id, secret, text } : undefined;
}

/** Seven characters hold the 32 bits. */
function checkOf(text: string): string {
  let rest = crc32(text);
  let check = '';
  for (let place = 0; place < CHECK_CHARS; place += 1) {
    check = ALPHABET.charAt(rest % 32) + check;
    rest = Math.floor(rest / 32);
  }
  return check;
}

/** As in zip and PNG (ISO 3309), of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const char of text) {
    crc ^= char.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A key as the edge holds it: what is needed to decide, and nothing that opens anything. */
export const heldKeySchema = z.strictObject({
  prefix: z.string(),
  /** SHA-256 of the secret, in hex. */
  hash: z.string(),
  /** Text, because a later version may know more scopes. */
  scopes: z.array(z.string()),
  expires_at: z.int().nullable(),
  revoked_at: z.int().nullable(),
});
export type HeldKey = z.infer<typeof heldKeySchema>;

/** Every key there is, by id. */
export const keyListSchema = z.strictObject({
  version: z.int(),
  keys: z.record(z.string(), heldKeySchema),
});
export type KeyList = z.infer<typeof keyListSchema>;

/**
 * A key is made once and revoked at most once, so the number of both only grows, and is the same
 * wherever it is counted: a list read again from the record continues where the lost one was.
 */
export function keyList(keys: Record<string, HeldKey>): KeyList {
  const all = Object.values(keys);
  return { version: all.length + all.filter((key) => key.revoked_at !== null).length, keys };
}

export type KeyRefusal = 'revoked' | 'expired' | 'scope';

/** Why a key whose secret was right may not do this; undefined when it may. */
export function keyRefusal(key: HeldKey, scope: KeyScope, nowMs: number): KeyRefusal | undefined {
  if (key.revoked_at !== null) return 'revoked';
  if (key.expires_at !== null && nowMs >= key.expires_at) return 'expired';
  return key.scopes.includes(scope) ? undefined : 'scope';
}

/** Whom a key's requests are for when it names no user. */
const NO_USER = 'default';

/** A key's own users, apart from visitors and from the users of other prefixes. */
export const userOfKey = (prefix: string, user: string | undefined): string =>
  `${prefix}:${user || NO_USER}`;

/** No colon, which ends it; not the operators' own, and not what pseudonyms of the erased begin with. */
export const keyPrefixSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'expected 1 to 32 small letters, digits or hyphens')
  .refine((prefix) => prefix !== 'operator', 'is taken: operators\u2019 own answers carry it')
  .refine(
    (prefix) => !prefix.startsWith(PSEUDONYM_MARK),
    `must not begin with ${PSEUDONYM_MARK}: erased visitors carry it, so such users could not be erased`,
  );

/** From a name, where none was chosen: "Shop (Berlin)" is shop-berlin. */
export function prefixOfName(name: string): string | undefined {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replaceAll(/^-+|-+$/g, '');
  return keyPrefixSchema.safeParse(slug).data;
}
