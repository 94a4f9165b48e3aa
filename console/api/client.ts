// Calls the admin API with the operator's token, or without where Cloudflare Access vouches (empty). Every call has a time-out; a refusal becomes an
// ApiError whose message is the server's own sentence. Used by the hooks and the dialogs.
import * as z from 'zod/mini';

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
}

const TIMEOUT_MS = 15_000;
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export function createApi(token: string, send: typeof fetch = fetch.bind(globalThis)): Api {
  const call = async <T extends z.ZodMiniType>(
    path: string,
    schema: T,
    init: RequestInit,
  ): Promise<z.infer<T>> => {
    const response = await reach(path, init);
    const body = await bodyOf(response);
    if (!response.ok) throw refusal(response, body);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join('.') || 'the body';
    throw new ApiError(`${path} answered in a shape the console does not know (${where}).`, 200);
  };

  const reach = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await send(path, {
        ...init,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          accept: 'application/json',
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (thrown) {
      const slow = thrown instanceof Error && thrown.name === 'TimeoutError';
      const message = slow
        ? 'The server did not answer within 15 seconds.'
        : 'The server cannot be reached. Is Bruno Loop running?';
      throw new ApiError(message, 0, thrown);
    }
  };

  return {
    get: (path, schema) => call(path, schema, { method: 'GET' }),
    post: (path, body, schema) =>
      call(path, schema, { method: 'POST', body: JSON.stringify(body) }),
  };
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
