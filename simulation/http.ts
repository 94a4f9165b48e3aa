// One HTTP call with a time-out, a bounded retry for "slow down" answers, and an error that says
// which call failed and how. Used by client.ts only.

import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';

export class CallError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(call: string, status: number, code: string, message: string) {
    super(`${call} answered ${status || 'nothing'} (${code}): ${message}`);
    this.name = 'CallError';
    this.status = status;
    this.code = code;
  }
}

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs: number;
}

/** Answers that mean "not now": the request was not taken, so repeating it is safe. */
const BUSY = new Set([429, 503]);
const ATTEMPTS = 4;

async function failure(name: string, response: Response): Promise<CallError> {
  const text = await response.text();
  try {
    const { error } = errorBody.parse(JSON.parse(text));
    return new CallError(name, response.status, error.code, error.message);
  } catch {
    return new CallError(name, response.status, 'unexpected_body', text.slice(0, 200));
  }
}

async function once(base: string, call: Call, signal: AbortSignal): Promise<Response> {
  const name = `${call.method} ${call.path}`;
  try {
    return await fetch(`${base}${call.path}`, {
      method: call.method,
      headers: {
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(call.timeoutMs)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    const late = error instanceof Error && error.name === 'TimeoutError';
    throw new CallError(
      name,
      0,
      late ? 'timeout' : 'unreachable',
      late ? `no answer within ${call.timeoutMs} ms` : 'the connection failed',
    );
  }
}

/** The response of a 2xx; throws CallError for anything else, after retrying 429 and 503. */
export async function send(base: string, call: Call, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await once(base, call, signal);
    if (response.ok) return response;
    if (!BUSY.has(response.status) || attempt === ATTEMPTS) {
      throw await failure(`${call.method} ${call.path}`, response);
    }
    await response.body?.cancel();
    await sleep(250 * 2 ** attempt, undefined, { signal });
  }
}

export async function sendJson<Schema extends z.ZodType>(
  base: string,
  call: Call,
  schema: Schema,
  signal: AbortSignal,
): Promise<z.infer<Schema>> {
  const response = await send(base, call, signal);
  const name = `${call.method} ${call.path}`;
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    throw new CallError(name, response.status, 'unexpected_body', 'the body is not complete JSON');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new CallError(name, response.status, 'unexpected_body', z.prettifyError(parsed.error));
}

/** The JSON objects of a whole text/event-stream, up to `[DONE]`; one that was cut off is refused. */
export function parseEvents(text: string): unknown[] {
  const data: string[] = [];
  createParser({ onEvent: (event) => data.push(event.data) }).feed(text);
  const end = data.indexOf('[DONE]');
  if (end === -1) throw new SyntaxError('the stream ended without [DONE]');
  return data.slice(0, end).map((json): unknown => JSON.parse(json));
}
