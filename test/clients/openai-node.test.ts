// The official Node client, unchanged, against the real Worker.

import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../core/wire/shared.ts';
import { CHAT_LIMIT, type ClientStage, MODEL, startClientStage } from './stage.ts';

let stage: ClientStage;
beforeAll(async () => {
  stage = await startClientStage();
}, 600_000);
afterAll(() => stage?.stop(), 60_000);

const client = async (apiKey?: string) =>
  new OpenAI({ baseURL: stage.baseURL, apiKey: apiKey ?? (await stage.newKey()), maxRetries: 0 });
const ask = (content: string) => ({ model: MODEL, messages: [{ role: 'user' as const, content }] });

/** What `work` was refused with. */
async function refusal(work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`not an APIError: ${String(error)}`);
  return error;
}

test('a whole answer, with the ids that feedback needs', async () => {
  const openai = await client();
  const { data, response, request_id } = await openai.chat.completions
    .create(ask('How do I drain a node?'))
    .withResponse();
  expect(data.choices[0]?.message.content).toBe('You asked: How do I drain a node?');
  expect(data.choices[0]?.finish_reason).toBe('stop');
  expect(data.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 });
  expect(response.headers.get('x-feedback-token')).toBeTruthy();
  expect(request_id).toMatch(/^[0-9a-f]{32}$/);
  const id = response.headers.get('x-interaction-id') ?? '';
  expect(data.id).toBe(`chatcmpl-${id}`);
  await expect(stage.recorded(id)).resolves.toMatchObject({ status: 'complete' });
});

test('a streamed answer with its usage at the end', async () => {
  const openai = await client();
  const stream = await openai.chat.completions.create({
    ...ask('Stream it'),
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  const finishes: string[] = [];
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
    usage = chunk.usage;
  }
  expect(text).toBe('You asked: Stream it');
  expect(finishes).toEqual(['stop']);
  expect(usage?.total_tokens).toBe(18);
});

test('its stream helper assembles the same answer', async () => {
  const openai = await client();
  const runner = openai.chat.completions.stream(ask('Assemble it'));
  await expect(runner.finalContent()).resolves.toBe('You asked: Assemble it');
});

test('roles, parts and every supported parameter reach the model', async () => {
  const openai = await client();
  const first = await openai.chat.completions.create(ask('First'));
  const answered = first.choices[0]?.message;
  if (answered === undefined) throw new Error('no answer');
  await openai.chat.completions.create({
    model: MODEL,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'First' },
      answered,
      { role: 'user', content: [{ type: 'text', text: 'Second' }] },
    ],
    temperature: 0,
    top_p: 1,
    max_completion_tokens: 33,
    stop: ['###', '\n\n'],
    seed: 42,
    user: 'somebody',
    metadata: { page: 'pricing' },
    n: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    logprobs: false,
    store: false,
    response_format: { type: 'text' },
  });
  expect(stage.modelServer.received.at(-1)).toMatchObject({
    temperature: 0,
    top_p: 1,
    max_tokens: 33,
    stop: ['###', '\n\n'],
    seed: 42,
    messages: [
      { role: 'system', content: expect.stringContaining('Be brief.') },
      { role: 'user', content: 'First' },
      { role: 'assistant', content: 'You asked: First' },
      { role: 'user', content: 'Second' },
    ],
  });
});

test('leaving in the middle of a stream stops the model, and what was said is recorded as partial', async () => {
  const openai = await client();
  const question = `never end ${crypto.randomUUID()}`;
  const { data, response } = await openai.chat.completions
    .create({ ...ask(question), stream: true })
    .withResponse();
  let pieces = 0;
  for await (const chunk of data) {
    pieces += chunk.choices[0]?.delta.content ? 1 : 0;
    if (pieces === 5) data.controller.abort();
  }
  expect(pieces).toBeGreaterThanOrEqual(5);
  const answer = await stage.recorded(response.headers.get('x-interaction-id') ?? '');
  expect(answer.status).toBe('partial');
  expect(answer.response).toMatch(/^(on ){5}/);
  await expect.poll(() => stage.modelServer.abandoned).toContain(question);
});

test('models are listed and found by name', async () => {
  const openai = await client();
  const { data } = await openai.models.list();
  expect(data.map(({ id }) => id)).toEqual([MODEL]);
  await expect(openai.models.retrieve(MODEL)).resolves.toMatchObject({ object: 'model' });
  await expect(refusal(openai.models.retrieve('other'))).resolves.toBeInstanceOf(
    OpenAI.NotFoundError,
  );
  const asOperator = await client(stage.operatorToken);
  const versions = await asOperator.models.list();
  expect(versions.data.map(({ id }) => id)).toEqual([MODEL, 'tiny-sre']);
});

describe('its typed exceptions', () => {
  test('AuthenticationError for a key that is none', async () => {
    const openai = await client('sk-not-a-key');
    const error = await refusal(openai.chat.completions.create(ask('Hello')));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  test('BadRequestError names what is not supported', async () => {
    const openai = await client();
    const tools = [{ type: 'function' as const, function: { name: 'f' } }];
    const error = await refusal(openai.chat.completions.create({ ...ask('Hello'), tools }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      param: 'tools',
      code: 'unsupported_parameter',
      type: 'invalid_request_error',
    });
  });

  test('BadRequestError for a picture, a temperature of 3 and a question beyond the window', async () => {
    const openai = await client();
    const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } };
    const cases = [
      { body: { messages: [{ role: 'user' as const, content: [image] }] }, param: /content\[0\]/ },
      { body: { temperature: 3 }, param: /^temperature$/ },
      { body: ask('many words '.repeat(600)), param: /^messages\[0\]\.content$/ },
    ];
    for (const { body, param } of cases) {
      const error = await refusal(openai.chat.completions.create({ ...ask('Hello'), ...body }));
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error.param).toMatch(param);
    }
  });

  test('NotFoundError for a model that is none', async () => {
    const openai = await client();
    const error = await refusal(openai.chat.completions.create({ ...ask('Hi'), model: 'gpt-x' }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error.code).toBe('model_not_found');
  });

  test('APIError with status 413 for a body over its limit', async () => {
    const openai = await client();
    const error = await refusal(
      openai.chat.completions.create(ask('x'.repeat(LIMITS.completionBytes))),
    );
    expect(error).toMatchObject({ status: 413, code: 'request_too_large' });
  });

  test('RateLimitError for a visitor who asks too often', async () => {
    const openai = await client();
    let error: unknown;
    // A window may end in between, so that twice the limit is what surely meets it.
    for (let asked = 0; asked <= 2 * CHAT_LIMIT && error === undefined; asked += 1) {
      await openai.models.list().catch((thrown: unknown) => {
        error = thrown;
      });
    }
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });

  test('InternalServerError with 503 and Retry-After when no model answers, streaming or not', async () => {
    const openai = await client();
    for (const stream of [false, true]) {
      const error = await refusal(openai.chat.completions.create({ ...ask('refuse'), stream }));
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 503, code: 'model_unavailable' });
      expect(error.headers?.get('retry-after')).toBe('10');
    }
  });

  test('APIError out of a stream that breaks in the middle', async () => {
    const openai = await client();
    const stream = await openai.chat.completions.create({ ...ask('die'), stream: true });
    let text = '';
    const error = await refusal(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })(),
    );
    expect(text).toBe('You asked: ');
    expect(error).toMatchObject({ code: 'model_unavailable', type: 'server_error' });
  });
});
