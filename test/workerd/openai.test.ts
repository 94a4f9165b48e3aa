// The OpenAI-compatible part as bytes on the wire: its errors in OpenAI's shape and nobody else's, its
// models, and a history that is cut. The official clients are run against it in test/clients/.

import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asOperator, call, eventually, newVisitor } from './support.ts';

const errorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

const PATH = '/v1/chat/completions';
const user = (content: string) => ({ role: 'user', content });
const ask = { model: 'agent-bruno', messages: [user('Hello')] };

async function visitor(): Promise<Record<string, string>> {
  const { visitor_token } = await newVisitor();
  return { authorization: `Bearer ${visitor_token}` };
}

test.each<[string, { raw: string; type?: string }, number, string]>([
  ['broken JSON', { raw: '{"a":' }, 400, 'invalid_json'],
  ['a list', { raw: '[]' }, 400, 'invalid_type'],
  ['null', { raw: 'null' }, 400, 'invalid_type'],
  ['an unknown field', { raw: '{"model":"m","messages":[],"x":1}' }, 400, 'invalid_value'],
  ['half a character', { raw: '{"model":"\\ud800"}' }, 400, 'invalid_value'],
  ['a form', { raw: 'a=1', type: 'text/plain' }, 415, 'unsupported_media_type'],
  ['too much', { raw: `{"a":"${'x'.repeat(1_100_000)}"}` }, 413, 'request_too_large'],
])('%s is refused in OpenAI\u2019s shape', async (_name, { raw, type }, status, code) => {
  const headers = { ...asOperator, ...(type ? { 'content-type': type } : {}) };
  const answer = await call(PATH, { raw, headers });
  expect(answer.status).toBe(status);
  expect(errorSchema.parse(answer.body).error).toMatchObject({
    type: 'invalid_request_error',
    code,
  });
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
});

test('an unsupported parameter is a 400 that names it, and no model is asked', async () => {
  const { status, body } = await call(PATH, {
    body: { ...ask, tools: [{ type: 'function', function: { name: 'f' } }] },
    headers: await visitor(),
  });
  expect(status).toBe(400);
  expect(errorSchema.parse(body).error).toMatchObject({
    param: 'tools',
    code: 'unsupported_parameter',
  });
});

describe('a token', () => {
  test.each([PATH, '/v1/models', '/v1/models/agent-bruno'])('is needed for %s', async (path) => {
    const body = path === PATH ? { body: ask } : {};
    for (const headers of [{}, { authorization: 'Bearer sk-wrong' }]) {
      const answer = await call(path, { ...body, headers: { ...headers } });
      expect(answer.status).toBe(401);
      expect(errorSchema.parse(answer.body).error).toMatchObject({
        type: 'invalid_request_error',
        code: 'invalid_api_key',
      });
    }
  });

  test('from another origin is a 403 in the same shape', async () => {
    const session = await call('/api/chat/session', {
      body: {},
      headers: { origin: 'https://homepage.example' },
    });
    const { visitor_token } = z.object({ visitor_token: z.string() }).parse(session.body);
    const { status, body } = await call(PATH, {
      body: ask,
      headers: { authorization: `Bearer ${visitor_token}`, origin: 'https://evil.example' },
    });
    expect(status).toBe(403);
    expect(errorSchema.parse(body).error.type).toBe('request_forbidden');
  });
});

test('unknown paths and wrong methods under /v1 answer in the same shape, others keep theirs', async () => {
  const nowhere = await call('/v1/embeddings', { body: {}, headers: await visitor() });
  expect(nowhere.status).toBe(404);
  expect(errorSchema.parse(nowhere.body).error.type).toBe('invalid_request_error');
  const wrong = await call(PATH, { method: 'PUT' });
  expect(wrong.status).toBe(405);
  expect(errorSchema.parse(wrong.body).error.code).toBe('method_not_supported');
  const other = await call('/v10/models');
  expect(other.body).toEqual({
    error: { code: 'not_found', message: 'There is no such endpoint.' },
  });
});

test('an unknown model is a 404 with code model_not_found', async () => {
  const headers = await visitor();
  const chat = await call(PATH, { body: { ...ask, model: '2026-w42.1' }, headers });
  const shown = await call('/v1/models/2026-w42.1', { headers });
  for (const { status, body } of [chat, shown]) {
    expect(status).toBe(404);
    expect(errorSchema.parse(body).error).toMatchObject({
      param: 'model',
      code: 'model_not_found',
    });
  }
});

test('a visitor sees one model, an operator the versions behind it too', async () => {
  const ids = (body: unknown) =>
    z
      .object({ object: z.literal('list'), data: z.array(z.object({ id: z.string() })) })
      .parse(body)
      .data.map(({ id }) => id);
  const headers = await visitor();
  expect(ids((await call('/v1/models', { headers })).body)).toEqual(['agent-bruno']);
  expect(ids((await call('/v1/models', { headers: asOperator })).body)).toEqual([
    'agent-bruno',
    'tiny-sre',
  ]);
  const one = await call('/v1/models/agent-bruno', { headers });
  expect(one.body).toEqual({ id: 'agent-bruno', object: 'model', created: 0, owned_by: 'bruno' });
});

test('no model: a 503 with Retry-After, also when a stream was asked for', async () => {
  const headers = await visitor();
  for (const stream of [false, true]) {
    const messages = [user(`refuse everyone ${crypto.randomUUID()}`)];
    const answer = await call(PATH, { body: { ...ask, messages, stream }, headers });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('10');
    expect(errorSchema.parse(answer.body).error).toMatchObject({
      type: 'server_error',
      code: 'model_unavailable',
    });
  }
});

test('a stream that breaks says so in OpenAI\u2019s shape before its end mark', async () => {
  const messages = [user(`die midway ${crypto.randomUUID()}`)];
  const { text } = await call(PATH, {
    body: { ...ask, messages, stream: true },
    headers: await visitor(),
  });
  const events = text.split('\n\n').filter(Boolean);
  expect(events.at(-1)).toBe('data: [DONE]');
  const told = errorSchema.parse(JSON.parse(events.at(-2)?.slice(6) ?? ''));
  expect(told.error).toMatchObject({ type: 'server_error', code: 'model_unavailable' });
});

test('a conversation of half a megabyte is cut, not refused', async () => {
  const exchange = [
    user('word '.repeat(1_000)),
    { role: 'assistant', content: 'yes '.repeat(1_000) },
  ];
  const messages = [...Array.from({ length: 55 }, () => exchange).flat(), user('And now?')];
  const { status, text } = await call(PATH, {
    body: { ...ask, messages },
    headers: await visitor(),
  });
  expect(status, text).toBe(200);
});

test('a long history is cut, says how much, and stays one conversation in the record', async () => {
  const exchange = [user('word '.repeat(100)), { role: 'assistant', content: 'yes '.repeat(100) }];
  const messages = [...Array.from({ length: 10 }, () => exchange).flat(), user('And now?')];
  const { status, headers } = await call(PATH, {
    body: { ...ask, messages },
    headers: await visitor(),
  });
  expect(status).toBe(200);
  // 2,048 tokens less 512 for the answer: of ten exchanges of 316 tokens four fit.
  expect(headers.get('x-history-dropped')).toBe('12');
  const [row] = await eventually(
    sql`SELECT history_turns FROM interactions WHERE interaction_id = ${headers.get('x-interaction-id')}`,
  );
  expect(row?.history_turns).toBe(10);
});

test('a question too long for the window is a 400 that names it, in each endpoint\u2019s own shape', async () => {
  const headers = await visitor();
  const long = 'many words '.repeat(600);
  const openai = await call(PATH, { body: { ...ask, messages: [user(long)] }, headers });
  expect(openai.status).toBe(400);
  expect(errorSchema.parse(openai.body).error).toMatchObject({
    param: 'messages[0].content',
    code: 'context_length_exceeded',
  });
  const { id, visitor_token } = await newVisitor();
  const homepage = await call('/api/chat', {
    body: { session_id: id, visitor_token, message: long },
  });
  expect(homepage.status).toBe(400);
  expect(homepage.body).toMatchObject({
    error: { code: 'invalid_request', details: [expect.stringContaining('message: too long')] },
  });
});
