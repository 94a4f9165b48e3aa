// A homepage's server says who a visitor is: what is written, what is refused, and that nothing else
// changes by it.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { initialTable } from '../../core/routing.ts';
import type { IdentityEvent } from '../../core/wire/events.ts';
import worker from '../../workers/index.ts';
import { setTable } from './faults-support.ts';
import { call, eventually, interactionOf, keyHeader, newVisitor, rows } from './support.ts';

const people = (visitorId: string) =>
  rows(sql`SELECT person_id, at FROM visitor_people WHERE visitor_id = ${visitorId}`);
const identity = (over: Partial<IdentityEvent>): IdentityEvent => ({
  kind: 'identity',
  v: 1,
  event_id: crypto.randomUUID(),
  visitor_id: 'v',
  person_id: 'shop:1',
  at: 1_800_000_000_000,
  ...over,
});

async function deliver(events: readonly object[]) {
  const messages = events.map((body, index) => ({
    id: String(index),
    timestamp: new Date(),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch('bruno-events', messages);
  await worker.queue(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

/** The id inside a visitor token, which its page may read. */
function visitorIdIn(token: string): string {
  const [, payload = ''] = token.split('.');
  return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).sub;
}

test('two visitors who are one user are written as one person', async () => {
  const headers = await keyHeader(['identify']);
  const [phone, laptop] = [await newVisitor(), await newVisitor()];
  for (const { visitor_token } of [phone, laptop]) {
    const { status, body } = await call('/api/identify', {
      body: { visitor_token, user: 'u-17' },
      headers,
    });
    expect([status, body]).toEqual([202, { status: 'recorded', event_id: expect.any(String) }]);
  }
  const ids = [phone, laptop].map(({ visitor_token }) => visitorIdIn(visitor_token));
  const found = await eventually(
    sql`SELECT person_id FROM visitor_people WHERE visitor_id IN (${ids[0]}, ${ids[1]})`,
    (all) => all.length === 2,
  );
  expect(new Set(found.map((row) => row.person_id)).size).toBe(1);
  expect(String(found[0]?.person_id)).toMatch(/^[0-9a-f-]+:u-17$/);
});

test('the earliest statement stands, delivered twice, backwards or beside answers', async () => {
  const visitor_id = crypto.randomUUID();
  const first = identity({ visitor_id });
  const second = identity({ visitor_id, person_id: 'shop:2', at: first.at + 1 });
  const answer = interactionOf({ visitor_id });
  for (const batch of [[second, answer], [first, second, first], [second]]) await deliver(batch);
  expect(await people(visitor_id)).toMatchObject([{ person_id: 'shop:1' }]);
  expect(Date.parse(String((await people(visitor_id))[0]?.at))).toBe(first.at);
  expect(await rows(sql`SELECT 1 FROM interactions WHERE visitor_id = ${visitor_id}`)).toHaveLength(
    1,
  );
});

test('whom a visitor is answered by does not change when they are identified', async () => {
  await setTable({
    ...initialTable('tiny-sre'),
    version: 1,
    experiments: [
      {
        id: 'e',
        salt: 'e',
        candidate: 'better',
        shareBp: 5_000,
        fromBp: 0,
        toBp: 10_000,
        stratum: 0,
        stratumStartedAt: 0,
        startedAt: 0,
      },
    ],
  });
  const headers = await keyHeader(['identify']);
  const visitors = await Promise.all(Array.from({ length: 12 }, newVisitor));
  const served = () =>
    Promise.all(
      visitors.map(async ({ id, visitor_token }) => {
        const body = { session_id: id, visitor_token, message: 'Who?' };
        const answered = await call('/api/chat', { body });
        return JSON.parse(answered.text).model_version;
      }),
    );
  const before = await served();
  expect(new Set(before)).toEqual(new Set(['tiny-sre', 'better']));
  for (const { visitor_token } of visitors) {
    await call('/api/identify', { body: { visitor_token, user: 'the same' }, headers });
  }
  expect(await served()).toEqual(before);
});

test('refused: no key, a visitor token as key, another scope, a token that is none', async () => {
  const { visitor_token } = await newVisitor();
  const body = { visitor_token, user: 'u' };
  const asVisitor = { authorization: `Bearer ${visitor_token}` };
  const identify = async (headers: Record<string, string>, sent: object = body) => {
    const { status, body: refused } = await call('/api/identify', { body: sent, headers });
    return [status, JSON.parse(JSON.stringify(refused)).error.code];
  };
  expect(await identify({})).toEqual([401, 'unauthorized']);
  expect(await identify(asVisitor)).toEqual([401, 'unauthorized']);
  expect(await identify(await keyHeader(['chat']))).toEqual([403, 'insufficient_scope']);
  const headers = await keyHeader(['identify']);
  expect(await identify(headers, { ...body, visitor_token: 'x' })).toEqual([401, 'token_invalid']);
  expect(await identify(headers, { ...body, user: '' })).toEqual([400, 'invalid_request']);
  expect(await identify(headers, { ...body, user: 'a\u0000b' })).toEqual([400, 'invalid_request']);
});
