// Calls the admin API with the operator's token, or without where Cloudflare Access vouches (empty). Every call has a time-out; a refusal becomes an
// ApiError whose message is the server's own sentence. Used by the hooks and the dialogs.
import * as z from 'zod/mini';
import { readSse } from '../../homepage/client/sse.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export interface Api {
  get<T extends z.ZodMiniType>(path: string, schema: T): Promise<z.infer<T>>;
  post<T extends z.ZodMiniType>(path: string, body: unknown, schema: T): Promise<z.infer<T>>;
  /** Each line's data as it comes, until the stream ends or `signal` says so. */
  stream(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<unknown>;
}

const TIMEOUT_MS = 15_000;
/** As long as the server gives a model, and a little. */
const STREAM_MS = 130_000;

interface Reach {
  method: string;
  body?: string;
  accept?: string;
  signal?: AbortSignal;
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export function createApi(token: string, send: typeof fetch = fetch.bind(globalThis)): Api {
  const call = async <T extends z.ZodMiniType>(
    path: string,
    schema: T,
    init: Reach,
  ): Promise<z.infer<T>> => {
    const response = await reach(path, init);
    const body = await bodyOf(response);
    if (!response.ok) throw refusal(response, body);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join('.') || 'the body';
    throw new ApiError(`${path} answered in a shape the console does not know (${where}).`, 200);
  };

  const reach = async (
    path: string,
    { accept = 'application/json', signal, ...init }: Reach,
  ): Promise<Response> => {
    try {
      return await send(path, {
        ...init,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          accept,
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (thrown) {
      const slow = thrown instanceof Error && thrown.name === 'TimeoutError';
      const message = slow
        ? 'The server did not answer within 15 seconds.'
        : 'The server cannot be reached. Is Bruno Loop running?';
      throw new ApiError(message, 0, thrown);
    }
  };

  async function* stream(path: string, body: unknown, left: AbortSignal): AsyncGenerator<unknown> {
    const late = AbortSignal.timeout(STREAM_MS);
    const response = await reach(path, {
      method: 'POST',
      body: JSON.stringify(body),
      accept: 'text/event-stream',
      signal: AbortSignal.any([left, late]),
    });
    if (!response.ok) throw refusal(response, await bodyOf(response));
    if (response.body === null) return;
    try {
      for await (const { data } of readSse(response.body)) {
        if (data === '[DONE]') return;
        yield jsonOf(data);
      }
    } catch (thrown) {
      throw new ApiError('The connection broke off.', 0, thrown);
    }
    throw new ApiError('The connection ended too early.', 0);
  }

  return {
    stream,
    get: (path, schema) => call(path, schema, { method: 'GET' }),
    post: (path, body, schema) =>
      call(path, schema, { method: 'POST', body: JSON.stringify(body) }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function refusal(response: Response, body: unknown): ApiError {
  const parsed = errorSchema.safeParse(body);
  const message = parsed.success
    ? parsed.data.error.message
    : `The server answered ${response.status} without a reason.`;
  return new ApiError(message, response.status);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'Something unknown went wrong.';
}
