// What every room's routes share: reading a bounded JSON body, bearer tokens, and the one place
// where an error becomes an answer. What is written into the log about it is in request-log.ts.

import type { Context, Next } from 'hono';
import { AppError } from '../core/errors.ts';
import { isOpenAiPath, openAiError } from '../core/wire/openai-error.ts';
import { isDeeperThan, LIMITS } from '../core/wire/shared.ts';
import type { Env } from './env.ts';
import { sameSecret } from './tokens.ts';

export interface Failure {
  code: string;
  detail: string | undefined;
}

export type App = {
  Bindings: Env;
  Variables: {
    operator: string;
    traceId: string;
    /** The same trace as a header, under this request's span: for whom we ask in turn. */
    traceparent: string;
    /** For the log line: the answer that this request gave, or was about. */
    interactionId?: string;
    /** For the log line: the API key that asked. */
    keyId?: string;
    failure?: Failure;
  };
};
export type AppContext = Context<App>;

/** Reads at most `limit` bytes of JSON. `anyType` takes a beacon's text/plain too. */
export async function readJson(c: AppContext, limit: number, anyType = false): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && !(anyType && (type === 'text/plain' || type === undefined))) {
    throw new AppError(
      'unsupported_media_type',
      `Expected content-type application/json, got ${type ?? 'none'}.`,
    );
  }
  const body = parsed(await readBounded(c.req.raw, limit));
  if (isDeeperThan(LIMITS.bodyLevels, body)) {
    throw new AppError(
      'invalid_request',
      `The body nests deeper than ${LIMITS.bodyLevels} levels; send it flatter.`,
    );
  }
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError('invalid_json', 'The body is not valid JSON.');
  }
}

const tooLarge = (limit: number) =>
  new AppError('body_too_large', `The body is over its limit of ${limit} bytes.`);

/** For every endpoint, also those that read no body: none takes more than the agent's largest. */
export async function refuseHugeBodies(c: AppContext, next: Next): Promise<void> {
  if (declaredBytes(c.req.raw) > LIMITS.agentBytes) throw tooLarge(LIMITS.agentBytes);
  await next();
}

const declaredBytes = (request: Request) => Number(request.headers.get('content-length') ?? 0);

async function readBounded(request: Request, limit: number): Promise<string> {
  if (declaredBytes(request) > limit) throw tooLarge(limit);
  // The server reads as many bytes as were declared, so only what declares none is counted while read.
  if (request.headers.has('content-length')) {
    const whole = new Uint8Array(await request.arrayBuffer());
    if (whole.byteLength > limit) throw tooLarge(limit);
    return utf8(whole);
  }
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return utf8(whole);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AppError('invalid_json', 'The body is not valid UTF-8.');
  }
}

export function bearer(c: AppContext): string | undefined {
  return /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

export async function requireBearer(c: AppContext, expected: string | undefined): Promise<void> {
  const given = bearer(c);
  if (expected === undefined || given === undefined || !(await sameSecret(given, expected))) {
    throw new AppError('unauthorized', 'A valid bearer token is needed.');
  }
}

/** Writes must come from our own pages, or from a client that sends no Origin at all. */
export async function sameOriginWrites(c: AppContext, next: Next): Promise<void> {
  const origin = c.req.header('origin');
  const write = c.req.method !== 'GET' && c.req.method !== 'HEAD';
  if (write && origin !== undefined && origin !== new URL(c.req.url).origin) {
    throw new AppError(
      'origin_not_allowed',
      'This endpoint does not accept writes from that origin.',
    );
  }
  await next();
}

/** The error's kind and where it was thrown. Its message may quote what it could not handle. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((line) => line.trim())].join(' | ');
}

export function answerError(error: unknown, c: AppContext): Response {
  const known =
    error instanceof AppError
      ? error
      : new AppError('dependency_unavailable', 'Something failed on our side. Please try again.', {
          internalMessage: describe(error),
        });
  c.set('failure', { code: known.code, detail: known.internalMessage });
  const path = new URL(c.req.url).pathname;
  const response = c.json(isOpenAiPath(path) ? openAiError(known) : known.toBody(), known.status);
  if (known.retryAfterSeconds !== undefined) {
    response.headers.set('retry-after', String(known.retryAfterSeconds));
  }
  return response;
}
