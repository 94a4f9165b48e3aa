// One error class for everything that can go wrong between page and server, and the one place that
// turns it into a sentence for a person. Used by the client functions and the pages.
// Must not show internals: status numbers, tokens and stack traces stay out of the sentence.
import { errorBodySchema } from './wire.ts';

export interface ClientErrorInit {
  code: string;
  message: string;
  status?: number;
  retryAfterSeconds?: number;
  cause?: unknown;
}

export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: string;
  /** HTTP status, or 0 when no answer came at all. */
  readonly status: number;
  readonly retryAfterSeconds: number | null;

  constructor(init: ClientErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.status = init.status ?? 0;
    this.retryAfterSeconds = init.retryAfterSeconds ?? null;
  }
}

/** Reads a refused response into a ClientError; a body that is not ours keeps only its status. */
export async function errorFromResponse(response: Response): Promise<ClientError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const wait =
    Number.isFinite(retryAfter) && retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {};
  const parsed = errorBodySchema.safeParse(await readJson(response));
  if (parsed.success) {
    const { code, message } = parsed.data.error;
    return new ClientError({ code, message, status: response.status, ...wait });
  }
  return new ClientError({
    code: 'unexpected_answer',
    message: 'The server answered with something this page does not understand.',
    status: response.status,
    ...wait,
  });
}

/** The body as JSON, or undefined where it is none. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Wraps whatever fetch or a stream reader threw. An abort by the visitor is passed through. */
export function toClientError(thrown: unknown): ClientError {
  if (thrown instanceof ClientError) return thrown;
  if (thrown instanceof Error && thrown.name === 'TimeoutError') {
    return new ClientError({
      code: 'timeout',
      message: 'The server took too long.',
      cause: thrown,
    });
  }
  return new ClientError({
    code: 'network',
    message: 'The server could not be reached.',
    cause: thrown,
  });
}

/** One human sentence: what happened and what to do. */
export function sentenceFor(error: ClientError): string {
  if (error.code === 'timeout') return 'That took too long. Please try again.';
  if (error.code === 'network') {
    return 'The assistant could not be reached. Check your connection and try again.';
  }
  if (error.code === 'interrupted') return 'The answer broke off. Please try again.';
  if (error.status === 429) {
    const wait = error.retryAfterSeconds;
    return wait === null
      ? 'Many people are asking right now. Wait a moment and try again.'
      : `Many people are asking right now. Try again in ${Math.ceil(wait)} seconds.`;
  }
  if (error.status === 413) return 'That message is too long. Please shorten it.';
  if (error.status >= 500) return 'The assistant is not available just now. Please try again soon.';
  return asSentence(error.message);
}

function asSentence(message: string): string {
  const text = message.trim();
  if (text === '') return 'Something went wrong. Please try again.';
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
