// What the server itself notices about an answer from what came after it: the visitor said the same
// again, asked on, or left at once. The recorder and the sweep ask; curation merges the result with
// what the page reported, so that nothing counts twice. Pure.

import { type ImplicitSignals, readThoroughly, type SignalWeights } from './feedback-values.ts';
import type { LearningConfig } from './learning-config.ts';
import { similarity } from './rephrasing.ts';
import { wordCount } from './tokens.ts';

type FeedbackConfig = LearningConfig['feedback'];

/** A conversation is over this long after its last answer: its session object forgets it then. */
export const SESSION_LIFE_MS = 3_600_000;

/** The namespace of the ids of what the server notices; an answer has one such event at most. */
export const NOTICED_NAMESPACE = '6f0b6a52-3f0e-5d0c-9a5e-2b9f6f1d7c11';

export interface Turn {
  query: string;
  status: 'complete' | 'partial' | 'error';
  askedAtMs: number;
  answeredAtMs: number;
}

export interface NextQuestion {
  query: string;
  askedAtMs: number;
}

/** The next question is looked at; leaving is read off the reading time. */
export const noticesNext = ({ enable_implicit, implicit_tracking_events }: FeedbackConfig) =>
  enable_implicit && implicit_tracking_events.includes('reformulation');
export const noticesLeaving = ({ enable_implicit, implicit_tracking_events }: FeedbackConfig) =>
  enable_implicit && implicit_tracking_events.includes('read_time');

/**
 * What the next question of the same conversation says about the answer before it. Undefined where
 * that question belongs to another conversation, which says nothing about this one. An answer that
 * failed or broke off is asked for again because of that, so it is neither praised nor blamed.
 */
export function nextQuestionSignals(
  turn: Turn,
  next: NextQuestion,
  { session }: Pick<FeedbackConfig, 'session'>,
): ImplicitSignals | undefined {
  const gapMs = next.askedAtMs - turn.answeredAtMs;
  if (gapMs > SESSION_LIFE_MS) return undefined;
  if (turn.status !== 'complete' || gapMs > session.next_question_seconds * 1000) return {};
  return similarity(turn.query, next.query) >= session.reformulation_similarity
    ? { reformulated: true }
    : { follow_up_asked: true };
}

/** The two readings of one answer: signals of several batches, what came in any, the highest counts. */
export function mergeSignals(batches: readonly ImplicitSignals[]): ImplicitSignals {
  const merged: ImplicitSignals = {};
  const highest = (a: number | undefined, b: number | undefined) =>
    a === undefined ? b : b === undefined ? a : Math.max(a, b);
  for (const batch of batches) {
    merged.copy_event = merged.copy_event || batch.copy_event;
    merged.reformulated = merged.reformulated || batch.reformulated;
    merged.follow_up_asked = merged.follow_up_asked || batch.follow_up_asked;
    merged.abandoned = merged.abandoned || batch.abandoned;
    merged.citation_clicks = highest(merged.citation_clicks, batch.citation_clicks);
    merged.read_time_seconds = highest(merged.read_time_seconds, batch.read_time_seconds);
    if (batch.time_to_action_seconds !== undefined) {
      merged.time_to_action_seconds = Math.min(
        merged.time_to_action_seconds ?? Number.POSITIVE_INFINITY,
        batch.time_to_action_seconds,
      );
    }
  }
  // There is one next question: where page and server differ, the one who saw the same again is right.
  if (merged.reformulated === true) merged.follow_up_asked = undefined;
  return merged;
}

export interface Stay {
  signals: ImplicitSignals;
  voted: boolean;
  response: string;
}

/** Whether anything shows that the visitor was content, or stayed long enough to have been. */
function contentOrLong(
  { signals, voted, response }: Stay,
  feedback: Pick<FeedbackConfig, 'min_session_duration' | 'signal_weights'>,
): boolean {
  return (
    voted ||
    signals.copy_event === true ||
    (signals.citation_clicks ?? 0) > 0 ||
    signals.reformulated === true ||
    signals.follow_up_asked === true ||
    (signals.read_time_seconds ?? 0) >= feedback.min_session_duration ||
    readThoroughly(signals, wordCount(response), feedback.signal_weights)
  );
}

/** Drops a claim of abandonment that the rest of what is known refutes. */
export function withoutContentLeaving(
  stay: Stay,
  feedback: { min_session_duration: number; signal_weights: SignalWeights },
): ImplicitSignals {
  return contentOrLong(stay, feedback) ? { ...stay.signals, abandoned: undefined } : stay.signals;
}

/**
 * A short stay with no copy, click, adequate read or vote. Whether a stay was short is known only
 * where the page reported a reading time: somebody whose page reports nothing has not abandoned.
 */
export function leftAtOnce(
  stay: Stay,
  feedback: { min_session_duration: number; signal_weights: SignalWeights },
): boolean {
  return stay.signals.read_time_seconds !== undefined && !contentOrLong(stay, feedback);
}
