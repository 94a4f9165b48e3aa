import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { startGateway } from './gateway.ts';
import type { LogFields } from './log.ts';

const TOKEN = 'g'.repeat(32);

type Handler = (body: unknown, response: ServerResponse, request: IncomingMessage) => void;

let upstream: Server;
let upstreamUrl: string;
let handler: Handler;
let gateway: Gateway;
let released: number;
let logged: (LogFields | undefined)[];
let state: { ok: boolean; embedding: boolean; problem: string | null };

/** Resolves when a condition holds; the tests' only way to wait for the other side of a socket. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((go) => setTimeout(go, 5));
};

beforeEach(async () => {
  released = 0;
  logged = [];
  state = { ok: true, embedding: true, problem: null };
  handler = (_body, response) => response.end('{}');
  upstream = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    handler(JSON.parse(Buffer.concat(parts).toString()), response, request);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  upstreamUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/up`;
  const model = { modelId: 'tiny-sre', base: 'tiny-sre', tags: [], isBase: true };
  gateway = await startGateway({
    server: {
      kind: 'llama.cpp',
      list: () => [model],
      health: async () => state,
      embed: async (texts) => ({ vectors: texts.map(() => [1, 0]), promptTokens: 3 }),
      chatAddress: async () => ({
        url: upstreamUrl,
        bodyPatch: { lora: [{ id: 0, scale: 1 }] },
        release: () => {
          released += 1;
        },
      }),
    },
    token: TOKEN,
    port: 0,
    running: 1,
    waiting: 1,
    log: (_level, _message, fields) => logged.push(fields),
    maxBodyBytes: 4096,
    upstreamIdleMs: 300,
  });
});

afterEach(async () => {
  await gateway.close();
  upstream.closeAllConnections();
  upstream.close();
});

const post = (
  path: string,
  body: unknown,
  options: { token?: string; signal?: AbortSignal } = {},
) =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.token ?? TOKEN}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(options.signal ? { signal: options.signal } : {}),
  });

const chat = (extra: Record<string, unknown> = {}, signal?: AbortSignal) =>
  post(
    '/v1/chat/completions',
    { model: 'tiny-sre', messages: [], ...extra },
    signal ? { signal } : {},
  );

const codeOf = async (response: Response): Promise<unknown> =>
  JSON.parse(await response.text()).error.code;

test('a wrong token is refused before anything is read', async () => {
  const response = await post('/v1/chat/completions', {}, { token: 'x' });
  expect([response.status, await codeOf(response)]).toEqual([401, 'unauthorized']);
});

test('the body reaches the model server with nothing changed but the lease', async () => {
  let got: unknown;
  handler = (body, response) => {
    got = body;
    response.end('{"usage":{"completion_tokens":3}}');
  };
  const response = await chat({ temperature: 0.3, stop: ['x'], lora: [{ id: 7, scale: 9 }] });
  expect(await response.text()).toBe('{"usage":{"completion_tokens":3}}');
  expect(got).toEqual({
    model: 'tiny-sre',
    messages: [],
    temperature: 0.3,
    stop: ['x'],
    lora: [{ id: 0, scale: 1 }],
  });
  expect(released).toBe(1);
});

test('the caller\u2019s trace reaches the model server and the log, and nothing else under its name', async () => {
  const seen: (string | string[] | undefined)[] = [];
  handler = (_body, response, request) => {
    seen.push(request.headers.traceparent);
    response.writeHead(500).end('{}');
  };
  const id = '0af7651916cd43dd8448eb211c80319c';
  const good = `00-${id}-b7ad6b7169203331-01`;
  for (const traceparent of [good, `${good}-more`, 'zero']) {
    const headers = { authorization: `Bearer ${TOKEN}`, traceparent };
    const body = JSON.stringify({ model: 'tiny-sre', messages: [] });
    const url = `http://127.0.0.1:${gateway.port}/v1/chat/completions`;
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(502);
  }
  expect(seen).toEqual([good, undefined, undefined]);
  expect(logged.map((fields) => fields?.trace_id)).toEqual([id, undefined, undefined]);
});

test('health says which models are ready and how much is under way, to the edge alone', async () => {
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${gateway.port}/healthz`, { headers });
  for (const authorization of ['', TOKEN, `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
    expect((await ask({ authorization })).status).toBe(401);
  }
  const well = await ask({ authorization: `Bearer ${TOKEN}` });
  expect([well.status, JSON.parse(await well.text())]).toEqual([
    200,
    {
      status: 'ok',
      server: 'llama.cpp',
      models: ['tiny-sre'],
      embedding: true,
      queue: { running: 0, waiting: 0, most_running: 1, most_waiting: 1 },
    },
  ]);
  state = { ok: false, embedding: false, problem: 'it does not answer' };
  const ill = await ask({ authorization: `Bearer ${TOKEN}` });
  expect([ill.status, JSON.parse(await ill.text())]).toMatchObject([
    503,
    { status: 'degraded', problem: 'it does not answer' },
  ]);
});

test('a model that is not registered is 404, and a strange path too', async () => {
  const response = await chat({ model: '2026-w01.1' });
  expect([response.status, await codeOf(response)]).toEqual([404, 'model_not_found']);
  expect((await post('/v1/models', {})).status).toBe(404);
});

test('what is no JSON, has no model or is too long is refused', async () => {
  expect((await post('/v1/chat/completions', 'hello')).status).toBe(400);
  expect((await post('/v1/chat/completions', {})).status).toBe(400);
  expect((await post('/v1/chat/completions', { model: 'x'.repeat(5000) })).status).toBe(413);
});

test('each part of a stream arrives before the next is written', async () => {
  let next = () => {};
  handler = (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    next = () => response.end('data: [DONE]\n\n');
  };
  const response = await chat({ stream: true });
  const reader = response.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe('data: one\n\n');
  next();
  const last = await reader?.read();
  expect(Buffer.from(last?.value ?? []).toString()).toBe('data: [DONE]\n\n');
});

test('a client that leaves ends the work of the model server and frees its place', async () => {
  let left = false;
  handler = (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    response.once('close', () => {
      left = true;
    });
  };
  const leave = new AbortController();
  const response = await chat({ stream: true }, leave.signal);
  await response.body?.getReader().read();
  leave.abort();
  await until(() => left && released === 1);
  handler = (_body, answer) => answer.end('{}');
  expect((await chat()).status).toBe(200);
});

test('one runs, one waits, the third is told to come later', async () => {
  const finish: (() => void)[] = [];
  handler = (_body, response) => finish.push(() => response.end('{}'));
  const first = chat();
  await until(() => finish.length === 1);
  const second = chat();
  const state = async () => {
    const health = await fetch(`http://127.0.0.1:${gateway.port}/healthz`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    return JSON.parse(await health.text()).queue;
  };
  let queue = await state();
  while (queue.waiting === 0) queue = await state();
  expect(queue).toEqual({ running: 1, waiting: 1, most_running: 1, most_waiting: 1 });
  const third = await chat();
  expect([third.status, third.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await codeOf(third)).toBe('busy');
  finish.shift()?.();
  expect((await first).status).toBe(200);
  await until(() => finish.length === 1);
  finish.shift()?.();
  expect((await second).status).toBe(200);
});

test('a model server that hangs is given up with 502', async () => {
  handler = () => {};
  const response = await chat();
  expect([response.status, await codeOf(response)]).toEqual([502, 'model_server_failed']);
  expect(released).toBe(1);
});

test('a stream that breaks off does not look finished', async () => {
  handler = (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n', () => response.destroy());
  };
  await expect(chat({ stream: true }).then((response) => response.text())).rejects.toThrow();
});

test('a refusal of the model server keeps its sentence and gets our shape', async () => {
  handler = (_body, response) => {
    response.writeHead(400);
    response.end('{"error":{"code":400,"message":"the prompt is too long","type":"x"}}');
  };
  const response = await chat();
  expect(response.status).toBe(400);
  expect(JSON.parse(await response.text())).toEqual({
    error: {
      code: 'bad_request',
      message: 'The model server refused the request: the prompt is too long',
    },
  });
});

test('embeddings have the OpenAI shape', async () => {
  const response = await post('/v1/embeddings', { model: 'all-minilm-l6-v2', input: ['a', 'b'] });
  expect(JSON.parse(await response.text())).toMatchObject({
    data: [
      { index: 0, embedding: [1, 0] },
      { index: 1, embedding: [1, 0] },
    ],
    usage: { prompt_tokens: 3 },
  });
  expect((await post('/v1/embeddings', { model: 'other', input: ['a'] })).status).toBe(400);
});

test('a port in use is said in a sentence', async () => {
  const server = { kind: 'llama.cpp' as const, list: () => [] };
  const never = () => Promise.reject(new AgentError('unavailable', 'not used here'));
  const { port } = gateway;
  const parts = { ...server, health: never, embed: never, chatAddress: never };
  await expect(
    startGateway({ server: parts, token: TOKEN, port, running: 1, waiting: 1, log: () => {} }),
  ).rejects.toMatchObject({ code: 'gateway_not_started' });
});
