// The Vercel AI SDK with its provider for OpenAI-compatible services, unchanged, against the real Worker.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, type ModelMessage, streamText } from 'ai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClientStage, MODEL, startClientStage } from './stage.ts';

let stage: ClientStage;
beforeAll(async () => {
  stage = await startClientStage();
}, 600_000);
afterAll(() => stage?.stop(), 60_000);

const assistant = async (apiKey?: string) =>
  createOpenAICompatible({
    name: 'bruno',
    baseURL: stage.baseURL,
    apiKey: apiKey ?? (await stage.newKey()),
    includeUsage: true,
  })(MODEL);

/** What `work` was refused with. */
async function refusal(work: Promise<unknown>): Promise<APICallError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!APICallError.isInstance(error)) throw new Error(`not an APICallError: ${String(error)}`);
  return error;
}

test('generateText: a whole answer with its usage and the ids that feedback needs', async () => {
  const messages: ModelMessage[] = [
    { role: 'user', content: [{ type: 'text', text: 'First' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'You asked: First' }] },
    { role: 'user', content: 'Second' },
  ];
  const done = await generateText({
    model: await assistant(),
    messages,
    temperature: 0.2,
    topP: 0.8,
    maxOutputTokens: 40,
    stopSequences: ['###'],
    seed: 5,
  });
  expect(done.text).toBe('You asked: Second');
  expect(done.finishReason).toBe('stop');
  expect(done.usage).toMatchObject({ inputTokens: 7, outputTokens: 11, totalTokens: 18 });
  expect(done.response.headers?.['x-feedback-token']).toBeTruthy();
  expect(stage.modelServer.received.at(-1)).toMatchObject({
    temperature: 0.2,
    top_p: 0.8,
    max_tokens: 40,
    stop: ['###'],
    seed: 5,
  });
});

test('streamText: the same in pieces', async () => {
  const stream = streamText({ model: await assistant(), prompt: 'Stream it' });
  const pieces: string[] = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe('You asked: Stream it');
  await expect(stream.usage).resolves.toMatchObject({ totalTokens: 18 });
  await expect(stream.finishReason).resolves.toBe('stop');
});

test('an abort in the middle of a stream stops the model', async () => {
  const question = `never end ${crypto.randomUUID()}`;
  const abort = new AbortController();
  const stream = streamText({
    model: await assistant(),
    prompt: question,
    abortSignal: abort.signal,
  });
  let pieces = 0;
  for await (const _piece of stream.textStream) {
    pieces += 1;
    if (pieces === 5) abort.abort();
  }
  expect(pieces).toBeGreaterThanOrEqual(5);
  await expect.poll(() => stage.modelServer.abandoned, { timeout: 5000 }).toContain(question);
});

test('errors carry our status and our sentence', async () => {
  const ask = async (over: object, key?: string) =>
    refusal(generateText({ model: await assistant(key), prompt: 'Hello', maxRetries: 0, ...over }));
  const noKey = await ask({}, 'sk-not-a-key');
  expect(noKey).toMatchObject({ statusCode: 401, isRetryable: false });
  const hot = await ask({ temperature: 3 });
  expect(hot).toMatchObject({ statusCode: 400, isRetryable: false });
  expect(hot.message).toContain("'temperature'");
  const down = await ask({ prompt: 'refuse' });
  expect(down).toMatchObject({ statusCode: 503, isRetryable: true });
  expect(down.message).toContain('cannot answer right now');
});

test('a stream that breaks in the middle ends in an error, not as if it were whole', async () => {
  const errors: unknown[] = [];
  const stream = streamText({
    model: await assistant(),
    prompt: 'die',
    maxRetries: 0,
    onError: ({ error }) => {
      errors.push(error);
    },
  });
  let text = '';
  for await (const piece of stream.textStream) text += piece;
  expect(text).toBe('You asked: ');
  expect(errors).toHaveLength(1);
  expect(String(errors[0])).toContain('broke off');
});
