// Operators' API keys: made, listed, revoked. The text of a key is made here, answered once and kept
// nowhere; what is stored is its hash.

import { Hono } from 'hono';
import type { z } from 'zod';
import {
  type ApiKeyRow,
  findApiKey,
  findApiKeyOfRequest,
  listApiKeys,
} from '../../adapters/postgres/api-keys.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { KEY_RANDOM_BYTES, newKey, prefixOfName } from '../../core/api-keys.ts';
import { AppError } from '../../core/errors.ts';
import { hexOf, PSEUDONYM_MARK, uuidv7 } from '../../core/ids.ts';
import { createKeySchema, revokeKeySchema } from '../../core/wire/admin.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import {
  type KeyCreation,
  type KeyRevocation,
  keyCreatedSchema,
  keyRevokedSchema,
} from '../../functions/keys/keys-object.ts';
import { callObject } from '../durable.ts';
import { databaseOf, type Env, now, randomBytes } from '../env.ts';
import { type App, readJson } from '../http.ts';
import { sha256 } from '../tokens.ts';
import { keyView } from './views.ts';

const DAY_MS = 86_400_000;

const withKeys = <Result>(env: Env, work: Parameters<typeof withDatabase<Result>>[1]) =>
  withDatabase(databaseOf(env), work);

/** Mounted behind the operators' sign-in. */
export const adminKeys = new Hono<App>()
  .get('/admin/keys', async (c) => {
    const rows = await withKeys(c.env, listApiKeys);
    return c.json({ keys: rows.map((row) => keyView(row, now(c.env))) });
  })
  .post('/admin/keys', async (c) => {
    const body = parseWire(createKeySchema, await readJson(c, LIMITS.adminBytes));
    const at = now(c.env);
    const { id, secret, text } = newKey(randomBytes(KEY_RANDOM_BYTES));
    const wanted: KeyCreation = {
      id,
      name: body.name,
      ...prefixFor(body),
      secret_sha256: hexOf(await sha256(secret)),
      scopes: [...new Set(body.scopes)].toSorted(),
      created_at: at,
      created_by: c.get('operator'),
      expires_at: expiryOf(body, at),
      request_id: body.request_id ?? uuidv7(at, randomBytes(10)),
    };
    await create(c.env, wanted);
    const made = await withKeys(c.env, (db) => findApiKey(db, id));
    return c.json({ key: text, ...keyView(existing(made, id), at) }, 201);
  })
  .post('/admin/keys/:id/revoke', async (c) => {
    const body = parseWire(revokeKeySchema, await readJson(c, LIMITS.adminBytes));
    const id = c.req.param('id');
    const at = now(c.env);
    const { outcome, recorded } = await revoke(c.env, {
      id,
      at,
      by: c.get('operator'),
      reason: body.reason,
    });
    if (outcome === 'unknown') throw new AppError('not_found', `There is no API key ${id}.`);
    // Revoked is revoked, also while the record is away and will hear of it later.
    return c.json({ id, status: 'revoked', changed: outcome === 'revoked', recorded });
  });

async function create(env: Env, wanted: KeyCreation): Promise<void> {
  const { refused } = await callObject({
    namespace: env.KEYS,
    name: 'keys',
    path: '/create',
    body: wanted,
    answer: keyCreatedSchema,
    timeoutMs: 10_000,
  });
  if (refused === 'prefix_taken') {
    throw new AppError(
      'conflict',
      `Another key has the prefix ${wanted.prefix}. Name it (prefix) to share its users, as when a key is replaced, or choose another.`,
    );
  }
  if (refused === 'request_repeated') {
    const made = await withKeys(env, (db) => findApiKeyOfRequest(db, wanted.request_id));
    throw new AppError(
      'conflict',
      `That request has already made key ${made?.id ?? ''}, and its text is shown once. Revoke it and make another.`,
    );
  }
}

const revoke = (env: Env, revocation: KeyRevocation) =>
  callObject({
    namespace: env.KEYS,
    name: 'keys',
    path: '/revoke',
    body: revocation,
    answer: keyRevokedSchema,
    timeoutMs: 10_000,
  });

type Creation = z.infer<typeof createKeySchema>;

function prefixFor({ prefix, name }: Creation): Pick<KeyCreation, 'prefix' | 'prefix_chosen'> {
  const made = prefix ?? prefixOfName(name);
  if (made !== undefined) return { prefix: made, prefix_chosen: prefix !== undefined };
  throw new AppError('invalid_request', 'No prefix can be made from this name: give one.', {
    details: [
      `prefix: expected, as the name holds no usable letters or digits, or a reserved one: operator, ${PSEUDONYM_MARK}\u2026`,
    ],
  });
}

function expiryOf(body: Creation, at: number): number | null {
  if (body.expires_in_days !== undefined) return at + body.expires_in_days * DAY_MS;
  if (body.expires_at === undefined) return null;
  const expiry = Date.parse(body.expires_at);
  if (expiry > at) return expiry;
  throw new AppError('invalid_request', 'A key must expire in the future.', {
    details: [`expires_at: expected a time after ${new Date(at).toISOString()}`],
  });
}

function existing(row: ApiKeyRow | undefined, id: string): ApiKeyRow {
  if (row !== undefined) return row;
  throw new AppError('dependency_unavailable', 'The key was made and cannot be read back.', {
    internalMessage: `api key ${id} is not in the record`,
  });
}
