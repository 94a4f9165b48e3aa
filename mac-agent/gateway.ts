/**
 * The HTTP server in front of the model server, on 127.0.0.1; the edge reaches it through the tunnel.
 * Started by main.ts. It checks the token, bounds the work, and passes bytes through as they come;
 * it changes nothing in a request but what the model server's lease says (model, adapter, slot).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import { createLimiter } from './limiter.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { ChatLease, ModelServer } from './model-server/index.ts';
import { EMBEDDING_MODEL } from './model-server/index.ts';

export type GatewayOptions = {
  server: Pick<ModelServer, 'kind' | 'list' | 'embed' | 'health' | 'chatAddress'>;
  token: string;
  port: number;
  running: number;
  waiting: number;
  log: Log;
  maxBodyBytes?: number;
  /** Longest silence of the model server: before its first byte and between two. */
  upstreamIdleMs?: number;
};

export type Gateway = { port: number; close(): Promise<void> };

const chatSchema = z.looseObject({ model: z.string().min(1), stream: z.boolean().optional() });
const embedSchema = z.strictObject({
  model: z.literal(EMBEDDING_MODEL),
  input: z.union([z.string(), z.array(z.string()).min(1).max(512)]),
  encoding_format: z.literal('float').optional(),
});

const STATUS: Readonly<Record<string, number>> = {
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  model_not_found: 404,
  too_large: 413,
  busy: 429,
  model_server_failed: 502,
  unavailable: 503,
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 429 ? { 'retry-after': '1' } : {}),
  });
  response.end(JSON.stringify(body));
};

const sendError = (response: ServerResponse, error: unknown, trace: Trace, log: Log): void => {
  const known = error instanceof AgentError ? error : null;
  const status = STATUS[known?.code ?? ''] ?? 500;
  if (status >= 500) {
    log('error', 'a gateway request failed', {
      problem: sentenceOf(error),
      ...(trace === null ? {} : { trace_id: trace.id }),
    });
  }
  if (response.headersSent) {
    // The status is out already: a broken stream must not look like a finished one.
    response.destroy();
    return;
  }
  const code = known && status !== 500 ? known.code : 'internal';
  const message = known && status !== 500 ? known.message : 'The agent failed; its log says why.';
  sendJson(response, status, { error: { code, message } });
};

const readJson = async (request: IncomingMessage, limit: number): Promise<unknown> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > limit) {
      throw new AgentError('too_large', `The body is larger than ${limit} bytes.`);
    }
    chunks.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new AgentError('bad_request', 'Expected a JSON body.');
  }
};

const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AgentError('bad_request', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
};

const upstreamError = z.object({ error: z.object({ message: z.string() }) });

/** The model server's refusal in our words: its own 4xx is the caller's mistake, the rest is ours. */
const refusalOf = async (answer: IncomingMessage, status: number): Promise<AgentError> => {
  const body = await readJson(answer, 64 * 1024).catch(() => null);
  const said = upstreamError.safeParse(body);
  const message = said.success ? said.data.error.message.slice(0, 300) : `status ${status}`;
  return status < 500
    ? new AgentError('bad_request', `The model server refused the request: ${message}`)
    : new AgentError('model_server_failed', `The model server failed: ${message}`);
};

/** W3C Trace Context; what else comes under that name is not sent on. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

type Trace = { header: string; id: string } | null;

const traceOf = (request: IncomingMessage): Trace => {
  const { traceparent } = request.headers;
  const [header, id] = TRACEPARENT.exec(String(traceparent)) ?? [];
  return header === undefined || id === undefined ? null : { header, id };
};

type Forward = {
  lease: ChatLease;
  body: Record<string, unknown>;
  trace: Trace;
  response: ServerResponse;
  signal: AbortSignal;
  idleMs: number;
};

/** Sends the request on and its answer back byte by byte; rejects when either side breaks off. */
const forward = ({ lease, body, trace, response, signal, idleMs }: Forward): Promise<void> =>
  new Promise((resolve, reject) => {
    const payload = Buffer.from(JSON.stringify({ ...body, ...lease.bodyPatch }));
    const broken = (error: unknown) =>
      reject(
        new AgentError('model_server_failed', `The model server broke off: ${sentenceOf(error)}`, {
          retryable: true,
        }),
      );
    const upstream = httpRequest(lease.url, {
      method: 'POST',
      agent: false,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': payload.length,
        ...(trace === null ? {} : { traceparent: trace.header }),
      },
    });
    upstream.setTimeout(idleMs, () => {
      upstream.destroy(new Error(`no byte for ${idleMs} ms`));
    });
    upstream.once('error', broken);
    upstream.once('response', (answer) => {
      answer.once('error', broken);
      answer.once('aborted', () => broken(new Error('its answer was cut')));
      const status = answer.statusCode ?? 502;
      if (status >= 400) {
        refusalOf(answer, status).then(reject, broken);
        return;
      }
      response.writeHead(status, {
        'content-type': answer.headers['content-type'] ?? 'application/json',
        'cache-control': 'no-store',
      });
      response.flushHeaders();
      answer.pipe(response, { end: false });
      answer.once('end', () => response.end(resolve));
    });
    upstream.end(payload);
  });

export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { server, log } = options;
  const expected = digest(`Bearer ${options.token}`);
  const maxBody = options.maxBodyBytes ?? 1024 * 1024;
  const idleMs = options.upstreamIdleMs ?? 120_000;
  const chats = createLimiter({ running: options.running, waiting: options.waiting });
  // Curation embeds in bulk; it must not hold up a visitor's answer.
  const embeds = createLimiter({ running: 1, waiting: options.waiting });

  const chat = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const body = parse(chatSchema, await readJson(request, maxBody));
    if (!server.list().some((model) => model.modelId === body.model)) {
      throw new AgentError('model_not_found', `The model ${body.model} is not served here.`);
    }
    const release = await chats.enter(signal);
    try {
      const lease = await server.chatAddress(body.model, signal);
      try {
        await forward({ lease, body, trace: traceOf(request), response, signal, idleMs });
      } finally {
        lease.release();
      }
    } finally {
      release();
    }
  };

  const embed = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const body = parse(embedSchema, await readJson(request, maxBody));
    const release = await embeds.enter(signal);
    try {
      const input = typeof body.input === 'string' ? [body.input] : body.input;
      const { vectors, promptTokens } = await server.embed(input, signal);
      sendJson(response, 200, {
        object: 'list',
        model: body.model,
        data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      });
    } finally {
      release();
    }
  };

  const health = async (response: ServerResponse) => {
    const { ok, embedding, problem } = await server.health();
    const models = server.list().map((model) => model.modelId);
    sendJson(response, ok ? 200 : 503, {
      status: ok ? 'ok' : 'degraded',
      server: server.kind,
      models,
      embedding,
      queue: { ...chats.state(), most_running: options.running, most_waiting: options.waiting },
      ...(problem === null ? {} : { problem }),
    });
  };

  const route = async (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    try {
      if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
        throw new AgentError('unauthorized', 'Expected the gateway token as a bearer token.');
      }
      const path = new URL(request.url ?? '/', 'http://gateway').pathname;
      const target = `${request.method} ${path}`;
      if (target === 'POST /v1/chat/completions') await chat(request, response, gone.signal);
      else if (target === 'POST /v1/embeddings') await embed(request, response, gone.signal);
      else if (target === 'GET /healthz') await health(response);
      else throw new AgentError('not_found', `There is no ${target} here.`);
    } catch (error) {
      if (!gone.signal.aborted) sendError(response, error, traceOf(request), log);
    }
  };

  const http: Server = createServer((request, response) => void route(request, response));
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) =>
      reject(
        new AgentError(
          'gateway_not_started',
          `The gateway cannot listen on 127.0.0.1:${options.port}: ${error.message}`,
        ),
      ),
    );
    http.listen(options.port, '127.0.0.1', resolve);
  });
  const address = http.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
};
