// POST /v1/chat/completions in OpenAI's shape, streaming and not. `model` names the assistant, never
// a version; only an operator who measures may name one, and such an answer is not recorded.

import type { Piece, SamplingParameters, Usage } from '../../adapters/model-server/index.ts';
import { ModelServerError } from '../../adapters/model-server/index.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { CURRENT_PROMPT, systemPrompt } from '../../core/system-prompt.ts';
import {
  type ChatMessage,
  type CompletionRequest,
  completionRequestSchema,
  plainMessages,
} from '../../core/wire/chat.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { now, randomBytes, settingsOf } from '../env.ts';
import { type AppContext, bearer, readJson } from '../http.ts';
import { answer } from './answer.ts';
import { ask } from './opening.ts';
import { SSE_HEADERS, sseBody } from './sse.ts';
import { isOperator, knownVisitor } from './visitor.ts';

export async function openaiChat(c: AppContext): Promise<Response> {
  const token = bearer(c);
  if (token === undefined) throw new AppError('unauthorized', 'A bearer token is needed.');
  const operator = await isOperator(c);
  const visitorId = operator ? 'operator' : await knownVisitor(c, token);
  const body = parseWire(completionRequestSchema, await readJson(c, LIMITS.chatBytes));
  const settings = settingsOf(c.env);
  const { messages, custom } = withSystemPrompt(body);
  if (operator && c.req.header('x-bruno-measure') === '1') {
    const abort = new AbortController();
    const request = {
      model: body.model,
      messages,
      parameters: parametersOf(body, settings.MAX_ANSWER_TOKENS),
    };
    return respond(c, body, {
      id: uuidv7(now(c.env), randomBytes(10)),
      model: body.model,
      createdAtMs: now(c.env),
      pieces: guarded(ask(c.env, request, abort.signal)),
      abandon: () => abort.abort(),
      headers: {},
    });
  }
  const name = settings.MODEL_NAME;
  if (body.model !== name) {
    throw new AppError('not_found', `There is no model "${body.model}". Use "${name}".`);
  }
  const query = messages.at(-1)?.content ?? '';
  const given = await answer(c.env, c.executionCtx, {
    clientSignal: c.req.raw.signal,
    visitorId: operator && body.user ? `operator:${body.user}` : visitorId,
    sessionId: c.req.header('x-session-id')?.slice(0, 100).toWellFormed() ?? '',
    traceId: c.get('traceId'),
    query,
    messages,
    historyTurns: Math.floor(messages.filter(({ role }) => role !== 'system').length / 2),
    sources: body.sources ?? [],
    retrievalPossible: body.sources !== undefined,
    promptVersion: custom ? `${CURRENT_PROMPT}+custom` : CURRENT_PROMPT,
    trainingOptOut: c.req.header('sec-gpc') === '1',
    platform: 'openai',
    parameters: parametersOf(body, settings.MAX_ANSWER_TOKENS),
  });
  return respond(c, body, {
    id: given.interactionId,
    model: name,
    createdAtMs: given.createdAtMs,
    pieces: given.pieces,
    abandon: given.abandon,
    headers: {
      'x-interaction-id': given.interactionId,
      'x-feedback-token': given.feedbackToken,
      ...(operator ? { 'x-model-version': given.modelServed } : {}),
    },
  });
}

async function* guarded(pieces: AsyncGenerator<Piece, void>): AsyncGenerator<Piece, void> {
  try {
    yield* pieces;
  } catch (error) {
    if (!(error instanceof ModelServerError)) throw error;
    throw new AppError('model_unavailable', `The model did not answer: ${error.message}.`);
  }
}

function withSystemPrompt(body: CompletionRequest): { messages: ChatMessage[]; custom: boolean } {
  const given = plainMessages(body.messages);
  const extra = given.filter(({ role }) => role === 'system').map(({ content }) => content);
  const system = [systemPrompt(CURRENT_PROMPT, body.sources ?? []), ...extra].join('\n\n');
  return {
    messages: [
      { role: 'system', content: system },
      ...given.filter(({ role }) => role !== 'system'),
    ],
    custom: extra.length > 0,
  };
}

function parametersOf(body: CompletionRequest, limit: number): SamplingParameters {
  const maxTokens = Math.min(body.max_completion_tokens ?? body.max_tokens ?? limit, limit);
  return {
    temperature: body.temperature ?? 0.7,
    top_p: body.top_p ?? 0.9,
    max_tokens: maxTokens,
    ...(body.stop ? { stop: body.stop } : {}),
    ...(body.seed === null || body.seed === undefined ? {} : { seed: body.seed }),
  };
}

interface Completion {
  id: string;
  model: string;
  createdAtMs: number;
  pieces: AsyncGenerator<Piece, void>;
  abandon: () => void;
  headers: Record<string, string>;
}

async function respond(
  c: AppContext,
  body: CompletionRequest,
  completion: Completion,
): Promise<Response> {
  if (body.stream === true) {
    const usage = body.stream_options?.include_usage === true;
    return c.body(sseBody(chunks(completion, usage), completion.abandon), 200, {
      ...SSE_HEADERS,
      ...completion.headers,
    });
  }
  let text = '';
  let finish = 'stop';
  let usage: Usage | undefined;
  for await (const piece of completion.pieces) {
    if (piece.type === 'text') text += piece.text;
    if (piece.type === 'finish') finish = piece.reason;
    if (piece.type === 'usage') usage = piece.usage;
  }
  return c.json(
    {
      ...envelope(completion, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: text, refusal: null },
          logprobs: null,
          finish_reason: finish,
        },
      ],
      ...(usage ? { usage: usageBody(usage) } : {}),
    },
    200,
    completion.headers,
  );
}

async function* chunks(completion: Completion, withUsage: boolean): AsyncGenerator<string, void> {
  const chunk = (delta: object, finish: string | null) =>
    JSON.stringify({
      ...envelope(completion, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });
  try {
    yield chunk({ role: 'assistant', content: '' }, null);
    let usage: Usage | undefined;
    let finish = 'stop';
    for await (const piece of completion.pieces) {
      if (piece.type === 'text') yield chunk({ content: piece.text }, null);
      if (piece.type === 'finish') finish = piece.reason;
      if (piece.type === 'usage') usage = piece.usage;
    }
    yield chunk({}, finish);
    if (withUsage && usage) {
      yield JSON.stringify({
        ...envelope(completion, 'chat.completion.chunk'),
        choices: [],
        usage: usageBody(usage),
      });
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield JSON.stringify(error.toBody());
  }
  yield '[DONE]';
}

const envelope = (completion: Completion, object: string) => ({
  id: `chatcmpl-${completion.id}`,
  object,
  created: Math.floor(completion.createdAtMs / 1000),
  model: completion.model,
});

const usageBody = (usage: Usage) => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
});
