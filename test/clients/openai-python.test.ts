// The official Python client against the real Worker: openai_client.py does, this file judges.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { CHAT_LIMIT, type ClientStage, MODEL, startClientStage } from './stage.ts';

const ENDLESS = 'never end, asked from Python';
const refusalSchema = z.object({
  kinds: z.array(z.string()),
  status: z.number().nullable(),
  code: z.string().nullable(),
  param: z.string().nullable(),
});
const resultsSchema = z.object({
  whole: z.object({
    text: z.string(),
    total: z.number(),
    interaction: z.string(),
    request: z.string(),
  }),
  streamed: z.object({ text: z.string(), total: z.number() }),
  resent: z.array(z.string()),
  left: z.object({ pieces: z.number(), interaction: z.string() }),
  models: z.array(z.string()),
  no_key: refusalSchema,
  tools: refusalSchema,
  no_model: refusalSchema,
  down: refusalSchema,
  down_streaming: refusalSchema,
  broken: refusalSchema.extend({ text: z.string() }),
  limited: refusalSchema,
});

let stage: ClientStage;
let results: z.infer<typeof resultsSchema>;

beforeAll(async () => {
  stage = await startClientStage();
  const child = spawn(stage.pythonBinary, [join(import.meta.dirname, 'openai_client.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const ended = once(child, 'exit');
  const printed = text(child.stdout);
  child.stdin.end(
    JSON.stringify({
      baseURL: stage.baseURL,
      model: MODEL,
      keys: [await stage.newKey(), await stage.newKey()],
      endless: ENDLESS,
      tries: 2 * CHAT_LIMIT + 1,
    }),
  );
  const [code] = await ended;
  expect(code).toBe(0);
  results = resultsSchema.parse(JSON.parse(await printed));
}, 600_000);
afterAll(() => stage?.stop(), 60_000);

test('a whole answer and a streamed one, each with its usage', () => {
  expect(results.whole).toMatchObject({ text: 'You asked: Whole', total: 18 });
  expect(results.whole.request).toMatch(/^[0-9a-f]{32}$/);
  expect(results.streamed).toEqual({ text: 'You asked: Streamed', total: 18 });
});

test('its own answers are taken back as history, whole or dumped', () => {
  expect(results.resent).toEqual(['You asked: Second', 'You asked: Second']);
  const sent = stage.modelServer.received.find(({ seed }) => seed === 3);
  expect(sent).toMatchObject({ temperature: 0, stop: ['###'], max_tokens: 9 });
  expect(sent?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
});

test('leaving in the middle of a stream stops the model and is recorded as partial', async () => {
  expect(results.left.pieces).toBe(5);
  await expect(stage.recorded(results.left.interaction)).resolves.toMatchObject({
    status: 'partial',
  });
  await expect.poll(() => stage.modelServer.abandoned).toContain(ENDLESS);
});

test('one model is listed', () => {
  expect(results.models).toEqual([MODEL]);
});

test.each([
  ['no_key', 'AuthenticationError', 401, 'invalid_api_key', null],
  ['tools', 'BadRequestError', 400, 'unsupported_parameter', 'tools'],
  ['no_model', 'NotFoundError', 404, 'model_not_found', 'model'],
  ['limited', 'RateLimitError', 429, 'rate_limit_exceeded', null],
  ['down', 'InternalServerError', 503, 'model_unavailable', null],
  ['down_streaming', 'InternalServerError', 503, 'model_unavailable', null],
] as const)('%s is its %s', (name, kind, status, code, param) => {
  expect(results[name]).toMatchObject({ status, code, param });
  expect(results[name].kinds[0]).toBe(kind);
});

test('a stream that breaks in the middle is an APIError after what was said', () => {
  expect(results.broken).toMatchObject({ text: 'You asked: ', code: 'model_unavailable' });
  expect(results.broken.kinds).toContain('APIError');
});
