// Who gets which model: a salted hash of the visitor into 10,000 buckets. Salting per experiment
// keeps the same people from being the canary every week; a share that grows only ever adds
// buckets to the treatment, so nobody is moved back and forth by a ramp.

export const BUCKETS = 10_000;

/**
 * MurmurHash3 x86 32-bit over UTF-16 code units, low byte then high byte.
 * Source: Appleby, https://github.com/aappleby/smhasher (public domain). Synchronous, because
 * WebCrypto's digests are not and assignment sits on every answer's path.
 */
function murmur3(text: string, seed: number): number {
  let hash = seed;
  let index = 0;
  for (; index + 1 < text.length; index += 2) {
    let block = text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16);
    block = Math.imul(block, 0xcc9e2d51);
    block = (block << 15) | (block >>> 17);
    hash ^= Math.imul(block, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (index < text.length) {
    let block = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    block = (block << 15) | (block >>> 17);
    hash ^= Math.imul(block, 0x1b873593);
  }
  hash ^= text.length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Bucket in [0, BUCKETS). */
export function bucketOf(visitorId: string, salt: string): number {
  return Math.floor((murmur3(`${salt}\u0000${visitorId}`, 0) / 2 ** 32) * BUCKETS);
}

/** Deterministic value in [0, 1) for sampling and splitting by key. */
export function unitHash(key: string, salt: string): number {
  return murmur3(`${salt}\u0000${key}`, 0x9747b28c) / 2 ** 32;
}
