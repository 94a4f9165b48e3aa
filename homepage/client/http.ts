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

export async function postJson<T extends z.ZodMiniType>(
  path: string,
  body: unknown,
  schema: T,
  options: ClientOptions = {},
): Promise<z.infer<T>> {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  let response: Response;
  try {
    response = await send(`${options.baseUrl ?? ''}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
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
