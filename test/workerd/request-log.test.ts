// One line a request, with what finds it again and nothing of what was said; the trace in and out.

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../workers/app.ts';
import { reached } from './faults-support.ts';
import { asOperator, call, chat, newVisitor, OPERATOR } from './support.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const lineSchema = z.strictObject({
  level: z.enum(['info', 'error']),
  event: z.literal('request'),
  method: z.string(),
  route: z.string(),
  status: z.int(),
  duration_ms: z.int(),
  trace_id: z.string().regex(/^[0-9a-f]{32}$/),
  span_id: z.string().regex(/^[0-9a-f]{16}$/),
  parent_id: z.string().optional(),
  interaction_id: z.uuid().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
});

let logged: string[] = [];
beforeEach(() => {
  logged = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => {
      logged.push(parts.map(String).join(' '));
    });
  }
});
afterEach(() => void vi.restoreAllMocks());

/** The request lines; the queue's consumer writes others. */
const requests = () =>
  logged
    .filter((line) => line.includes('"event":"request"'))
    .map((line) => lineSchema.parse(JSON.parse(line)));

test('a chat is one line with its answer\u2019s id and the caller\u2019s trace, on both endpoints', async () => {
  const { id, visitor_token } = await newVisitor();
  logged = [];
  const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;
  const homepage = await call('/api/chat', {
    body: { session_id: id, visitor_token, message: 'Hello' },
    headers: { traceparent },
  });
  const openai = await call('/v1/chat/completions', {
    body: { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hello' }] },
    headers: { traceparent, authorization: `Bearer ${visitor_token}` },
  });
  const { interaction_id } = z.looseObject({ interaction_id: z.string() }).parse(homepage.body);
  const shared = { status: 200, level: 'info', trace_id: TRACE, parent_id: 'b7ad6b7169203331' };
  expect(requests()).toEqual([
    expect.objectContaining({ ...shared, route: '/api/chat', interaction_id }),
    expect.objectContaining({
      ...shared,
      route: '/v1/chat/completions',
      interaction_id: openai.headers.get('x-interaction-id'),
    }),
  ]);
  const [first] = requests();
  expect(homepage.headers.get('traceparent')).toBe(`00-${TRACE}-${first?.span_id}-01`);
  // The model server was asked within the same trace, under each request's own span.
  const asked = (await reached('tiny-sre')).map(({ traceparent }) => traceparent);
  for (const { headers } of [homepage, openai]) {
    expect(asked).toContain(headers.get('traceparent'));
  }
  expect(z.looseObject({ trace_id: z.string() }).parse(homepage.body).trace_id).toBe(TRACE);
});

test('a request without a trace, or with a broken one, starts its own', async () => {
  const plain = await call('/healthz');
  const broken = await call('/healthz', { headers: { traceparent: '00-zero-zero-01' } });
  const [one, other] = requests();
  expect(plain.headers.get('traceparent')).toBe(`00-${one?.trace_id}-${one?.span_id}-01`);
  expect(broken.headers.get('traceparent')).toContain(other?.trace_id);
  expect(one?.trace_id).not.toBe(other?.trace_id);
});

test('feedback names the answer it is about; a refusal its code', async () => {
  const { interaction_id, feedback_token } = await chat('Good?');
  logged = [];
  await call('/api/feedback', {
    body: { interaction_id, feedback_token, feedback_type: 'thumbs_up' },
  });
  await call('/admin/status', { headers: { authorization: 'Bearer wrong' } });
  await call('/nowhere/at/all');
  expect(requests()).toMatchObject([
    { route: '/api/feedback', status: 202, interaction_id },
    { route: '/admin/status', status: 401, code: 'unauthorized' },
    { route: 'none', status: 404, code: 'not_found' },
  ]);
});

test('an error of ours is one line too, with where it was thrown and without its message', async () => {
  const app = createApp();
  app.get('/breaks', () => {
    throw new Error('the message quotes a visitor');
  });
  const context = createExecutionContext();
  const response = await app.request('https://bruno.example/breaks', {}, env, context);
  await waitOnExecutionContext(context);
  expect(response.status).toBe(503);
  expect(requests()).toMatchObject([
    { level: 'error', route: '/breaks', status: 503, code: 'dependency_unavailable' },
  ]);
  expect(requests()[0]?.detail).toContain('Error | at ');
  expect(logged.join('\n')).not.toContain('quotes a visitor');
});

test('nothing that was said, and no token, is in any line, however the request ends', async () => {
  const secret = 'purple-elephant-4711';
  const { id, visitor_token } = await newVisitor();
  const ask = (message: string, headers: Record<string, string> = {}) =>
    call('/api/chat', { body: { session_id: id, visitor_token, message }, headers });
  const answered = await ask(`Tell me of ${secret}`);
  expect(answered.text).toContain(secret);
  const { interaction_id, feedback_token } = z
    .looseObject({ interaction_id: z.string(), feedback_token: z.string() })
    .parse(answered.body);
  await ask(`${secret}: refuse everyone`);
  await ask(`${secret}: die midway`, { accept: 'text/event-stream' });
  await ask(`${secret} ${'x'.repeat(9_000)}`);
  await call('/api/chat', { raw: `{"message": ${secret}` });
  await call(`/api/chat?message=${secret}`, { body: { message: secret, [secret]: 1 } });
  await call(`/nowhere/${secret}`);
  await call(`/admin/lineage/${secret}`, { headers: asOperator });
  await call('/v1/chat/completions', {
    body: { model: secret, messages: [{ role: 'user', content: secret }] },
    headers: { authorization: `Bearer ${visitor_token}` },
  });
  await call('/api/feedback', {
    body: {
      interaction_id,
      feedback_token,
      feedback_type: 'correction',
      corrected_response: secret,
      metadata: { note: secret },
    },
  });
  await call('/api/feedback', {
    body: { interaction_id, feedback_token: secret, feedback_type: 'thumbs_up' },
    headers: { traceparent: secret, 'user-agent': secret, cookie: secret },
  });
  expect(requests().length).toBe(12);
  expect(new Set(requests().map(({ status }) => status))).toEqual(
    new Set([200, 201, 202, 400, 401, 404, 503]),
  );
  const all = logged.join('\n');
  for (const kept of [secret, visitor_token, feedback_token, OPERATOR]) {
    expect(all).not.toContain(kept);
  }
});
