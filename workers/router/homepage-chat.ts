// POST /api/chat: the homepage's own shape, whole or as a stream of server-sent events.

import type { Piece } from '../../adapters/model-server/index.ts';
import { homepagePrompt } from '../../core/answer-prompt.ts';
import { promptVersionOf } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import { type ChatRequest, chatRequestSchema } from '../../core/wire/chat.ts';
import { LIMITS, parseWire, textSchema } from '../../core/wire/shared.ts';
import { callObject } from '../durable.ts';
import { settingsOf, windowOf } from '../env.ts';
import { type AppContext, bearer, readJson } from '../http.ts';
import { type Answer, answer } from './answer.ts';
import { placed, underOf } from './arm.ts';
import type { Pieces } from './opening.ts';
import { historySchema, type SessionMessage } from './session-object.ts';
import { SSE_HEADERS, sseBody } from './sse.ts';
import { isEnrolled, knownIdentity, knownVisitor } from './visitor.ts';

const HISTORY_TIMEOUT_MS = 500;
const sessionIdSchema = textSchema(100);

export async function homepageChat(c: AppContext): Promise<Response> {
  const body = parseWire(chatRequestSchema, await readJson(c, LIMITS.chatBytes));
  const { visitorId, issuedAtMs } = await knownIdentity(c, body.visitor_token);
  const history = await sessionHistory(c, body.session_id, visitorId);
  const sources = body.sources ?? [];
  const traceId = c.get('traceId');
  const turns = Math.ceil(history.length / 2);
  const enrolled = isEnrolled(c, {
    visitorId,
    rememberedTurns: turns,
    identityIssuedAtMs: issuedAtMs,
  });
  const place = await placed(c.env, { visitorId, enrolled, seesPromptTokens: false });
  const asked = { question: body.message, history, sources };
  const prompt = homepagePrompt(asked, underOf(place), windowOf(c.env));
  const given = await answer(c.env, c.executionCtx, {
    clientSignal: c.req.raw.signal,
    visitorId,
    placed: place,
    sessionId: body.session_id,
    traceId,
    traceparent: c.get('traceparent'),
    query: body.message,
    messages: prompt.messages,
    historyTurns: turns,
    sources: prompt.sources,
    retrievalPossible: body.sources !== undefined,
    promptVersion: promptVersionOf(place.assignment.settings),
    trainingOptOut: body.training_opt_out === true || c.req.header('sec-gpc') === '1',
    platform: 'homepage',
    parameters: prompt.parameters,
  });
  c.set('interactionId', given.interactionId);
  const facts = {
    interaction_id: given.interactionId,
    session_id: body.session_id,
    trace_id: traceId,
    feedback_token: given.feedbackToken,
    // As they were sent: how many of them an arm was given would tell which arm it is.
    sources,
    ...(settingsOf(c.env).ENVIRONMENT === 'local' ? { model_version: given.modelServed } : {}),
  };
  const remembered = remember(c, body, visitorId, given);
  if (c.req.header('accept')?.includes('text/event-stream')) {
    return c.body(sseBody(homepageEvents(facts, remembered), given.abandon), 200, {
      ...SSE_HEADERS,
      'x-interaction-id': given.interactionId,
    });
  }
  let response = '';
  for await (const batch of remembered) response += textOf(batch);
  return c.json({ response, ...facts });
}

async function* homepageEvents(facts: object, pieces: Pieces): AsyncGenerator<string[], void> {
  yield [JSON.stringify({ type: 'meta', ...facts })];
  let finish = 'stop';
  try {
    for await (const batch of pieces) {
      const lines: string[] = [];
      for (const piece of batch) {
        if (piece.type === 'text') lines.push(JSON.stringify({ type: 'delta', text: piece.text }));
        if (piece.type === 'finish') finish = piece.reason;
      }
      if (lines.length > 0) yield lines;
    }
    yield [JSON.stringify({ type: 'done', finish_reason: finish }), '[DONE]'];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield [JSON.stringify({ type: 'error', ...error.toBody() }), '[DONE]'];
  }
}

/** An answer does not depend on its session: without history it is merely less informed. */
async function sessionHistory(
  c: AppContext,
  sessionId: string,
  visitorId: string,
): Promise<SessionMessage[]> {
  try {
    const { messages } = await callObject({
      namespace: c.env.SESSIONS,
      name: sessionId,
      path: '/history',
      body: { visitor_id: visitorId },
      answer: historySchema,
      timeoutMs: HISTORY_TIMEOUT_MS,
    });
    return messages;
  } catch (error) {
    if (error instanceof AppError && error.code === 'forbidden') throw error;
    warn('history_unread', sessionId, error);
    return [];
  }
}

/** DELETE /api/chat/session/:id: the visitor's conversation is forgotten; what is recorded stays. */
export async function eraseSession(c: AppContext): Promise<Response> {
  const token = bearer(c);
  if (token === undefined) throw new AppError('unauthorized', 'A visitor token is needed.');
  const visitorId = await knownVisitor(c, token);
  await callObject({
    namespace: c.env.SESSIONS,
    name: parseWire(sessionIdSchema, c.req.param('id')),
    path: '/erase',
    body: { visitor_id: visitorId },
    answer: historySchema,
    timeoutMs: 5_000,
  });
  return c.body(null, 204);
}

async function* remember(
  c: AppContext,
  body: ChatRequest,
  visitorId: string,
  given: Answer,
): Pieces {
  let response = '';
  for await (const batch of given.pieces) {
    response += textOf(batch);
    yield batch;
  }
  c.executionCtx.waitUntil(
    callObject({
      namespace: c.env.SESSIONS,
      name: body.session_id,
      path: '/append',
      body: {
        visitor_id: visitorId,
        asked_at: given.createdAtMs,
        messages: [
          { role: 'user', content: body.message },
          { role: 'assistant', content: response },
        ],
      },
      answer: historySchema,
      timeoutMs: 5_000,
    }).catch((error: unknown) => warn('history_unwritten', body.session_id, error)),
  );
}

const textOf = (batch: readonly Piece[]): string =>
  batch.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');

function warn(code: string, sessionId: string, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  console.warn(JSON.stringify({ level: 'warn', code, session_id: sessionId, detail }));
}
