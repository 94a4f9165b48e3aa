/**
 * Talks to the stack's admin API: token, time-out, safe repeats, one parsed answer.
 * Every command goes through it. It must not print, follow redirects (the token would travel) or
 * repeat a request that the server might carry out twice.
 */
import { z } from 'zod';
import type { AccessHeaders } from './access.ts';
import { messageOf, OperationError } from './errors.ts';
import { errorBody } from './schemas.ts';
import type { Token } from './settings.ts';

export type ClientParts = {
  readonly url: URL;
  readonly token: Token;
  readonly access: AccessHeaders | null;
  readonly timeOutMs: number;
  readonly sleep: (ms: number) => Promise<void>;
};

export type Client = {
  readonly get: <Body>(path: string, schema: z.ZodType<Body>) => Promise<Body>;
  readonly post: <Body>(request: Post, schema: z.ZodType<Body>) => Promise<Body>;
  /** A public page: no token, and an unhappy status is an answer too. */
  readonly probe: <Body>(path: string, schema: z.ZodType<Body>) => Promise<Body>;
};

export type Post = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The server recognises a repeat (by request or event id), so trying again is harmless. */
  readonly repeatable: boolean;
  /** Where it may take longer than other requests do. */
  readonly timeOutMs?: number;
};

const PAUSES_MS = [200, 1000];
const PASSING_STATUS = new Set([502, 503, 504]);

type Answer = { readonly status: number; readonly text: string };
type Call = {
  readonly path: string;
  readonly init: RequestInit;
  readonly repeatable: boolean;
  readonly timeOutMs?: number;
};

/** One segment of a path; ids come from people and from visitors. */
export function segment(id: string): string {
  // A URL drops "." and ".." even when they are percent-encoded.
  if (id === '.' || id === '..' || id === '') {
    throw new OperationError({ code: 'bad_id', message: `"${id}" cannot be an id` });
  }
  return encodeURIComponent(id.toWellFormed());
}

export function createClient(parts: ClientParts): Client {
  const authorized = (): Record<string, string> => {
    const { token, access } = parts;
    const headers = { accept: 'application/json', ...access };
    if (token.value !== null) return { ...headers, authorization: `Bearer ${token.value}` };
    if (access !== null) return headers;
    throw new OperationError({
      code: 'no_token',
      message: `No operator token (${token.missing}): start the stack or set BRUNO_TOKEN (deployed: BRUNO_ACCESS_TOKEN)`,
    });
  };
  return {
    get: async (path, schema) => {
      const call = { path, init: { headers: authorized() }, repeatable: true };
      return read(await exchange(parts, call), schema, { path, acceptAnyStatus: false });
    },
    post: async ({ path, body, ...how }, schema) => {
      const headers = { ...authorized(), 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await exchange(parts, { path, init, ...how });
      return read(answer, schema, { path, acceptAnyStatus: false });
    },
    probe: async (path, schema) => {
      const call = { path, init: { headers: { accept: 'application/json' } }, repeatable: true };
      return read(await exchange(parts, call), schema, { path, acceptAnyStatus: true });
    },
  };
}

async function exchange(parts: ClientParts, call: Call): Promise<Answer> {
  const pauses = call.repeatable ? PAUSES_MS : [];
  for (const pause of pauses) {
    try {
      const answer = await once(parts, call);
      if (!PASSING_STATUS.has(answer.status)) return answer;
    } catch (thrown) {
      // A cut connection may pass; nobody listening does not, and a time-out is the caller's limit.
      if (!(thrown instanceof OperationError && thrown.failure.code === 'connection_failed')) {
        throw thrown;
      }
    }
    await parts.sleep(pause);
  }
  return once(parts, call);
}

async function once(parts: ClientParts, call: Call): Promise<Answer> {
  const address = new URL(parts.url.pathname.replace(/\/$/, '') + call.path, parts.url);
  try {
    const response = await fetch(address, {
      ...call.init,
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeOutMs ?? parts.timeOutMs),
    });
    return { status: response.status, text: await response.text() };
  } catch (thrown) {
    throw connectionError(thrown, parts, call);
  }
}

function connectionError(thrown: unknown, parts: ClientParts, call: Call): OperationError {
  const where = parts.url.origin;
  const unsure = call.init.method === 'POST' && !call.repeatable;
  const advice = unsure ? '; it may have been done all the same, so look before repeating it' : '';
  if (thrown instanceof Error && thrown.name === 'TimeoutError') {
    const seconds = (call.timeOutMs ?? parts.timeOutMs) / 1000;
    const message = `${where} did not answer within ${seconds} s (--time-out)${advice}`;
    return new OperationError({ code: 'timed_out', message }, thrown);
  }
  const code = causeCode(thrown);
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `Nothing answers at ${where} (${code}): start the stack with npm start, or give its address with --url`;
    return new OperationError({ code: 'unreachable', message }, thrown);
  }
  const message = `The connection to ${where} failed (${code ?? rootMessage(thrown)})${advice}`;
  return new OperationError({ code: 'connection_failed', message }, thrown);
}

function causeCode(thrown: unknown): string | null {
  let current = thrown;
  while (current instanceof Error) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = current.cause;
  }
  return null;
}

function rootMessage(thrown: unknown): string {
  let current = thrown;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return messageOf(current);
}

function read<Body>(
  answer: Answer,
  schema: z.ZodType<Body>,
  how: { readonly path: string; readonly acceptAnyStatus: boolean },
): Body {
  const body = parseJson(answer.text);
  const isGood = answer.status >= 200 && answer.status < 300;
  if (!isGood && !how.acceptAnyStatus) throw refusal(answer.status, body, how.path);
  const parsed = schema.safeParse(body === NOT_JSON ? undefined : body);
  if (parsed.success) return parsed.data;
  if (!isGood) throw refusal(answer.status, body, how.path);
  throw new OperationError({
    code: 'unexpected_answer',
    status: answer.status,
    message: `${how.path} answered ${answer.status} in a shape this version does not know (${firstIssue(parsed.error)}): is --url the stack, and is it the same version`,
  });
}

function firstIssue(error: z.ZodError): string {
  return z.prettifyError(error).replace(/\s+/g, ' ').slice(0, 240);
}

const NOT_JSON = Symbol('not JSON');

function parseJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

function refusal(status: number, body: unknown, path: string): OperationError {
  const known = errorBody.safeParse(body);
  if (!known.success) {
    const what = status >= 300 && status < 400 ? 'with a redirect' : 'without saying why';
    const message = `${path} answered ${status} ${what}: is --url the stack`;
    return new OperationError({ code: `http_${status}`, status, message });
  }
  const { code, message, details } = known.data.error;
  const hint =
    status === 401 || status === 403
      ? ' (check --token, BRUNO_TOKEN or operator.token; deployed: BRUNO_ACCESS_TOKEN)'
      : '';
  const failure = { code, status, message: `${message}${hint}` };
  return new OperationError(details === undefined ? failure : { ...failure, details });
}
