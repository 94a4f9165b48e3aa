// What bad input gets: a typed error with the right status, never a stack trace, never a 5xx.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AGENT, asOperator, call, keyHeader, newVisitor } from './support.ts';

const asAgent = { authorization: `Bearer ${AGENT}` };
const errorSchema = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    details: z.array(z.string()).optional(),
  }),
});

const POSTS: [string, Record<string, string>][] = [
  ['/api/chat/session', {}],
  ['/api/chat', {}],
  ['/api/feedback', {}],
  ['/api/signals', {}],
  ['/agent/jobs/claim', asAgent],
  ['/agent/jobs/018f0000-0000-7000-8000-000000000000/heartbeat', asAgent],
  ['/agent/jobs/018f0000-0000-7000-8000-000000000000/complete', asAgent],
  ['/agent/jobs/018f0000-0000-7000-8000-000000000000/fail', asAgent],
  ['/admin/datasets', asOperator],
  ['/admin/jobs', asOperator],
  ['/admin/reviews/018f0000-0000-7000-8000-000000000000', asOperator],
  ['/admin/route', asOperator],
  ['/admin/keys', asOperator],
  ['/admin/keys/0123456789/revoke', asOperator],
  ['/admin/notifications/test', asOperator],
  ['/admin/erasures', asOperator],
  ['/admin/experiments', asOperator],
  ['/admin/settings', asOperator],
  ['/admin/experiments/rollout-1/commands', asOperator],
  ['/admin/experiments/rollout-1/preview', asOperator],
  ['/api/privacy/opt-out', {}],
  ['/local/clock', asOperator],
];

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe.each(POSTS)('POST %s', (path, headers) => {
  test.each<[string, { raw: string; type?: string }, number[]]>([
    ['broken JSON', { raw: '{"a":' }, [400]],
    ['a list', { raw: '[]' }, [400]],
    ['null', { raw: 'null' }, [400]],
    ['an unknown field', { raw: '{"no_such_field":1}' }, [400]],
    ['wrong types', { raw: '{"message":7,"value":"x","action":{},"to":1,"week":[]}' }, [400]],
    ['bytes that are no UTF-8 text', { raw: '{"a":"\\ud800"}' }, [400]],
    ['lists in lists in lists', { raw: `{"metadata":{"a":${nested(5_000)}}}` }, [400]],
    ['as many of them as its bytes hold', { raw: `{"metadata":{"a":${nested(32_000)}}}` }, [400]],
    ['a form', { raw: 'a=1', type: 'application/x-www-form-urlencoded' }, [415]],
    ['a body over its limit', { raw: `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}` }, [413]],
  ])('%s', async (_name, { raw, type }, statuses) => {
    const { status, body, text } = await call(path, {
      raw,
      headers: { ...headers, ...(type ? { 'content-type': type } : {}) },
    });
    expect(statuses).toContain(status);
    errorSchema.parse(body);
    expect(text).not.toMatch(/\bat .*\.ts:\d+/);
  });

  test('a wrong method is 405', async () => {
    const { status, body } = await call(path, { method: 'PUT', headers });
    expect(status).toBe(405);
    errorSchema.parse(body);
  });
});

test('a completion that asks for tools nested without end is 400', async () => {
  const { status, body } = await call('/v1/chat/completions', {
    raw: `{"model":"bruno-loop","messages":[],"tools":${nested(100_000)}}`,
    headers: await keyHeader(['chat']),
  });
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { message: expect.stringContaining('64 levels') } });
});

test.each([
  '/admin/status',
  '/admin/reviews',
  '/admin/keys',
  '/admin/route',
  '/admin/history',
  '/admin/notifications',
  '/agent/serving',
  '/local/queue',
])('%s without a token, and with a wrong one, is 401', async (path) => {
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic x' }]) {
    const { status, body } = await call(path, { headers: { ...headers } });
    expect(status).toBe(401);
    expect(errorSchema.parse(body).error.code).toBe('unauthorized');
  }
});

test.each([
  '/admin/jobs/018f0000-0000-7000-8000-000000000000',
  '/admin/datasets/2026-w01',
  '/admin/models/nothing',
  '/admin/lineage/nothing',
  '/admin/curations/nothing',
  '/nowhere',
])('the unknown id in GET %s is 404', async (path) => {
  const { status, body } = await call(path, { headers: asOperator });
  expect(status).toBe(404);
  expect(errorSchema.parse(body).error.code).toBe('not_found');
});

test.each([
  '/admin/datasets',
  '/admin/models',
  '/admin/lineage',
  '/admin/curations',
  '/admin/history',
  '/admin/jobs',
])('an id that could be none in GET %s/:id is 400 and never asked for', async (path) => {
  for (const id of ['%00', 'a%00b', '%1F', '%7F', '%C2%85', 'a%0Ab', 'x'.repeat(101)]) {
    const { status, body } = await call(`${path}/${id}`, { headers: asOperator });
    expect([id, status]).toEqual([id, 400]);
    expect(errorSchema.parse(body).error.code).toBe('invalid_request');
  }
  const longest = await call(`${path}/${'x'.repeat(100)}`, { headers: asOperator });
  expect(longest.status).toBe(path === '/admin/jobs' ? 400 : 404);
});

test.each([
  ['/admin/jobs/%00/cancel', {}],
  ['/admin/reviews/%00', { decision: 'accept' }],
])('an id that could be none in POST %s is 400', async (path, request) => {
  const { status, body } = await call(path, { body: request, headers: asOperator });
  expect(status).toBe(400);
  expect(errorSchema.parse(body).error.details).toEqual([
    'id: must not contain control characters',
  ]);
});

test('an id that is no UUID is 400, an unknown one 404', async () => {
  const review = (id: string) =>
    call(`/admin/reviews/${id}`, { body: { decision: 'accept' }, headers: asOperator });
  expect((await review('x')).status).toBe(400);
  expect((await review('018f0000-0000-7000-8000-000000000000')).status).toBe(404);
});

test('an operator\u2019s write from a foreign page is refused', async () => {
  const { status, body } = await call('/admin/route', {
    body: { action: 'rollback' },
    headers: { ...asOperator, origin: 'https://evil.example' },
  });
  expect(status).toBe(403);
  expect(errorSchema.parse(body).error.code).toBe('origin_not_allowed');
});

test('a visitor token from one origin does not work from another', async () => {
  const session = await call('/api/chat/session', {
    body: {},
    headers: { origin: 'https://homepage.example' },
  });
  expect(session.headers.get('access-control-allow-origin')).toBe('https://homepage.example');
  const { id, visitor_token } = z
    .object({ id: z.string(), visitor_token: z.string() })
    .parse(session.body);
  const ask = { session_id: id, visitor_token, message: 'hi' };
  const elsewhere = await call('/api/chat', {
    body: ask,
    headers: { origin: 'https://evil.example' },
  });
  expect(elsewhere.status).toBe(403);
  expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
});

test('an allowed page may send the OpenAI client\u2019s own headers and read ours', async () => {
  const { headers } = await call('/v1/chat/completions', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://homepage.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-stainless-lang',
    },
  });
  expect(headers.get('access-control-allow-origin')).toBe('https://homepage.example');
  expect(headers.get('access-control-allow-headers')).toContain('x-stainless-lang');
  expect(headers.get('access-control-expose-headers')).toBe(
    'x-interaction-id,x-feedback-token,x-history-dropped,x-request-id,retry-after,traceparent',
  );
});

test('a forged visitor token is 401', async () => {
  const { id, visitor_token } = await newVisitor();
  const [head, , signature] = visitor_token.split('.');
  const payload = btoa(JSON.stringify({ sub: 'somebody else', org: '', exp: 9e9 })).replaceAll(
    '=',
    '',
  );
  const { status, body } = await call('/api/chat', {
    body: { session_id: id, visitor_token: `${head}.${payload}.${signature}`, message: 'hi' },
  });
  expect(status).toBe(401);
  expect(errorSchema.parse(body).error.code).toBe('token_invalid');
});

test.each([
  [{ feedback_type: 'rating' }, 'value'],
  [{ feedback_type: 'rating', value: 6 }, 'value'],
  [{ feedback_type: 'correction' }, 'corrected_response'],
  [{ feedback_type: 'applause' }, 'feedback_type'],
])('feedback %o is refused and names the field', async (over, field) => {
  const { status, body } = await call('/api/feedback', {
    body: { interaction_id: crypto.randomUUID(), feedback_token: 'x', ...over },
  });
  expect(status).toBe(400);
  expect(errorSchema.parse(body).error.details?.join()).toContain(field);
});
