// POST /v1/chat/completions in OpenAI's shape, streaming and not. `model` names the assistant, never
// a version; only an operator who measures may name one, and such an answer is not recorded.

import type { Usage } from '../../adapters/model-server/index.ts';
import { ModelServerError } from '../../adapters/model-server/index.ts';
import { promptVersionOf } from '../../core/answer-settings.ts';
import { completionPrompt } from '../../core/completion-prompt.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { type CompletionRequest, readCompletion } from '../../core/wire/completion.ts';
import { openAiError } from '../../core/wire/openai-error.ts';
import { LIMITS } from '../../core/wire/shared.ts';
import { now, randomBytes, settingsOf } from '../env.ts';
import { type AppContext, readJson } from '../http.ts';
import { answer } from './answer.ts';
import { type Placed, placed, underOf } from './arm.ts';
import { callerOf, seesVersion, visitorOf } from './caller.ts';
import { noSuchModel } from './models.ts';
import { ask, type Pieces } from './opening.ts';
import { SSE_HEADERS, sseBody } from './sse.ts';
import { isEnrolled } from './visitor.ts';

export async function openaiChat(c: AppContext): Promise<Response> {
  const caller = await callerOf(c, 'chat');
  const request = readCompletion(await readJson(c, LIMITS.completionBytes));
  const settings = settingsOf(c.env);
  const promptIn = (place: Placed) =>
    completionPrompt(request, underOf(place), {
      windowTokens: settings.CONTEXT_TOKENS,
      answerTokens: Math.min(request.maxTokens ?? Infinity, settings.MAX_ANSWER_TOKENS),
    });
  if (caller.kind === 'operator' && c.req.header('x-bruno-measure') === '1') {
    const abort = new AbortController();
    const traceparent = c.get('traceparent');
    // As visitors are answered who are in no experiment.
    const nobody = { visitorId: '', enrolled: false, seesPromptTokens: true };
    const { messages, parameters } = promptIn(await placed(c.env, nobody));
    const measured = { model: request.model, messages, parameters, traceparent };
    return respond(c, request, {
      id: uuidv7(now(c.env), randomBytes(10)),
      model: request.model,
      createdAtMs: now(c.env),
      pieces: guarded(ask(c.env, measured, AbortSignal.any([c.req.raw.signal, abort.signal]))),
      abandon: () => abort.abort(),
      headers: {},
    });
  }
  const name = settings.MODEL_NAME;
  if (request.model !== name) throw noSuchModel(request.model, name);
  const visitorId = await visitorOf(c, caller, request.user);
  const place = await placed(c.env, {
    visitorId,
    // The history here is the client's own: anyone can make one up.
    enrolled: isEnrolled(c, {
      visitorId,
      rememberedTurns: 0,
      identityIssuedAtMs: caller.kind === 'visitor' ? caller.issuedAtMs : null,
    }),
    // A homepage's server is trusted with what its users are not told.
    seesPromptTokens: caller.kind === 'visitor',
  });
  const prompt = promptIn(place);
  const version = promptVersionOf(place.assignment.settings);
  const given = await answer(c.env, c.executionCtx, {
    clientSignal: c.req.raw.signal,
    visitorId,
    placed: place,
    sessionId: c.req.header('x-session-id')?.slice(0, 100).toWellFormed() ?? '',
    traceId: c.get('traceId'),
    traceparent: c.get('traceparent'),
    query: prompt.question,
    messages: prompt.messages,
    historyTurns: prompt.historyTurns,
    sources: prompt.sources,
    retrievalPossible: request.sources !== undefined,
    promptVersion: prompt.custom ? `${version}+custom` : version,
    trainingOptOut: c.req.header('sec-gpc') === '1',
    platform: 'openai',
    parameters: prompt.parameters,
  });
  return respond(c, request, {
    id: given.interactionId,
    model: name,
    createdAtMs: given.createdAtMs,
    pieces: given.pieces,
    abandon: given.abandon,
    headers: {
      'x-interaction-id': given.interactionId,
      'x-feedback-token': given.feedbackToken,
      ...(prompt.dropped === 0 ? {} : { 'x-history-dropped': String(prompt.dropped) }),
      ...(seesVersion(caller) ? { 'x-model-version': given.modelServed } : {}),
    },
  });
}

async function* guarded(pieces: Pieces): Pieces {
  try {
    yield* pieces;
  } catch (error) {
    if (!(error instanceof ModelServerError)) throw error;
    throw new AppError('model_unavailable', `The model did not answer: ${error.message}.`);
  }
}

interface Completion {
  id: string;
  model: string;
  createdAtMs: number;
  pieces: Pieces;
  abandon: () => void;
  headers: Record<string, string>;
}

async function respond(
  c: AppContext,
  request: CompletionRequest,
  completion: Completion,
): Promise<Response> {
  if (request.stream) {
    const lines = chunks(completion, request.includeUsage);
    return c.body(sseBody(lines, completion.abandon), 200, {
      ...SSE_HEADERS,
      ...completion.headers,
    });
  }
  let text = '';
  let finish = 'stop';
  let usage: Usage | undefined;
  for await (const batch of completion.pieces) {
    for (const piece of batch) {
      if (piece.type === 'text') text += piece.text;
      if (piece.type === 'finish') finish = piece.reason;
      if (piece.type === 'usage') usage = piece.usage;
    }
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

async function* chunks(completion: Completion, withUsage: boolean): AsyncGenerator<string[], void> {
  // Joined from parts, because all but a few characters are the same in each chunk of an answer.
  const head = JSON.stringify(envelope(completion, 'chat.completion.chunk')).slice(0, -1);
  const tail = withUsage ? ',"usage":null}' : '}';
  const chunk = (delta: object, finish: string | null) =>
    `${head},"choices":[{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}]${tail}`;
  try {
    // Sent with the first text: what a client learns from it alone is nothing.
    let lines = [chunk({ role: 'assistant', content: '' }, null)];
    let usage: Usage | undefined;
    let finish = 'stop';
    for await (const batch of completion.pieces) {
      for (const piece of batch) {
        if (piece.type === 'text') lines.push(chunk({ content: piece.text }, null));
        if (piece.type === 'finish') finish = piece.reason;
        if (piece.type === 'usage') usage = piece.usage;
      }
      if (lines.length > 0) yield lines;
      lines = [];
    }
    lines.push(chunk({}, finish));
    if (withUsage && usage) {
      lines.push(`${head},"choices":[],"usage":${JSON.stringify(usageBody(usage))}}`);
    }
    yield [...lines, '[DONE]'];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield [JSON.stringify(openAiError(error)), '[DONE]'];
  }
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
