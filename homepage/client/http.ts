// Sends JSON to the assistant's API and parses what comes back. Used by session, feedback and
// signals. Always with a time-out; never retries by itself, because the caller knows what repeats.
import type * as z from 'zod/mini';
import { ClientError, errorFromResponse, readJson, toClientError } from './errors.ts';

export interface ClientOptions {
  /** Origin of the API without a trailing slash; '' for the page's own origin. */
  baseUrl?: string;
  fetch?: typeof fetch;
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;

export interface Call {
  method: 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  /** Whose call it is, where the body does not say so. */
  token?: string;
}

export function postJson<T extends z.ZodMiniType>(
  path: string,
  body: unknown,
  schema: T,
  options: ClientOptions = {},
): Promise<z.infer<T>> {
  return callJson({ method: 'POST', path, body }, schema, options);
}

export async function callJson<T extends z.ZodMiniType>(
  { method, path, body, token }: Call,
  schema: T,
  options: ClientOptions = {},
): Promise<z.infer<T>> {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  let response: Response;
  try {
    response = await send(`${options.baseUrl ?? ''}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    });
  } catch (thrown) {
    throw toClientError(thrown);
  }
  if (!response.ok) throw await errorFromResponse(response);
  const parsed = schema.safeParse(await readJson(response));
  if (parsed.success) return parsed.data;
  throw new ClientError({
    code: 'unexpected_answer',
    message: 'The server answered with something this page does not understand.',
    status: response.status,
  });
}
