// Rate limits, counted by the platform's own limiter with a limit of three: whom each one counts,
// what it answers, and that one who is limited limits nobody else.

import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keyOf } from '../../core/api-keys.ts';
import { createApp } from '../../workers/app.ts';
import type { Bindings } from '../../workers/env.ts';
import { asOperator, call, chat, newVisitor } from './support.ts';

const app = createApp();
const NARROW_LIMIT = 3;

type Limiter = 'KEY_LIMIT' | 'CHAT_LIMIT' | 'FEEDBACK_LIMIT' | 'NETWORK_LIMIT' | 'IDENTITY_LIMIT';

interface Asked {
  path: string;
  body?: unknown;
  method?: string;
  from?: string;
  headers?: Record<string, string>;
  limiter?: RateLimit;
}

async function ask(
  narrow: Limiter,
  { path, body, method = 'POST', from, headers, limiter }: Asked,
) {
  const bindings: Bindings = { ...env, [narrow]: limiter ?? env.NARROW };
  const response = await app.request(
    `https://bruno.example${path}`,
    {
      method,
      headers: {
        'content-type': 'application/json',
        ...(from === undefined ? {} : { 'cf-connecting-ip': from }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    bindings,
    createExecutionContext(),
  );
  const answer: unknown = await response.json();
  return { status: response.status, body: answer, retryAfter: response.headers.get('retry-after') };
}

async function statuses(times: number, once: () => Promise<{ status: number }>) {
  const found: number[] = [];
  for (let time = 0; time < times; time += 1) found.push((await once()).status);
  return found;
}

/** The platform counts by the minute of the clock: a test that ran into the next would find none. */
beforeEach(async () => {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 5_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
});

const limited = {
  status: 429,
  retryAfter: '60',
  body: { error: { code: 'rate_limited', message: expect.any(String) } },
};
const limitedAsOpenAi = {
  ...limited,
  body: {
    error: {
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      param: null,
      message: expect.any(String),
    },
  },
};

test('new identities are counted by /64: another address of the same network does not help', async () => {
  const open = (from: string) =>
    ask('IDENTITY_LIMIT', { path: '/api/chat/session', body: {}, from });
  const ofNetwork = (host: number) => open(`2001:db8:1:1::${host}`);
  const found: number[] = [];
  for (let host = 1; host <= NARROW_LIMIT + 1; host += 1)
    found.push((await ofNetwork(host)).status);
  expect(found).toEqual([201, 201, 201, 429]);
  expect(await ofNetwork(99)).toEqual(limited);
  expect((await open('2001:db8:1:2::1')).status).toBe(201);
});

test('one who has a token keeps it, however many new ones their network asked for', async () => {
  const { visitor_token } = await newVisitor();
  const again = () =>
    ask('IDENTITY_LIMIT', {
      path: '/api/chat/session',
      body: {},
      from: '198.51.100.1',
      headers: { authorization: `Bearer ${visitor_token}` },
    });
  expect(await statuses(NARROW_LIMIT + 2, again)).toEqual([201, 201, 201, 201, 201]);
});

test('chat is limited by visitor on both endpoints together, and others are not', async () => {
  const { id, visitor_token } = await newVisitor();
  const homepage = () =>
    ask('CHAT_LIMIT', {
      path: '/api/chat',
      body: { session_id: id, visitor_token, message: 'Hi' },
    });
  const openai = (token: string) =>
    ask('CHAT_LIMIT', {
      path: '/v1/chat/completions',
      body: { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hi' }] },
      headers: { authorization: `Bearer ${token}` },
    });
  expect(await statuses(2, homepage)).toEqual([200, 200]);
  expect((await openai(visitor_token)).status).toBe(200);
  expect(await homepage()).toEqual(limited);
  expect(await openai(visitor_token)).toEqual(limitedAsOpenAi);
  expect((await openai((await newVisitor()).visitor_token)).status).toBe(200);
});

test('an operator who asks both arms of an experiment is counted, and limits no visitor', async () => {
  const preview = () =>
    ask('CHAT_LIMIT', {
      path: '/admin/experiments/rollout-none-1/preview',
      body: { message: 'Hi' },
      headers: asOperator,
    });
  expect(await statuses(NARROW_LIMIT, preview)).toEqual([404, 404, 404]);
  expect(await preview()).toEqual(limited);
  const { id, visitor_token } = await newVisitor();
  const body = { session_id: id, visitor_token, message: 'Hi' };
  expect((await ask('CHAT_LIMIT', { path: '/api/chat', body })).status).toBe(200);
});

const keySchema = z.object({ key: z.string() });

describe('an API key', () => {
  const make = async (name: string) => {
    const body = { name, scopes: ['chat'] };
    return keySchema.parse((await call('/admin/keys', { body, headers: asOperator })).body).key;
  };
  const asker = (narrow: Limiter, key: string) => (user?: string) =>
    ask(narrow, {
      path: '/v1/chat/completions',
      body: { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hi' }], user },
      headers: { authorization: `Bearer ${key}` },
    });

  test('has a limit of its own over all its users, and none for other keys', async () => {
    const once = asker('KEY_LIMIT', await make('Busy'));
    expect(await statuses(2, () => once('one'))).toEqual([200, 200]);
    expect((await once('two')).status).toBe(200);
    expect(await once('three')).toEqual(limitedAsOpenAi);
    expect((await asker('KEY_LIMIT', await make('Quiet'))()).status).toBe(200);
  });

  test('has its users limited like visitors, and those it does not tell apart by the key alone', async () => {
    const once = asker('CHAT_LIMIT', await make('Many users'));
    expect(await statuses(NARROW_LIMIT, () => once('one'))).toEqual([200, 200, 200]);
    expect(await once('one')).toEqual(limitedAsOpenAi);
    expect((await once('two')).status).toBe(200);
    expect(await statuses(NARROW_LIMIT + 1, () => once())).toEqual([200, 200, 200, 200]);
  });

  test('that somebody guesses at is not used up by it', async () => {
    const key = await make('Guessed at');
    const [, id = ''] = key.split('_');
    const guess = asker('KEY_LIMIT', keyOf(id, '0'.repeat(40)).text);
    expect(await statuses(NARROW_LIMIT + 1, () => guess())).toEqual([401, 401, 401, 401]);
    expect((await asker('KEY_LIMIT', key)()).status).toBe(200);
  });
});

test('feedback and signals of one visitor share a limit', async () => {
  const { interaction_id, feedback_token } = await chat('Counted?');
  const vote = (over: object = {}) =>
    ask('FEEDBACK_LIMIT', {
      path: '/api/feedback',
      body: { interaction_id, feedback_token, feedback_type: 'thumbs_up', ...over },
    });
  const event = { interaction_id, feedback_token, signals: { copy_event: true } };
  const signal = () =>
    ask('FEEDBACK_LIMIT', { path: '/api/signals', body: { events: [event, event] } });
  expect(await statuses(2, vote)).toEqual([202, 202]);
  expect((await signal()).status).toBe(202);
  expect(await signal()).toEqual(limited);
  expect(await vote()).toEqual(limited);
  const other = await chat('Somebody else');
  expect((await vote(other)).status).not.toBe(429);
});

test.each([
  ['POST', '/api/chat', '203.0.113.1'],
  ['POST', '/v1/chat/completions', '203.0.113.2'],
  ['POST', '/api/feedback', '203.0.113.3'],
  ['POST', '/api/signals', '203.0.113.4'],
  ['POST', '/api/chat/session', '203.0.113.5'],
  ['DELETE', '/api/chat/session/some', '203.0.113.6'],
  ['GET', '/v1/models', '203.0.113.7'],
  ['GET', '/v1/models/agent-bruno', '203.0.113.8'],
  ['POST', '/api/privacy/opt-out', '203.0.113.9'],
  ['DELETE', '/api/visitor', '203.0.113.10'],
  ['POST', '/api/identify', '203.0.113.11'],
])('%s %s is limited by network before its token is looked at', async (method, path, from) => {
  const body = method === 'POST' ? { body: { nonsense: 1 } } : {};
  const headers = { authorization: 'Bearer guessed' };
  const guess = (address: string) =>
    ask('NETWORK_LIMIT', { path, method, ...body, headers, from: address });
  expect(await statuses(NARROW_LIMIT, () => guess(from))).not.toContain(429);
  expect(await guess(from)).toEqual(path.startsWith('/v1') ? limitedAsOpenAi : limited);
  expect((await guess(from.replace('203.0.113', '198.51.100'))).status).not.toBe(429);
});

test('what a network used up on chat it still has for feedback', async () => {
  const from = '2001:db8:7:7::1';
  const post = (path: string) => ask('NETWORK_LIMIT', { path, body: {}, from });
  await statuses(NARROW_LIMIT, () => post('/api/chat'));
  expect((await post('/api/chat')).status).toBe(429);
  expect((await post('/api/feedback')).status).toBe(400);
});

test('a limiter that fails lets the request pass', async () => {
  const limiter: RateLimit = { limit: () => Promise.reject(new Error('out of order')) };
  const found = await ask('IDENTITY_LIMIT', { path: '/api/chat/session', body: {}, limiter });
  expect(found.status).toBe(201);
});
