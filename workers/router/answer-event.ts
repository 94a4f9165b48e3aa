// What is written down about an answer: the event for the recorder, made once when it has ended.

import type { Usage } from '../../adapters/model-server/index.ts';
import type { Fault } from '../../core/blame.ts';
import { fitted } from '../../core/message-size.ts';
import type { Assignment } from '../../core/routing.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import type { Question } from './answer.ts';
import type { AssignedFailure } from './opening.ts';

export interface Outcome {
  interactionId: string;
  model: string;
  status: InteractionEvent['status'];
  errorCode: string | null;
  assignedFailure: AssignedFailure | null;
  fault: Fault | null;
  routingVersion: number;
  response: string;
  usage: Usage | undefined;
  firstTokenMs: number | null;
  startedMs: number;
  endedMs: number;
}

export function interactionEvent(
  question: Question,
  assignment: Assignment,
  outcome: Outcome,
): InteractionEvent {
  // Postgres cannot store U+0000 nor half a character, and a small model may well emit them.
  const clean = (text: string) => text.replaceAll('\u0000', '').toWellFormed();
  return fitted({
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
    settings_id: assignment.settings?.id ?? null,
    model_served: outcome.model,
    model_assigned: assignment.model,
    arm: assignment.arm,
    experiment_id: assignment.experimentId,
    share_bp: assignment.shareBp,
    stratum: assignment.stratum,
    routing_version: outcome.routingVersion,
    status: outcome.status,
    error_code: outcome.errorCode,
    assigned_failure: outcome.assignedFailure,
    fault: outcome.fault,
    prompt_tokens: outcome.usage?.promptTokens ?? null,
    completion_tokens: outcome.usage?.completionTokens ?? null,
    first_token_ms: outcome.firstTokenMs,
    // The clock may go back while an answer runs.
    total_ms: Math.max(0, outcome.endedMs - outcome.startedMs),
    training_opt_out: question.trainingOptOut,
    platform: question.platform,
    created_at: outcome.startedMs,
  });
}
