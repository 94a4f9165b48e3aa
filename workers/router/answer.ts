// One answer: who is asked, who answered, and what is written down about it afterwards. The first
// piece of text is awaited before anything is sent, so that a candidate that fails or hangs is
// replaced by production unseen. Recording happens after the last piece, through the queue.

import {
  type ModelRequest,
  ModelServerError,
  type Piece,
  type SamplingParameters,
  streamAnswer,
  type Usage,
} from '../../adapters/model-server/index.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { type Assignment, assign } from '../../core/routing.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import type { Source } from '../../core/wire/shared.ts';
import { type Env, now, randomBytes, settingsOf } from '../env.ts';
import { push } from '../outbox.ts';
import { issueFeedbackToken } from '../tokens.ts';
import { liveTable } from './live-table.ts';

export const PATIENCE_MS = 30_000;
const CANDIDATE_PATIENCE_MS = 8_000;

export interface Question {
  visitorId: string;
  sessionId: string;
  traceId: string;
  query: string;
  messages: readonly ChatMessage[];
  historyTurns: number;
  sources: readonly Source[];
  retrievalPossible: boolean;
  promptVersion: string;
  trainingOptOut: boolean;
  platform: 'homepage' | 'openai';
  parameters: SamplingParameters;
}

export interface Answer {
  interactionId: string;
  feedbackToken: string;
  modelServed: string;
  createdAtMs: number;
  /** Pieces as they come; throws AppError model_unavailable when the stream breaks. */
  pieces: AsyncGenerator<Piece, void>;
  /** The client left: stops the model and records what was written so far. Harmless afterwards. */
  abandon: () => void;
}

interface Opened {
  model: string;
  first: Piece;
  rest: AsyncGenerator<Piece, void>;
}

/** Starts an answer. Throws AppError model_unavailable when production cannot answer either. */
export async function answer(
  env: Env,
  context: Pick<ExecutionContext, 'waitUntil'>,
  question: Question,
): Promise<Answer> {
  const settings = settingsOf(env);
  const startedMs = now(env);
  const table = await liveTable(env);
  const assignment = assign(table, question.visitorId);
  const interactionId = uuidv7(startedMs, randomBytes(10));
  const abort = new AbortController();
  let response = '';
  let settled = false;
  let usage: Usage | undefined;
  let firstTokenMs: number | null = null;

  const write = (model: string, status: InteractionEvent['status'], errorCode: string | null) => {
    const event = interactionEvent(question, assignment, {
      interactionId,
      model,
      status,
      errorCode,
      routingVersion: table.version,
      response,
      usage,
      firstTokenMs,
      startedMs,
      endedMs: now(env),
    });
    context.waitUntil(
      push(env.EVENTS, event).catch(() => {
        console.error(
          JSON.stringify({ level: 'error', code: 'record_lost', interaction_id: interactionId }),
        );
      }),
    );
  };

  const models = [...new Set([assignment.model, table.production])];
  let opened: Opened;
  try {
    opened = await openFirst(env, models, question, abort.signal);
  } catch (error) {
    write(assignment.model, 'error', error instanceof ModelServerError ? error.failure : 'broken');
    throw new AppError(
      'model_unavailable',
      'The assistant cannot answer right now. Please try again.',
      {
        internalMessage: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
        retryAfterSeconds: 10,
        cause: error,
      },
    );
  }
  firstTokenMs = now(env) - startedMs;

  const feedbackToken = await issueFeedbackToken(settings.TOKEN_KEYS, {
    interactionId,
    visitorId: question.visitorId,
    experimentId: assignment.experimentId,
    arm: assignment.arm,
    model: opened.model,
    issuedAtMs: startedMs,
  });

  const settle = (status: InteractionEvent['status'], errorCode: string | null) => {
    if (settled) return;
    settled = true;
    write(opened.model, status, errorCode);
  };
  const abandon = () => {
    abort.abort();
    settle('partial', 'client_left');
  };

  async function* pieces(): AsyncGenerator<Piece, void> {
    try {
      for await (const piece of joined(opened)) {
        if (piece.type === 'text') response += piece.text;
        if (piece.type === 'usage') usage = piece.usage;
        yield piece;
      }
      settle('complete', null);
    } catch (error) {
      settle('partial', error instanceof ModelServerError ? error.failure : 'broken');
      throw new AppError('model_unavailable', 'The answer broke off. Please try again.', {
        internalMessage: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
        cause: error,
      });
    } finally {
      abandon();
    }
  }

  return {
    interactionId,
    feedbackToken,
    modelServed: opened.model,
    createdAtMs: startedMs,
    pieces: pieces(),
    abandon,
  };
}

/** The first model of the list that gives a piece of an answer; throws the last one's error. */
async function openFirst(
  env: Env,
  models: readonly string[],
  question: Question,
  signal: AbortSignal,
): Promise<Opened> {
  let failure: unknown;
  for (const [index, model] of models.entries()) {
    // With somebody left to answer instead, a hanging model is given up sooner.
    const firstTokenMs = index < models.length - 1 ? CANDIDATE_PATIENCE_MS : PATIENCE_MS;
    try {
      const rest = ask(
        env,
        { model, messages: question.messages, parameters: question.parameters, firstTokenMs },
        signal,
      );
      const first = await rest.next();
      if (first.done) throw new ModelServerError('broken', 'an empty stream');
      return { model, first: first.value, rest };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A model by name, past the routing table; used to measure and to compare, never for visitors. */
export function ask(
  env: Env,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  const settings = settingsOf(env);
  return streamAnswer(
    { url: settings.MODEL_SERVER_URL, token: settings.GATEWAY_TOKEN },
    request,
    signal,
  );
}

async function* joined(opened: Opened): AsyncGenerator<Piece, void> {
  yield opened.first;
  yield* opened.rest;
}

interface Outcome {
  interactionId: string;
  model: string;
  status: InteractionEvent['status'];
  errorCode: string | null;
  routingVersion: number;
  response: string;
  usage: Usage | undefined;
  firstTokenMs: number | null;
  startedMs: number;
  endedMs: number;
}

function interactionEvent(
  question: Question,
  assignment: Assignment,
  outcome: Outcome,
): InteractionEvent {
  // Postgres cannot store U+0000 nor half a character, and a small model may well emit them.
  const clean = (text: string) => text.replaceAll('\u0000', '').toWellFormed();
  return {
    kind: 'interaction',
    v: 1,
    interaction_id: outcome.interactionId,
    visitor_id: question.visitorId,
    session_id: question.sessionId,
    trace_id: question.traceId,
    query: question.query,
    history_turns: question.historyTurns,
    response: clean(outcome.response),
    sources: [...question.sources],
    retrieval_possible: question.retrievalPossible,
    prompt_version: question.promptVersion,
    model_served: outcome.model,
    model_assigned: assignment.model,
    arm: assignment.arm,
    experiment_id: assignment.experimentId,
    routing_version: outcome.routingVersion,
    status: outcome.status,
    error_code: outcome.errorCode,
    prompt_tokens: outcome.usage?.promptTokens ?? null,
    completion_tokens: outcome.usage?.completionTokens ?? null,
    first_token_ms: outcome.firstTokenMs,
    total_ms: Math.max(0, outcome.endedMs - outcome.startedMs),
    training_opt_out: question.trainingOptOut,
    platform: question.platform,
    created_at: outcome.startedMs,
  };
}
