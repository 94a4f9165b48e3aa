// API keys at the edge: is this one good for that? Decided from the isolate's lease on the keys object,
// so that no request reads the record, and a revocation holds within seconds. Throws what OpenAI's
// clients understand.

import { readKeys } from '../../adapters/api-keys/index.ts';
import { Lease } from '../../adapters/lease/index.ts';
import {
  type HeldKey,
  KEY_MARK,
  type KeyList,
  type KeyRefusal,
  type KeyScope,
  keyRefusal,
  readKey,
} from '../../core/api-keys.ts';
import { AppError } from '../../core/errors.ts';
import { keysReadSchema } from '../../functions/keys/keys-object.ts';
import { callObject } from '../durable.ts';
import { type Env, now } from '../env.ts';
import type { AppContext } from '../http.ts';
import { limit } from '../limits.ts';
import { sleep } from '../sleep.ts';
import { sameBytes, sha256 } from '../tokens.ts';

const leased = new Lease<KeyList>();

/** What a hash is compared with when there is no such key, so that both cases cost the same. */
const NO_HASH = '0'.repeat(64);

/** How often, at most, a key that is not in the list makes this isolate read it again. */
const MISS_EVERY_MS = 500;
const POLL_MS = 25;
/** When somebody last set out to read it for that, and the newest such time of a list that came. */
let missTurnMs = 0;
let missReadMs = 0;

/** Whether a bearer means to be an API key; it may still be a bad one. */
export const isApiKey = (token: string): boolean => token.startsWith(KEY_MARK);

/** A key that may do what was asked; throws unauthorized, insufficient_scope or rate_limited. */
export async function knownKey(c: AppContext, token: string, scope: KeyScope): Promise<HeldKey> {
  const given = readKey(token);
  if (given === undefined) {
    throw new AppError(
      'unauthorized',
      'This is no API key: it is mistyped or cut. Expected bruno_, an id, _ and 47 characters.',
    );
  }
  const key = (await heldKey(c.env, given.id)) ?? (await newlyMade(c.env, given.id));
  const right = sameBytes(await sha256(given.secret), bytesOf(key?.hash ?? NO_HASH));
  if (key === undefined || !right) {
    throw new AppError('unauthorized', 'There is no such API key here. Ask an operator for one.');
  }
  c.set('keyId', given.id);
  const refusal = keyRefusal(key, scope, now(c.env));
  if (refusal !== undefined) throw refused(refusal, scope);
  await limit(c.env.KEY_LIMIT, given.id, 'This API key asks more often than it may. Slow down.');
  return key;
}

function refused(refusal: KeyRefusal, scope: KeyScope): AppError {
  switch (refusal) {
    case 'revoked':
      return new AppError('unauthorized', 'This API key was revoked. Ask an operator for another.');
    case 'expired':
      return new AppError('unauthorized', 'This API key has expired. Ask an operator for another.');
    case 'scope':
      return new AppError(
        'insufficient_scope',
        `This API key may not do that. Missing scope: ${scope}.`,
      );
  }
}

/** Throws dependency_unavailable only where no list was ever seen and none is in reach. */
async function heldKey(env: Env, id: string, maxAgeMs?: number): Promise<HeldKey | undefined> {
  const list = await leased.read(
    { object: (held) => keysObject(env, held), copy: () => readKeys(env.ROUTING_KV) },
    now(env),
    maxAgeMs,
  );
  if (list !== undefined) return Object.hasOwn(list.keys, id) ? list.keys[id] : undefined;
  throw new AppError('dependency_unavailable', 'API keys cannot be checked right now. Try again.', {
    retryAfterSeconds: 5,
    internalMessage: 'neither the keys object nor its copy in KV can be read',
  });
}

/**
 * A key that is not in the list may have been made a moment ago: then a list that was read after its
 * request came decides. Those who guess keys wait for one another, as do the rest who come with them.
 */
async function newlyMade(env: Env, id: string): Promise<HeldKey | undefined> {
  const cameMs = now(env);
  for (;;) {
    if (missReadMs >= cameMs) return heldKey(env, id);
    const atMs = now(env);
    // Either way, so that a clock that goes back by an hour does not make anybody wait for one.
    if (Math.abs(atMs - missTurnMs) >= MISS_EVERY_MS) {
      missTurnMs = atMs;
      const found = await heldKey(env, id, 0);
      missReadMs = atMs;
      return found;
    }
    await sleep(POLL_MS);
  }
}

/** Straight from the keys object, which sends nothing where the reader is up to date. */
export async function keysObject(env: Env, held: KeyList | undefined): Promise<KeyList> {
  const { list } = await callObject({
    namespace: env.KEYS,
    name: 'keys',
    path: '/read',
    body: { held_version: held?.version ?? null },
    answer: keysReadSchema,
    timeoutMs: 2_000,
  });
  const newest = list ?? held;
  if (newest === undefined) throw new Error('the keys object sent no list to one who holds none');
  return newest;
}

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
