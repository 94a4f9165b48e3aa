// The edge's view of the Mac: one gateway behind the tunnel that speaks OpenAI's chat endpoint.
// Answers are always asked for as a stream, so that a model that hangs is noticed before its first
// token; whoever wants a whole answer collects it.

import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { type ModelPatience, PATIENCE } from '../../core/patience.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import { ModelServerError } from './failure.ts';
import { Watchdog } from './watchdog.ts';

const EMBED_TIMEOUT_MS = 60_000;
const HEALTH_TIMEOUT_MS = 3_000;

export interface ModelServerConfig {
  url: string;
  token: string;
  /** Cloudflare Access in front of the tunnel: the Worker's own service token there. */
  access?: { clientId: string; clientSecret: string };
}

/** Access answers a stranger with its sign-in page: that is no gateway, and gets nothing of ours. */
const REDIRECT = 'manual';

const credentials = ({ token, access }: ModelServerConfig): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(access === undefined
    ? {}
    : {
        'cf-access-client-id': access.clientId,
        'cf-access-client-secret': access.clientSecret,
      }),
});

export interface SamplingParameters {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  stop?: string | string[];
  seed?: number;
}

export interface ModelRequest {
  model: string;
  messages: readonly ChatMessage[];
  parameters: SamplingParameters;
  /** W3C's header of the trace that this belongs to. */
  traceparent?: string;
  /** Left out: production's patience. */
  patience?: ModelPatience;
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
}

export type Piece =
  | { type: 'text'; text: string }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; usage: Usage };

export { type ModelFailure, ModelServerError } from './failure.ts';

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
  error: z.unknown().optional(),
});

/**
 * Yields the pieces of an answer as they come, those that arrive together as one batch: a hand-over
 * costs more than a piece. Throws ModelServerError; ends normally only after the server's own end
 * mark. Aborting `signal` stops the server's work.
 */
export async function* streamAnswer(
  config: ModelServerConfig,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly Piece[], void> {
  const watchdog = new Watchdog(signal);
  try {
    yield* answerUnder(watchdog, config, request);
  } finally {
    watchdog.end();
  }
}

async function* answerUnder(
  watchdog: Watchdog,
  config: ModelServerConfig,
  request: ModelRequest,
): AsyncGenerator<readonly Piece[], void> {
  const patience = request.patience ?? PATIENCE.production;
  const startedMs = performance.now();
  const response = await watchdog.within(
    fetch(`${config.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...credentials(config),
        ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
      },
      body: JSON.stringify({
        model: request.model,
        messages: request.messages,
        stream: true,
        stream_options: { include_usage: true },
        ...request.parameters,
      }),
      redirect: REDIRECT,
      signal: watchdog.signal,
    }),
    patience.connectMs,
    'unreachable',
  );
  const { body } = response;
  if (!response.ok || body === null) {
    await body?.cancel();
    throw new ModelServerError(
      response.status === 429 ? 'busy' : 'refused',
      `gateway answered ${response.status}`,
    );
  }
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const events: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => events.push(data) });
  let spoken = false;
  try {
    for (;;) {
      // From the start, not from the last chunk: a server may send empty ones for ever.
      const timeoutMs = spoken
        ? patience.betweenTokensMs
        : Math.max(0, patience.firstTokenMs - (performance.now() - startedMs));
      const { done, value } = await watchdog.within(reader.read(), timeoutMs, 'broken');
      if (done) throw new ModelServerError('broken', 'the stream ended without its end mark');
      parser.feed(decoder.decode(value, { stream: true }));
      const { pieces, ended, garbage } = readEvents(events.splice(0));
      if (pieces.length > 0) yield pieces;
      if (garbage !== undefined) throw garbage;
      if (ended) return;
      spoken ||= pieces.some(({ type }) => type === 'text');
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

interface Batch {
  pieces: Piece[];
  /** The server's own end mark was among the events. */
  ended: boolean;
  /** What cannot be read ends the answer, after what came before it. */
  garbage: unknown;
}

function readEvents(events: readonly string[]): Batch {
  const batch: Batch = { pieces: [], ended: false, garbage: undefined };
  try {
    for (const data of events) {
      if (data === '[DONE]') return { ...batch, ended: true };
      batch.pieces.push(...piecesOf(data));
    }
  } catch (error) {
    batch.garbage = error;
  }
  return batch;
}

function piecesOf(data: string): Piece[] {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    throw new ModelServerError('garbage', 'a chunk was not JSON');
  }
  const chunk = chunkSchema.safeParse(json);
  if (!chunk.success || chunk.data.error !== undefined) {
    throw new ModelServerError('garbage', 'a chunk had an unknown shape or an error');
  }
  const pieces: Piece[] = [];
  const [choice] = chunk.data.choices;
  if (choice?.delta?.content) pieces.push({ type: 'text', text: choice.delta.content });
  if (choice?.finish_reason) pieces.push({ type: 'finish', reason: choice.finish_reason });
  if (chunk.data.usage) {
    pieces.push({
      type: 'usage',
      usage: {
        promptTokens: chunk.data.usage.prompt_tokens,
        completionTokens: chunk.data.usage.completion_tokens,
      },
    });
  }
  return pieces;
}

const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.number(), embedding: z.array(z.number()) })),
});

/** Unit vectors in the order of `texts`. Throws ModelServerError. */
export async function embed(
  config: ModelServerConfig,
  model: string,
  texts: readonly string[],
): Promise<number[][]> {
  const response = await fetch(`${config.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credentials(config) },
    body: JSON.stringify({ model, input: texts }),
    redirect: REDIRECT,
    signal: AbortSignal.timeout(EMBED_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new ModelServerError('unreachable', error instanceof Error ? error.name : 'failed');
  });
  if (!response.ok) throw new ModelServerError('refused', `embeddings answered ${response.status}`);
  const data = await response
    .json()
    .then((body) => embeddingsSchema.parse(body).data)
    .catch(() => {
      throw new ModelServerError('garbage', 'the embeddings were not readable');
    });
  if (data.length !== texts.length) {
    throw new ModelServerError('garbage', `expected ${texts.length} vectors, got ${data.length}`);
  }
  return data.toSorted((a, b) => a.index - b.index).map((entry) => entry.embedding);
}

const loadSchema = z.object({
  running: z.int(),
  waiting: z.int(),
  most_running: z.int(),
  most_waiting: z.int(),
});
const healthSchema = z.object({
  status: z.string(),
  models: z.array(z.string()),
  /** Agents of before do not say how much they take. */
  queue: loadSchema.optional().catch(undefined),
});

export interface GatewayReport {
  /** The models that can be asked now. */
  models: string[];
  /** How many requests run and wait there, and how many may. */
  load: z.infer<typeof loadSchema> | undefined;
}

/** Undefined when the gateway cannot be reached or its model server is not well. */
export async function gatewayReport(config: ModelServerConfig): Promise<GatewayReport | undefined> {
  try {
    const response = await fetch(`${config.url}/healthz`, {
      headers: credentials(config),
      redirect: REDIRECT,
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    });
    if (!response.ok) return undefined;
    const { models, queue } = healthSchema.parse(await response.json());
    return { models, load: queue };
  } catch {
    return undefined;
  }
}

export const readyModels = async (config: ModelServerConfig): Promise<string[] | undefined> =>
  (await gatewayReport(config))?.models;
