// Identifiers. An answer's key is a UUIDv7 (RFC 9562 section 5.7): sortable by time, so that the
// record's index stays compact. What the server derives by itself has a UUIDv5, the same however often
// it is derived. Time and randomness are arguments; nothing here reads a clock.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two lower-case digits a byte; from a table, because each request writes several. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/**
 * @param now milliseconds since the epoch
 * @param random at least 10 random bytes
 */
export function uuidv7(now: number, random: Uint8Array): string {
  if (random.length < 10) throw new RangeError(`expected 10 random bytes, got ${random.length}`);
  const bytes = new Uint8Array(16);
  bytes.set(random.subarray(0, 10), 6);
  let rest = Math.floor(now);
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return hyphenated(bytes);
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Begins whatever takes an erased visitor's place where only counts matter. */
export const PSEUDONYM_MARK = 'erased-';

/** A key's user of an old prefix that begins so is none: it has a colon. */
export const isPseudonym = (visitorId: string): boolean =>
  visitorId.startsWith(PSEUDONYM_MARK) && isUuid(visitorId.slice(PSEUDONYM_MARK.length));

/** A name's id within a namespace, always the same one (RFC 9562 section 5.5). */
export async function uuidv5(namespace: string, name: string): Promise<string> {
  if (!isUuid(namespace)) throw new RangeError(`expected a UUID as namespace, got "${namespace}"`);
  const space = Uint8Array.from(namespace.replaceAll('-', '').match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
  const text = new TextEncoder().encode(name);
  const named = new Uint8Array(space.length + text.length);
  named.set(space);
  named.set(text, space.length);
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', named)).subarray(0, 16);
  bytes[6] = 0x50 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return hyphenated(bytes);
}

function hyphenated(bytes: Uint8Array): string {
  const hex = hexOf(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
