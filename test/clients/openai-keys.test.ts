// The official Node client with an API key, against the real Worker: whom its requests are for, what a
// key may not do, and how soon a revoked one stops.

import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClientStage, MODEL, startClientStage } from './stage.ts';

let stage: ClientStage;
beforeAll(async () => {
  stage = await startClientStage();
}, 600_000);
afterAll(() => stage?.stop(), 60_000);

const clientWith = (apiKey: string) =>
  new OpenAI({ baseURL: stage.baseURL, apiKey, maxRetries: 0 });
const ask = (content: string) => ({ model: MODEL, messages: [{ role: 'user' as const, content }] });

async function refusal(work: PromiseLike<unknown>) {
  try {
    await work;
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error;
    throw error;
  }
  return undefined;
}

test('a key that was just made answers, whole and streamed, for its own users', async () => {
  const { key } = await stage.newApiKey('My shop', ['chat']);
  const openai = clientWith(key);
  const { data, response } = await openai.chat.completions
    .create({ ...ask('How do I drain a node?'), user: 'u-17' })
    .withResponse();
  expect(data.choices[0]?.message.content).toBe('You asked: How do I drain a node?');
  expect(response.headers.get('x-model-version')).toBeNull();
  const id = response.headers.get('x-interaction-id') ?? '';
  await expect(stage.recorded(id)).resolves.toMatchObject({ visitor_id: 'my-shop:u-17' });

  const runner = openai.chat.completions.stream(ask('And streamed?'));
  await expect(runner.finalContent()).resolves.toBe('You asked: And streamed?');
  const names: string[] = [];
  for await (const model of openai.models.list()) names.push(model.id);
  expect(names).toEqual([MODEL]);
});

test('with the scope for it a key is told which version answered', async () => {
  const { key } = await stage.newApiKey('Measures', ['chat', 'models:version']);
  const { response } = await clientWith(key).chat.completions.create(ask('Who?')).withResponse();
  expect(response.headers.get('x-model-version')).toBe('tiny-sre');
});

test('PermissionDeniedError without the scope, AuthenticationError for a typo', async () => {
  const { key } = await stage.newApiKey('Identifies', ['identify']);
  const denied = await refusal(clientWith(key).chat.completions.create(ask('May I?')));
  expect(denied).toBeInstanceOf(OpenAI.PermissionDeniedError);
  expect(denied).toMatchObject({ code: 'missing_scope', type: 'invalid_request_error' });
  const last = key.endsWith('0') ? '1' : '0';
  const mistyped = clientWith(key.slice(0, -1) + last).models.list();
  const wrong = await refusal(mistyped);
  expect(wrong).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(wrong).toMatchObject({ code: 'invalid_api_key' });
});

test('a revoked key is an AuthenticationError within the lease', async () => {
  const { id, key } = await stage.newApiKey('Leaked', ['chat']);
  const openai = clientWith(key);
  await openai.chat.completions.create(ask('Before'));
  await stage.revokeApiKey(id);
  let refused = await refusal(openai.models.list());
  for (let attempt = 0; refused === undefined && attempt < 50; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    refused = await refusal(openai.models.list());
  }
  expect(refused).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(refused?.message).toContain('revoked');
});
