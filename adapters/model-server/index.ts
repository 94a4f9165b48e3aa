// The edge's view of the Mac: one gateway behind the tunnel that speaks OpenAI's chat endpoint.
// Answers are always asked for as a stream, so that a model that hangs is noticed before its first
// token; whoever wants a whole answer collects it.

import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import { type ModelPatience, PATIENCE } from '../../core/patience.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';

const EMBED_TIMEOUT_MS = 60_000;
const HEALTH_TIMEOUT_MS = 3_000;

export interface ModelServerConfig {
  url: string;
  token: string;
  /** Where Cloudflare Access stands before the tunnel: the service token that it lets through. */
  access?: { clientId: string; clientSecret: string } | undefined;
}

const signIn = ({ token, access }: ModelServerConfig): Record<string, string> => ({
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

export type ModelFailure = 'unreachable' | 'refused' | 'busy' | 'timed_out' | 'broken' | 'garbage';

/** Why there is no (whole) answer. The message names the gateway's status where it refused, and never a prompt. */
export class ModelServerError extends Error {
  readonly failure: ModelFailure;
  constructor(failure: ModelFailure, detail: string) {
    super(detail);
    this.name = 'ModelServerError';
    this.failure = failure;
  }
}

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
 * Yields the pieces of an answer as they come. Throws ModelServerError; ends normally only after
 * the server's own end mark. Aborting `signal` stops the server's work.
 */
export async function* streamAnswer(
  config: ModelServerConfig,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  const patience = request.patience ?? PATIENCE.production;
  const startedMs = performance.now();
  const watchdog = new AbortController();
  const both = AbortSignal.any([signal, watchdog.signal]);
  const response = await deadline(
    fetch(`${config.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signIn(config) },
      body: JSON.stringify({
        model: request.model,
        messages: request.messages,
        stream: true,
        stream_options: { include_usage: true },
        ...request.parameters,
      }),
      signal: both,
    }),
    patience.connectMs,
    watchdog,
  );
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new ModelServerError(
      response.status === 429 ? 'busy' : 'refused',
      `gateway answered ${response.status}`,
    );
  }
  const reader = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  let spoken = false;
  try {
    for (;;) {
      // From the start, not from the last chunk: a server may send empty ones for ever.
      const timeoutMs = spoken
        ? patience.betweenTokensMs
        : Math.max(0, patience.firstTokenMs - (performance.now() - startedMs));
      const { done, value } = await deadline(reader.read(), timeoutMs, watchdog, 'broken');
      if (done) throw new ModelServerError('broken', 'the stream ended without its end mark');
      if (value.data === '[DONE]') return;
      for (const piece of piecesOf(value.data)) {
        if (piece.type === 'text') spoken = true;
        yield piece;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
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

async function deadline<Value>(
  work: Promise<Value>,
  ms: number,
  watchdog: AbortController,
  failure: ModelFailure = 'unreachable',
): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new ModelServerError('timed_out', `nothing came for ${Math.round(ms)} ms`));
    watchdog.abort();
  }, ms);
  try {
    return await Promise.race([work, late.promise]);
  } catch (error) {
    if (error instanceof ModelServerError) throw error;
    throw new ModelServerError(failure, error instanceof Error ? error.name : 'failed');
  } finally {
    clearTimeout(timer);
  }
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
    headers: { 'content-type': 'application/json', ...signIn(config) },
    body: JSON.stringify({ model, input: texts }),
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

const healthSchema = z.object({ status: z.string(), models: z.array(z.string()) });

/** The models that are ready; undefined when the gateway cannot be reached. */
export async function readyModels(config: ModelServerConfig): Promise<string[] | undefined> {
  try {
    const response = await fetch(`${config.url}/healthz`, {
      headers: signIn(config),
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    });
    return response.ok ? healthSchema.parse(await response.json()).models : undefined;
  } catch {
    return undefined;
  }
}
