// One answer: who is asked, who answered, and what is written down about it afterwards. The first
// piece of text is awaited before anything is sent, so that a candidate that fails or hangs is
// replaced by production unseen. Recording happens after the last piece, through the queue, once.

import {
  ModelServerError,
  type Piece,
  type SamplingParameters,
  type Usage,
} from '../../adapters/model-server/index.ts';
import { blame, type Trouble } from '../../core/blame.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { PATIENCE, type Patience } from '../../core/patience.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import type { Source } from '../../core/wire/shared.ts';
import { type Env, now, randomBytes, settingsOf } from '../env.ts';
import { pushPatiently } from '../outbox.ts';
import { issueFeedbackToken } from '../tokens.ts';
import { interactionEvent } from './answer-event.ts';
import type { Placed } from './arm.ts';
import { breakers } from './breakers.ts';
import { tellIfDown } from './candidate-down.ts';
import { type Opening, openAnswer, type Pieces } from './opening.ts';

export interface Question {
  /** The request's own signal: aborted when the client leaves, also before anything is sent. */
  clientSignal: AbortSignal;
  visitorId: string;
  /** Whom it was assigned to, by which table. */
  placed: Placed;
  sessionId: string;
  traceId: string;
  /** Sent on to the model server. */
  traceparent: string;
  query: string;
  messages: readonly ChatMessage[];
  historyTurns: number;
  /** What the model was given of them. */
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
  pieces: Pieces;
  /** The client left: stops the model and records what was written so far. Harmless afterwards. */
  abandon: () => void;
}

/** Starts an answer. Throws AppError model_unavailable when production cannot answer either. */
export async function answer(
  env: Env,
  context: Pick<ExecutionContext, 'waitUntil'>,
  question: Question,
  patience: Patience = PATIENCE,
): Promise<Answer> {
  const settings = settingsOf(env);
  const startedMs = now(env);
  const { table, assignment } = question.placed;
  // Where settings are tried the model is production itself: its trouble is nobody's harm.
  const candidate = assignment.model !== table.production;
  const settingsTried = assignment.settings?.id !== table.settings?.id;
  const interactionId = uuidv7(startedMs, randomBytes(10));
  const abort = new AbortController();
  let opened: Opening | undefined;
  let response = '';
  let usage: Usage | undefined;
  let firstTokenMs: number | null = null;
  let settled = false;
  const recorded = Promise.withResolvers<void>();
  // Keeps the request alive until its answer is written down, also when the client has left.
  context.waitUntil(recorded.promise);

  const settle = (outcome: Trouble['outcome'], errorCode: string | null) => {
    if (settled) return;
    settled = true;
    const fault = blame({
      assignedFailure: opened?.assignedFailure ?? null,
      outcome,
      answered: opened?.ok ?? false,
      late: !candidate && firstTokenMs !== null && firstTokenMs > patience.candidate.firstTokenMs,
      productionWell: breakers.isWell(table.production),
    });
    // A break that is not the candidate's own says nothing about it.
    const verdict = () => {
      if (outcome !== 'broke') return outcome === 'complete' ? 'ok' : 'unknown';
      if (settingsTried) return 'unknown';
      return fault === 'model' || opened?.model === table.production ? 'failed' : 'unknown';
    };
    if (opened?.ok) breakers.settle(opened.model, verdict(), now(env));
    tellIfDown(env, context, { assignment, table });
    const event = interactionEvent(question, assignment, {
      interactionId,
      model: opened?.ok ? opened.model : assignment.model,
      status: STATUS[outcome],
      errorCode,
      assignedFailure: opened?.assignedFailure ?? null,
      fault,
      routingVersion: table.version,
      response,
      usage,
      firstTokenMs,
      startedMs,
      endedMs: now(env),
    });
    pushPatiently(env, [event])
      .catch(() => log('record_lost', interactionId))
      .finally(recorded.resolve);
  };
  const abandon = () => {
    abort.abort();
    settle('left', 'client_left');
  };
  if (question.clientSignal.aborted) abandon();
  else question.clientSignal.addEventListener('abort', abandon, { once: true });

  opened = await openAnswer(env, {
    assigned: assignment.model,
    production: table.production,
    request: {
      messages: question.messages,
      parameters: question.parameters,
      traceparent: question.traceparent,
    },
    patience,
    signal: abort.signal,
    settingsTried,
  });
  // At once: an answer by whoever stands in may take its time.
  tellIfDown(env, context, { assignment, table });
  const { model } = opened;
  if (!opened.ok) {
    settle('unanswered', opened.failure);
    throw unavailable('The assistant cannot answer right now. Please try again.', opened.detail);
  }
  if (!settled && opened.spoke) firstTokenMs = Math.max(0, now(env) - startedMs);
  const { first, rest } = opened;

  const feedbackToken = await issueFeedbackToken(settings.TOKEN_KEYS, {
    interactionId,
    visitorId: question.visitorId,
    experimentId: assignment.experimentId,
    arm: assignment.arm,
    model,
    issuedAtMs: startedMs,
  });

  const note = (batch: readonly Piece[]) => {
    for (const piece of batch) {
      if (piece.type === 'text') response += piece.text;
      if (piece.type === 'usage') usage = piece.usage;
    }
    return batch;
  };

  async function* pieces(): Pieces {
    try {
      yield note(first);
      for await (const batch of rest) yield note(batch);
      settle('complete', null);
      question.clientSignal.removeEventListener('abort', abandon);
    } catch (error) {
      settle('broke', error instanceof ModelServerError ? error.failure : 'broken');
      throw unavailable('The answer broke off. Please try again.', describe(error));
    } finally {
      // Nothing is left to stop after a whole answer, and aborting is not free.
      if (!settled) abandon();
    }
  }

  return {
    interactionId,
    feedbackToken,
    modelServed: model,
    createdAtMs: startedMs,
    pieces: pieces(),
    abandon,
  };
}

const STATUS: Record<Trouble['outcome'], InteractionEvent['status']> = {
  complete: 'complete',
  broke: 'partial',
  left: 'partial',
  unanswered: 'error',
};

const describe = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';

const unavailable = (message: string, internalMessage: string) =>
  new AppError('model_unavailable', message, { internalMessage, retryAfterSeconds: 10 });

function log(code: string, interactionId: string): void {
  console.error(JSON.stringify({ level: 'error', code, interaction_id: interactionId }));
}
