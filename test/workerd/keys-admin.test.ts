// API keys as operators make, list and revoke them.

import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asOperator, call, rows } from './support.ts';

const post = (body: object) => call('/admin/keys', { body, headers: asOperator });

const madeSchema = z.looseObject({ id: z.string(), key: z.string(), prefix: z.string() });

async function make(over: object = {}) {
  const { status, body } = await post({
    name: crypto.randomUUID().slice(0, 20),
    scopes: ['chat'],
    ...over,
  });
  expect(status).toBe(201);
  return madeSchema.parse(body);
}
const revoke = (id: string, reason: string) =>
  call(`/admin/keys/${id}/revoke`, { body: { reason }, headers: asOperator });

test('the same request twice makes one key, and says that its text is gone', async () => {
  const body = { name: 'Once', scopes: ['chat'], request_id: crypto.randomUUID() };
  expect((await post(body)).status).toBe(201);
  const again = await post({ ...body, prefix: 'once' });
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  expect(await rows(sql`SELECT count(*)::int AS n FROM api_keys WHERE name = 'Once'`)).toEqual([
    { n: 1 },
  ]);
});

test('a prefix is shared only by who asks for it', async () => {
  await make({ name: 'Rotated' });
  expect((await post({ name: 'Rotated', scopes: ['chat'] })).status).toBe(409);
  const next = await make({ name: 'Rotated', prefix: 'rotated' });
  expect(next.prefix).toBe('rotated');
});

test.each<[string, object]>([
  ['no scope', { name: 'x', scopes: [] }],
  ['an unknown scope', { name: 'x', scopes: ['everything'] }],
  ['the operators\u2019 prefix', { name: 'x', prefix: 'operator', scopes: ['chat'] }],
  ['a pseudonym\u2019s prefix', { name: 'x', prefix: 'erased-shop', scopes: ['chat'] }],
  ['a name that makes one', { name: 'Erased carts', scopes: ['chat'] }],
  ['a prefix with a colon', { name: 'x', prefix: 'a:b', scopes: ['chat'] }],
  ['a name of which no prefix is left', { name: '日本', scopes: ['chat'] }],
  ['a past expiry', { name: 'x', scopes: ['chat'], expires_at: '2020-01-01T00:00:00Z' }],
  [
    'two expiries',
    { name: 'x', scopes: ['chat'], expires_at: '2099-01-01T00:00:00Z', expires_in_days: 1 },
  ],
])('%s is refused', async (_name, body) => {
  expect((await post(body)).status).toBe(400);
});

test('the list says who made a key and what became of it', async () => {
  const { id } = await make({ expires_in_days: 30, scopes: ['identify', 'chat', 'chat'] });
  await revoke(id, 'no longer needed');
  const { body } = await call('/admin/keys', { headers: asOperator });
  const { keys } = z.object({ keys: z.array(z.looseObject({ id: z.string() })) }).parse(body);
  expect(keys.find((key) => key.id === id)).toMatchObject({
    scopes: ['chat', 'identify'],
    status: 'revoked',
    created_by: 'operator',
    revoked_by: 'operator',
    revoke_reason: 'no longer needed',
    expires_at: expect.any(String),
  });
});
