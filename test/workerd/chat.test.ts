// A visitor's chat, in both shapes, and what is written down about it.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { settingsOf } from '../../workers/env.ts';
import { readFeedbackToken } from '../../workers/tokens.ts';
import { asOperator, call, chat, eventually, newVisitor } from './support.ts';

test('answers in the homepage\u2019s shape and records the answer afterwards', async () => {
  const answer = await chat('How do I fix Loki crashes?');
  expect(answer.response).toBe('tiny-sre answers: How do I fix Loki crashes?');
  const [row] = await eventually(
    sql`SELECT * FROM interactions WHERE interaction_id = ${answer.interaction_id}`,
  );
  expect(row).toMatchObject({
    query: 'How do I fix Loki crashes?',
    response: answer.response,
    model_served: 'tiny-sre',
    arm: 'none',
    status: 'complete',
    prompt_version: 'v1',
    prompt_tokens: 7,
    completion_tokens: 11,
  });
});

test('streams the same answer as server-sent events that end with [DONE]', async () => {
  const { id, visitor_token } = await newVisitor();
  const { text, headers } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message: 'Stream it' },
    headers: { accept: 'text/event-stream' },
  });
  expect(headers.get('content-type')).toContain('text/event-stream');
  const lines = text.split('\n\n').filter(Boolean);
  expect(lines.at(-1)).toBe('data: [DONE]');
  const events = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)));
  expect(events.map((event) => event.type)).toEqual(['meta', 'delta', 'delta', 'done']);
  expect(events[0]).toHaveProperty('feedback_token');
});

test('answers OpenAI clients, whole and as a stream with usage', async () => {
  const { visitor_token } = await newVisitor();
  const headers = { authorization: `Bearer ${visitor_token}` };
  const ask = { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hello' }] };
  const whole = await call('/v1/chat/completions', { body: ask, headers });
  expect(whole.body).toMatchObject({
    object: 'chat.completion',
    model: 'agent-bruno',
    choices: [
      { message: { role: 'assistant', content: 'tiny-sre answers: Hello' }, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 },
  });
  expect(whole.headers.get('x-model-version')).toBeNull();
  const streamed = await call('/v1/chat/completions', {
    body: { ...ask, stream: true, stream_options: { include_usage: true } },
    headers,
  });
  const chunks = streamed.text
    .split('\n\n')
    .filter(Boolean)
    .slice(0, -1)
    .map((line) => JSON.parse(line.slice(6)));
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
    'tiny-sre answers: Hello',
  );
  expect(chunks.at(-1).usage.total_tokens).toBe(18);
});

test('a visitor cannot name a version, an operator sees which one answered', async () => {
  const { visitor_token } = await newVisitor();
  const ask = { model: '2026-w42.1', messages: [{ role: 'user', content: 'Hello' }] };
  const refused = await call('/v1/chat/completions', {
    body: ask,
    headers: { authorization: `Bearer ${visitor_token}` },
  });
  expect(refused.status).toBe(404);
  const operator = await call('/v1/chat/completions', {
    body: { ...ask, model: 'agent-bruno' },
    headers: asOperator,
  });
  expect(operator.headers.get('x-model-version')).toBe('tiny-sre');
});

test('an operator\u2019s measurement names any model and leaves no trace in the record', async () => {
  const marker = `measured ${crypto.randomUUID()}`;
  const measured = await call('/v1/chat/completions', {
    body: { model: 'some-model', messages: [{ role: 'user', content: marker }] },
    headers: { ...asOperator, 'x-bruno-measure': '1' },
  });
  expect(measured.text).toContain('some-model answers');
  const after = await chat('after the measurement');
  await eventually(sql`SELECT 1 FROM interactions WHERE interaction_id = ${after.interaction_id}`);
  await expect(
    eventually(sql`SELECT count(*)::int AS n FROM interactions WHERE query = ${marker}`).then(
      ([row]) => row?.n,
    ),
  ).resolves.toBe(0);
});

test('remembers the session\u2019s last messages and nobody else\u2019s', async () => {
  const visitor = await newVisitor();
  const first = await chat('My first question', visitor);
  await eventually(sql`SELECT 1 FROM interactions WHERE interaction_id = ${first.interaction_id}`);
  const second = await chat('My second question', visitor);
  const [row] = await eventually(
    sql`SELECT history_turns FROM interactions WHERE interaction_id = ${second.interaction_id}`,
  );
  expect(row?.history_turns).toBe(1);
  const stranger = await newVisitor();
  const { status, body } = await call('/api/chat', {
    body: { session_id: visitor.id, visitor_token: stranger.visitor_token, message: 'Let me in' },
  });
  expect(status).toBe(403);
  expect(body).toMatchObject({ error: { code: 'forbidden' } });
});

test('the feedback token is opaque: neither arm nor model can be read from it', async () => {
  const answer = await chat('What can a visitor read?');
  const decoded = answer.feedback_token
    .split('.')
    .map((part) => atob(part.replaceAll('-', '+').replaceAll('_', '/')))
    .join('\n');
  expect(decoded).not.toContain('tiny-sre');
  expect(decoded).not.toContain(answer.interaction_id);
  const claims = await readFeedbackToken(
    settingsOf(env).TOKEN_KEYS,
    answer.feedback_token,
    Date.now(),
  );
  expect(claims).toMatchObject({
    interactionId: answer.interaction_id,
    model: 'tiny-sre',
    arm: 'none',
  });
});

test('without a model server the answer is a clear 503 with Retry-After, and the error is recorded', async () => {
  const { id, visitor_token } = await newVisitor();
  const message = `refuse everyone ${crypto.randomUUID()}`;
  const { status, body, headers } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message },
  });
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('10');
  expect(body).toMatchObject({ error: { code: 'model_unavailable' } });
  const [row] = await eventually(
    sql`SELECT status, error_code FROM interactions WHERE query = ${message}`,
  );
  expect(row).toEqual({ status: 'error', error_code: 'refused' });
});

test('a stream that breaks in the middle says so and is recorded as partial', async () => {
  const { id, visitor_token } = await newVisitor();
  const message = `die midway ${crypto.randomUUID()}`;
  const { text } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message },
    headers: { accept: 'text/event-stream' },
  });
  expect(text).toContain('"type":"error"');
  expect(text.trim().endsWith('data: [DONE]')).toBe(true);
  const [row] = await eventually(sql`SELECT status FROM interactions WHERE query = ${message}`);
  expect(row?.status).toBe('partial');
});

test('a session forgets an hour after its last message, by the Worker\u2019s clock', async () => {
  const visitor = await newVisitor();
  const first = await chat('Remember me for an hour', visitor);
  await eventually(sql`SELECT 1 FROM interactions WHERE interaction_id = ${first.interaction_id}`);
  await call('/local/clock', { body: { advance_ms: 3_600_001 }, headers: asOperator });
  const later = await chat('Do you still know me?', visitor);
  const [row] = await eventually(
    sql`SELECT history_turns FROM interactions WHERE interaction_id = ${later.interaction_id}`,
  );
  expect(row?.history_turns).toBe(0);
});
