// Signed tokens. A visitor token says who a visitor is (a JWS; the page may read it); a feedback
// token says what an answer was (a JWE, because visitors must not learn their arm or model). Both
// carry a key id, so keys can be rotated, and expire. Ingest needs no database to check them.

import { CompactEncrypt, errors, jwtDecrypt, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { hexOf } from '../core/ids.ts';
import type { KeyRing } from './env.ts';

const VISITOR_SECONDS = 180 * 86_400;
const FEEDBACK_SECONDS = 30 * 86_400;

const visitorSchema = z.object({
  sub: z.string().min(1),
  org: z.string(),
  iat: z.number(),
  exp: z.number(),
});
export interface VisitorClaims {
  visitorId: string;
  /** The origin the token was issued to; empty for clients that send none. */
  origin: string;
}

const feedbackSchema = z.object({
  int: z.string(),
  vis: z.string(),
  exp_id: z.string().nullable(),
  arm: z.string(),
  mdl: z.string(),
  iat: z.number(),
});
export interface FeedbackClaims {
  interactionId: string;
  visitorId: string;
  experimentId: string | null;
  arm: string;
  model: string;
  issuedAtMs: number;
}

type Purpose = 'visitor' | 'feedback' | 'history';

const imported = new Map<string, Promise<CryptoKey>>();

/** Each purpose has a key of its own, derived from the ring's secret (HKDF, RFC 5869). */
function keyFor(ring: KeyRing, kid: string, purpose: Purpose): Promise<CryptoKey> {
  const material = ring.keys[kid];
  if (material === undefined) {
    throw new AppError(
      'token_invalid',
      'The token was signed with a key that is no longer in use.',
    );
  }
  const name = `${purpose}:${material}`;
  const known = imported.get(name);
  if (known) return known;
  const derived = deriveKey(material, purpose);
  imported.set(name, derived);
  return derived;
}

async function deriveKey(material: string, purpose: Purpose): Promise<CryptoKey> {
  const raw = Uint8Array.from(atob(material.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  );
  const secret = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(),
      info: new TextEncoder().encode(`bruno-loop ${purpose} v1`),
    },
    secret,
    purpose === 'feedback'
      ? { name: 'AES-GCM', length: 256 }
      : { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    purpose === 'feedback' ? ['encrypt', 'decrypt'] : ['sign', 'verify'],
  );
}

/** HMAC-SHA256 in hex, for the history; undefined where the ring no longer holds that key. */
export async function signHistory(
  ring: KeyRing,
  kid: string,
  text: string,
): Promise<string | undefined> {
  if (ring.keys[kid] === undefined) return undefined;
  const key = await keyFor(ring, kid, 'history');
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text));
  return hexOf(new Uint8Array(mac));
}

export async function issueVisitorToken(
  ring: KeyRing,
  claims: VisitorClaims,
  nowMs: number,
): Promise<string> {
  const seconds = Math.floor(nowMs / 1000);
  return new SignJWT({ org: claims.origin })
    .setProtectedHeader({ alg: 'HS256', kid: ring.current })
    .setSubject(claims.visitorId)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + VISITOR_SECONDS)
    .sign(await keyFor(ring, ring.current, 'visitor'));
}

export interface KnownVisitor extends VisitorClaims {
  issuedAtMs: number;
}

interface Verified {
  claims: KnownVisitor;
  expiresAtMs: number;
}

/** Bounds the memory below; the oldest are verified again. */
const VERIFIED_MOST = 1_000;

/** Tokens this isolate has verified under a ring, oldest first: who asks once mostly asks again. */
const verified = new WeakMap<KeyRing, Map<string, Verified>>();

/** Throws token_invalid or token_expired. */
export async function readVisitorToken(
  ring: KeyRing,
  token: string,
  nowMs: number,
): Promise<KnownVisitor> {
  const known = verified.get(ring) ?? new Map<string, Verified>();
  verified.set(ring, known);
  const before = known.get(token);
  if (before !== undefined && nowMs < before.expiresAtMs) return before.claims;
  const { claims, expiresAtMs } = await verifyVisitorToken(ring, token, nowMs);
  known.set(token, { claims, expiresAtMs });
  const [oldest] = known.keys();
  if (known.size > VERIFIED_MOST && oldest !== undefined) known.delete(oldest);
  return claims;
}

async function verifyVisitorToken(ring: KeyRing, token: string, nowMs: number): Promise<Verified> {
  const payload = await read('visitor', () =>
    jwtVerify(token, ({ kid = '' }) => keyFor(ring, kid, 'visitor'), {
      algorithms: ['HS256'],
      currentDate: new Date(nowMs),
    }),
  );
  const claims = visitorSchema.safeParse(payload);
  if (!claims.success) throw invalid('visitor');
  const { sub, org, iat, exp } = claims.data;
  const known = { visitorId: sub, origin: org, issuedAtMs: iat * 1000 };
  return { claims: known, expiresAtMs: exp * 1000 };
}

export async function issueFeedbackToken(ring: KeyRing, claims: FeedbackClaims): Promise<string> {
  const seconds = Math.floor(claims.issuedAtMs / 1000);
  // A JWT's claims, encrypted as they are: jose's own builder would first clone them.
  const payload = {
    int: claims.interactionId,
    vis: claims.visitorId,
    exp_id: claims.experimentId,
    arm: claims.arm,
    mdl: claims.model,
    iat: seconds,
    exp: seconds + FEEDBACK_SECONDS,
  };
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: ring.current })
    .encrypt(await keyFor(ring, ring.current, 'feedback'));
}

/** Throws token_invalid or token_expired. */
export async function readFeedbackToken(
  ring: KeyRing,
  token: string,
  nowMs: number,
): Promise<FeedbackClaims> {
  const payload = await read('feedback', () =>
    jwtDecrypt(token, ({ kid = '' }) => keyFor(ring, kid, 'feedback'), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      currentDate: new Date(nowMs),
    }),
  );
  const claims = feedbackSchema.safeParse(payload);
  if (!claims.success) throw invalid('feedback');
  return {
    interactionId: claims.data.int,
    visitorId: claims.data.vis,
    experimentId: claims.data.exp_id,
    arm: claims.data.arm,
    model: claims.data.mdl,
    issuedAtMs: claims.data.iat * 1000,
  };
}

const invalid = (kind: string) =>
  new AppError('token_invalid', `The ${kind} token is not one this service issued.`);

async function read(kind: string, open: () => Promise<{ payload: unknown }>): Promise<unknown> {
  try {
    return (await open()).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new AppError('token_expired', `The ${kind} token has expired.`);
    }
    if (error instanceof AppError) throw error;
    throw invalid(kind);
  }
}

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** Compares in a time that does not depend on where the two differ. */
export async function sameSecret(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([sha256(given), sha256(expected)]);
  return sameBytes(a, b);
}

/** Of hashes: the same time wherever they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}
