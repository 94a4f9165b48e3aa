// Asks the assistant and yields its answer as it is written. Used by the demo page and by any
// page that embeds the client. Ends with `done`, or throws a ClientError; an abort by the visitor
// ends quietly.
import { ClientError, errorFromResponse, toClientError } from './errors.ts';
import type { ClientOptions } from './http.ts';
import { isRefusedSession, type SessionKeeper } from './session.ts';
import { readSse } from './sse.ts';
import { type ChatEvent, chatEventSchema, type Session, type Source } from './wire.ts';

export interface Question {
  message: string;
  sources?: readonly Source[];
  /** The visitor asked that this chat is never used for training. */
  trainingOptOut?: boolean;
}

export interface StreamOptions extends ClientOptions {
  signal?: AbortSignal;
  /** Longest silence, before the first event or between two. */
  silenceMs?: number;
}

type Said = Exclude<ChatEvent, { type: 'error' }>;

const DEFAULT_SILENCE_MS = 60_000;

/** One question under one session. Throws ClientError; yields meta, deltas, done. */
export async function* streamChat(
  session: Session,
  question: Question,
  options: StreamOptions = {},
): AsyncGenerator<Said> {
  const watch = silenceWatch(options.silenceMs ?? DEFAULT_SILENCE_MS, options.signal);
  let done = false;
  try {
    const body = await openStream(session, question, watch.signal, options);
    for await (const { data } of readSse(body)) {
      watch.heard();
      if (data === '[DONE]') break;
      const said = parseEvent(data);
      if (said.type === 'done') done = true;
      yield said;
    }
  } catch (thrown) {
    if (options.signal?.aborted) return;
    throw toClientError(watch.signal.aborted ? watch.signal.reason : thrown);
  } finally {
    watch.stop();
  }
  if (!done && !options.signal?.aborted) {
    throw new ClientError({ code: 'interrupted', message: 'The answer broke off.' });
  }
}

/** As streamChat, with the kept session; where it is refused, once more with a new one. */
export async function* askAssistant(
  keeper: SessionKeeper,
  question: Question,
  options: StreamOptions = {},
): AsyncGenerator<Said> {
  const session = await keeper.current();
  if (options.signal?.aborted) return;
  try {
    // A refusal comes before the first event, so nothing is ever yielded twice.
    yield* streamChat(session, question, options);
  } catch (thrown) {
    if (!isRefusedSession(thrown)) throw thrown;
    yield* streamChat(await keeper.renew(session), question, options);
  }
}

async function openStream(
  session: Session,
  question: Question,
  signal: AbortSignal,
  options: StreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const response = await send(`${options.baseUrl ?? ''}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      session_id: session.id,
      visitor_token: session.visitor_token,
      message: question.message,
      ...(question.sources === undefined ? {} : { sources: question.sources }),
      ...(question.trainingOptOut ? { training_opt_out: true } : {}),
    }),
    signal,
  });
  if (!response.ok) throw await errorFromResponse(response);
  const type = response.headers.get('content-type') ?? '';
  if (response.body === null || !type.startsWith('text/event-stream')) {
    throw new ClientError({
      code: 'unexpected_answer',
      message: 'The server answered with something this page does not understand.',
      status: response.status,
    });
  }
  return response.body;
}

function parseEvent(data: string): Said {
  const parsed = chatEventSchema.safeParse(parseJson(data));
  if (!parsed.success) {
    throw new ClientError({ code: 'unexpected_answer', message: 'The answer was not readable.' });
  }
  if (parsed.data.type === 'error') throw new ClientError(parsed.data.error);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Ends by silence, or when the visitor stops the answer. AbortSignal.any is no older than 2024. */
function silenceWatch(limitMs: number, stopped?: AbortSignal) {
  const controller = new AbortController();
  const stop = () => controller.abort(stopped?.reason);
  if (stopped?.aborted) stop();
  stopped?.addEventListener('abort', stop);
  const expire = () => controller.abort(new DOMException('No event came in time', 'TimeoutError'));
  let timer = setTimeout(expire, limitMs);
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(expire, limitMs);
    },
    stop() {
      clearTimeout(timer);
      stopped?.removeEventListener('abort', stop);
    },
  };
}
