// API keys through the Worker: what opens, what is refused and how, whom a key speaks for, and that a
// revocation holds within the lease however far KV lags and whether or not the record is there.

import {
  createExecutionContext,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readKeys, writeKeys } from '../../adapters/api-keys/index.ts';
import { Lease } from '../../adapters/lease/index.ts';
import {
  KEY_RANDOM_BYTES,
  type KeyList,
  keyList,
  keyListSchema,
  keyOf,
  newKey,
} from '../../core/api-keys.ts';
import type { KeysObject } from '../../functions/keys/keys-object.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { createApp } from '../../workers/app.ts';
import type { Bindings } from '../../workers/env.ts';
import { keysObject } from '../../workers/keys/index.ts';
import { sha256 } from '../../workers/tokens.ts';
import { turnDatabase } from './faults-support.ts';
import { asOperator, call, eventually, rows } from './support.ts';

const madeSchema = z.looseObject({ id: z.string(), key: z.string(), prefix: z.string() });
const ask = { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hello' }] };
let named = 0;

async function make(over: object = {}) {
  named += 1;
  const body = { name: `Shop ${named}`, scopes: ['chat'], ...over };
  const { status, body: made } = await call('/admin/keys', { body, headers: asOperator });
  expect(status).toBe(201);
  return madeSchema.parse(made);
}
const withKey = (key: string, body: object = ask, path = '/v1/chat/completions') =>
  call(path, { body, headers: { authorization: `Bearer ${key}` } });
const revoke = (id: string, reason = 'leaked') =>
  call(`/admin/keys/${id}/revoke`, { body: { reason }, headers: asOperator });
const stub = () => env.KEYS.get(env.KEYS.idFromName('keys'));
const heldList = async () => (await keysObject(env, undefined)) satisfies KeyList;
const errorOf = (code: string, type = 'invalid_request_error') => ({
  error: { code, type, param: null, message: expect.any(String) },
});

/** Until the isolate's lease has ended. */
async function untilSeen(work: () => Promise<{ status: number; body: unknown }>, status: number) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const found = await work();
    if (found.status === status) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never answered ${status}`);
}

/** A new key is seen when the lease has ended, as a revocation is. */
async function usable(over: object = {}) {
  const made = await make(over);
  await untilSeen(
    () => call('/v1/models', { headers: { authorization: `Bearer ${made.key}` } }),
    200,
  );
  return made;
}

async function through(bindings: Bindings, key: string) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const response = await createApp().request(
    'https://bruno.example/v1/chat/completions',
    { method: 'POST', headers, body: JSON.stringify(ask) },
    bindings,
    createExecutionContext(),
  );
  const body: unknown = await response.json();
  return { status: response.status, body, headers: response.headers };
}

/** With the keys object out of reach, for an isolate that may have read it before. */
const withoutObject = (key: string) => {
  const KEYS = Object.assign(Object.create(null), {
    idFromName: () => 'keys',
    get: () => ({ fetch: () => Promise.reject(new Error('gone')) }),
  });
  return through({ ...env, KEYS }, key);
};

const never = () => newKey(crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES)));

// First in this file: a list that was read once is kept.
test('where no list was ever seen, a key is asked to come again, not called wrong', async () => {
  const found = await withoutObject(never().text);
  expect([found.status, found.headers.get('retry-after')]).toEqual([503, '5']);
  expect(found.body).toEqual(errorOf('dependency_unavailable', 'server_error'));
  await new Promise((resolve) => setTimeout(resolve, 3_100));
});

describe('a key', () => {
  test('opens chat and the list of models, and is recorded under its prefix', async () => {
    const { key, prefix } = await usable({ name: 'Shop (Berlin)' });
    expect(prefix).toBe('shop-berlin');
    const named = await withKey(key, { ...ask, user: 'u-17' });
    expect(named.status).toBe(200);
    const unnamed = await withKey(key);
    const ids = [named, unnamed].map(({ headers }) => headers.get('x-interaction-id') ?? '');
    const found = await eventually(
      sql`SELECT interaction_id AS id, visitor_id FROM interactions
        WHERE interaction_id IN (${ids[0]}, ${ids[1]})`,
      (all) => all.length === 2,
    );
    expect(new Map(found.map((row) => [row.id, row.visitor_id]))).toEqual(
      new Map([
        [ids[0], 'shop-berlin:u-17'],
        [ids[1], 'shop-berlin:default'],
      ]),
    );
  });

  test('votes as an API key in the metrics, by its answer\u2019s token alone', async () => {
    const { key } = await usable({ name: 'voter' });
    const { headers } = await withKey(key, { ...ask, user: 'u-1' });
    const interaction_id = headers.get('x-interaction-id');
    const body = {
      interaction_id,
      feedback_token: headers.get('x-feedback-token'),
      feedback_type: 'thumbs_up',
    };
    expect((await call('/api/feedback', { body })).status).toBe(202);
    await eventually(sql`SELECT 1 FROM feedback_events WHERE interaction_id = ${interaction_id}`);
    expect(
      await rows(sql`SELECT sum(total)::int AS votes FROM metric_totals
        WHERE metric = 'feedback_events_total' AND labels ->> 'user_tier' = 'api_key'`),
    ).toEqual([{ votes: 1 }]);
  });

  test('is told the version only with the scope for it', async () => {
    const plain = await usable();
    const told = await usable({ scopes: ['chat', 'models:version'] });
    expect((await withKey(plain.key)).headers.get('x-model-version')).toBeNull();
    // Whatever the files before this one left in production: the record is one for all.
    const { production } = await routingTable(env);
    expect((await withKey(told.key)).headers.get('x-model-version')).toBe(production);
  });

  test('is nowhere in the record, in KV or in the object but as a hash', async () => {
    const { key, id } = await usable();
    const secret = key.slice(`bruno_${id}_`.length).slice(0, 40);
    const record = await rows(sql`SELECT * FROM api_keys WHERE id = ${id}`);
    const kv = await env.ROUTING_KV.get('api-keys');
    const storage = await runInDurableObject(stub(), async (_: KeysObject, state) =>
      JSON.stringify([...(await state.storage.list()).values()]),
    );
    for (const text of [JSON.stringify(record), kv ?? '', storage]) {
      expect(text).toContain(id);
      expect(text).not.toContain(secret);
    }
    const listed = await call('/admin/keys', { headers: asOperator });
    expect(listed.text).toContain(id);
    expect(listed.text).not.toContain(String(record[0]?.secret_sha256));
  });
});

describe('refused in OpenAI\u2019s shape', () => {
  test('a mistyped key, one that never was, and another key\u2019s id with a secret of its own', async () => {
    const { key, id } = await usable();
    const other = await usable();
    const mixed = other.key.replace(other.id, id);
    const forged = keyOf(id, never().secret).text;
    for (const bad of [key.slice(0, -1), `${key}x`, mixed, never().text, forged, 'bruno_']) {
      const found = await withKey(bad);
      expect([found.status, found.body]).toEqual([401, errorOf('invalid_api_key')]);
    }
  });

  test('guesses in great number, at the price of few reads of the keys object', async () => {
    await make();
    let reads = 0;
    const KEYS = Object.assign(Object.create(null), {
      idFromName: () => 'keys',
      get: () => ({
        fetch: (url: string, init: RequestInit) => {
          reads += 1;
          return stub().fetch(url, init);
        },
      }),
    });
    const guesses = Array.from({ length: 100 }, () => through({ ...env, KEYS }, never().text));
    const found = await Promise.all(guesses);
    expect(found.every(({ status }) => status === 401)).toBe(true);
    expect(reads).toBeLessThan(10);
  });

  test('a key without the scope', async () => {
    const { key, id } = await make({ scopes: ['identify'] });
    const found = await untilSeen(() => withKey(key), 403);
    expect(found.body).toEqual(errorOf('missing_scope'));
    expect(found.body).toMatchObject({ error: { message: expect.stringContaining('chat') } });
    expect(JSON.stringify(found.body)).not.toContain(id);
  });

  test('an expired key', async () => {
    const { key } = await usable({ expires_at: new Date(Date.now() + 6_000).toISOString() });
    const found = await untilExpired(key);
    expect(found.body).toEqual(errorOf('invalid_api_key'));
    expect(found.body).toMatchObject({ error: { message: expect.stringContaining('expired') } });
  });

  async function untilExpired(key: string) {
    for (;;) {
      const found = await withKey(key);
      if (found.status !== 200) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
});

describe('a revocation', () => {
  test('holds within the lease though KV still has the key', async () => {
    const { key, id } = await usable();
    const before = await heldList();
    expect(await revoke(id)).toMatchObject({
      status: 200,
      body: { id, status: 'revoked', changed: true, recorded: true },
    });
    await writeKeys(env.ROUTING_KV, before);
    const found = await untilSeen(() => withKey(key), 401);
    expect(found.body).toMatchObject({ error: { message: expect.stringContaining('revoked') } });
    expect(
      await rows(sql`SELECT revoked_by, revoke_reason FROM api_keys WHERE id = ${id}`),
    ).toEqual([{ revoked_by: 'operator', revoke_reason: 'leaked' }]);
  });

  test('reaches every isolate within five seconds though KV lags by sixty', async () => {
    const { id } = await make();
    const old = await heldList();
    await revoke(id);
    const next = await heldList();
    expect(next.version).toBe(old.version + 1);
    const T0 = 1_800_000_000_000;
    const revokedMs = T0 + 100_000;
    const isolates = Array.from({ length: 10 }, () => new Lease<KeyList>());
    const lastGoodMs: number[] = [];
    for (let nowMs = T0; nowMs < revokedMs + 10_000; nowMs += 100) {
      for (const [index, lease] of isolates.entries()) {
        if (nowMs < T0 + index * 300) continue;
        const seen = await lease.read(
          {
            object: async () => (nowMs >= revokedMs ? next : old),
            copy: async () => (nowMs >= revokedMs + 60_000 ? next : old),
          },
          nowMs,
        );
        if (seen?.keys[id]?.revoked_at === null) lastGoodMs[index] = nowMs;
      }
    }
    expect(lastGoodMs).toHaveLength(10);
    for (const atMs of lastGoodMs) expect(atMs - revokedMs).toBeLessThan(5_000);
  });

  test('is not undone by a stale KV when the object goes out of reach afterwards', async () => {
    const { id } = await make();
    const stale = await heldList();
    await revoke(id);
    const lease = new Lease<KeyList>();
    await lease.read({ object: (held) => keysObject(env, held), copy: async () => stale }, 0);
    const gone = { object: () => Promise.reject(new Error('gone')), copy: async () => stale };
    const seen = await lease.read(gone, 60_000);
    expect(seen?.keys[id]?.revoked_at).not.toBeNull();
  });

  test('twice is once, and the first reason stands; an unknown key is 404', async () => {
    const { id } = await make();
    await revoke(id, 'first');
    expect((await revoke(id, 'second')).body).toMatchObject({ changed: false, recorded: true });
    expect(await rows(sql`SELECT revoke_reason FROM api_keys WHERE id = ${id}`)).toEqual([
      { revoke_reason: 'first' },
    ]);
    expect((await revoke('0123456789')).status).toBe(404);
  });

  test('holds while the record is away, and is written when it is back, also after an eviction', async () => {
    const { key, id } = await usable();
    await turnDatabase('down');
    expect(await revoke(id, 'at night')).toMatchObject({
      status: 200,
      body: { changed: true, recorded: false },
    });
    expect((await untilSeen(() => withKey(key), 401)).status).toBe(401);
    await evictDurableObject(stub());
    await turnDatabase('up');
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await rows(sql`SELECT revoke_reason FROM api_keys WHERE id = ${id}`)).toEqual([
      { revoke_reason: 'at night' },
    ]);
    expect((await readKeys(env.ROUTING_KV))?.keys[id]?.revoked_at).not.toBeNull();
    expect((await revoke(id)).body).toMatchObject({ changed: false, recorded: true });
  });
});

test('a lost object and a lost KV are rebuilt from the record', async () => {
  await make();
  const before = await heldList();
  await env.ROUTING_KV.delete('api-keys');
  await runInDurableObject(stub(), async (instance: KeysObject, state) => {
    await state.storage.deleteAll();
    Object.assign(instance, { keys: null, pending: [], copyDue: false });
  });
  const response = await stub().fetch('https://itty-durable/rebuild', { method: 'POST' });
  expect(z.object({ list: keyListSchema }).parse(await response.json()).list).toEqual(before);
  expect(await readKeys(env.ROUTING_KV)).toEqual(before);
});

test('the record away: a key goes on working, and none is made that the record lacks', async () => {
  const { key } = await usable();
  await turnDatabase('down');
  expect((await withKey(key)).status).toBe(200);
  const body = { name: 'Not now', scopes: ['chat'] };
  expect((await call('/admin/keys', { body, headers: asOperator })).status).toBe(503);
  await turnDatabase('up');
  expect(Object.values((await heldList()).keys).map(({ prefix }) => prefix)).not.toContain(
    'not-now',
  );
});

// Last in this file: the isolate takes no older list than this one any more.
test('with the keys object out of reach, the copy in KV says who may ask', async () => {
  const { id, secret, text } = never();
  const hash = [...(await sha256(secret))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  const key = { prefix: 'copied', hash, scopes: ['chat'], expires_at: null, revoked_at: null };
  const { keys } = keyList({ ...(await heldList()).keys, [id]: key });
  await writeKeys(env.ROUTING_KV, { version: 1_000, keys });
  expect((await untilSeen(() => withoutObject(text), 200)).status).toBe(200);
});
