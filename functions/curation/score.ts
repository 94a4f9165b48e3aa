// One answer and everything said about it, judged: qualified, corrected, or filtered and why. Pure.

import { isSettingsId } from '../../core/answer-settings.ts';
import {
  explicitValue,
  FEEDBACK_TYPES,
  type FeedbackType,
  type ImplicitSignals,
  implicitScore,
  latestFirst,
} from '../../core/feedback-values.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import { type Band, quality } from '../../core/quality.ts';
import { mergeSignals, withoutContentLeaving } from '../../core/session-signals.ts';
import { isPromptVersion } from '../../core/system-prompt.ts';
import { type TokenCount, tokenCount, wordCount } from '../../core/tokens.ts';
import { signalsSchema } from '../../core/wire/feedback.ts';
import { personalData } from './personal-data.ts';

export interface Evidence {
  eventId: string;
  source: 'explicit' | 'implicit';
  type: FeedbackType | 'signals';
  value: number | null;
  atMs: number;
  receivedMs: number;
  metadata: unknown;
  correctedResponse: string | null;
  reviewStatus: 'pending' | 'accepted' | 'rejected' | null;
  /** A vote beyond what counts of its visitor (core/vote-bounds.ts): it says nothing about the answer. */
  bounded: boolean;
}

export interface AnswerFacts {
  status: 'complete' | 'partial' | 'error';
  query: string;
  response: string;
  completionTokens: number | null;
  promptVersion: string;
  historyTurns: number;
  trainingOptOut: boolean;
  retrievalPossible: boolean;
  sourceTexts: readonly string[];
}

export type FilterReason =
  | 'incomplete'
  | 'opted_out'
  | 'custom_prompt'
  | 'mid_conversation'
  | 'personal_data'
  | 'no_evidence'
  | 'bounded'
  | 'low_quality'
  | 'abandoned'
  | 'length';

export interface Score {
  raw: number;
  score: number;
  band: Band;
}

export interface Judged {
  /** Undefined where nobody voted and no signal came. */
  score: Score | undefined;
  /** Who counted the answer's length. */
  tokenSource: TokenCount['source'];
  /** Its question may be kept: consented, free of personal data and determined by itself. */
  usable: boolean;
  /** May be taught as it stands. */
  qualified: boolean;
  /** May stand in a pair. */
  comparable: boolean;
  correction: { eventId: string; text: string } | undefined;
  reason: FilterReason | undefined;
}

export function judge(
  answer: AnswerFacts,
  evidence: readonly Evidence[],
  config: Pick<LearningConfig, 'curation' | 'feedback'>,
): Judged {
  const { curation, feedback } = config;
  const words = wordCount(answer.response);
  const explicit = explicitValue(
    evidence.flatMap(({ eventId, source, type, value, atMs, receivedMs, bounded }) =>
      source === 'explicit' && type !== 'signals' && value !== null && !bounded
        ? [{ eventId, type, value, atMs, receivedMs }]
        : [],
    ),
  );
  const signals = withoutContentLeaving(
    { signals: signalsOf(evidence), voted: explicit !== undefined, response: answer.response },
    feedback,
  );
  const implicit = implicitScore(signals, words, feedback.signal_weights);
  const { tokens, source: tokenSource } = tokenCount(answer.response, answer.completionTokens);
  const score = quality(
    {
      explicit,
      implicit,
      responseTokens: tokens,
      contextUsed: answer.retrievalPossible ? answer.sourceTexts.length > 0 : undefined,
    },
    curation.scoring,
  );
  const correction = acceptedCorrection(evidence, curation.max_response_tokens);
  const base = { score, tokenSource, correction };
  const never = { usable: false, qualified: false, comparable: false };
  const refused = questionRefused(answer);
  if (refused !== undefined) return { ...base, ...never, correction: undefined, reason: refused };
  const spoilt = answerRefused(answer);
  // The corrected text does not hold what spoilt the answer.
  if (spoilt !== undefined) {
    return { ...base, ...never, usable: correction !== undefined, reason: spoilt };
  }
  const fits = tokens >= curation.min_response_tokens && tokens <= curation.max_response_tokens;
  // In mid-conversation the question alone does not determine the answer: praise would teach a
  // guess. A correction stands by itself, because the operator saw no more than the two.
  const alone = answer.historyTurns === 0;
  const reason = alone
    ? shortcoming(score, signals, fits, curation.min_quality_score)
    : 'mid_conversation';
  const wasBounded = reason === 'no_evidence' && evidence.some(({ bounded }) => bounded);
  return {
    ...base,
    usable: alone || correction !== undefined,
    // A corrected answer is taught as corrected, never as it was.
    qualified: reason === undefined && correction === undefined,
    comparable: alone && score !== undefined && fits,
    reason: wasBounded ? 'bounded' : reason,
  };
}

/** Reports of the page and what the server noticed are read alike. */
export const evidenceType = (feedbackType: string): Evidence['type'] =>
  FEEDBACK_TYPES.find((type) => type === feedbackType) ?? 'signals';

/** One reading from what the page reported and what the server noticed. */
export function signalsOf(
  evidence: readonly Pick<Evidence, 'type' | 'metadata'>[],
): ImplicitSignals {
  return mergeSignals(
    evidence.map(({ type, metadata }) =>
      type === 'signals'
        ? (signalsSchema.safeParse(metadata).data ?? {})
        : { abandoned: type === 'abandonment' },
    ),
  );
}

function shortcoming(
  score: Score | undefined,
  signals: ImplicitSignals,
  fits: boolean,
  minimum: number,
): FilterReason | undefined {
  if (score === undefined) return 'no_evidence';
  if (signals.abandoned === true) return 'abandoned';
  if (score.raw <= minimum) return 'low_quality';
  return fits ? undefined : 'length';
}

/** Why nothing may be taught about this question, a correction included. */
function questionRefused(answer: AnswerFacts): FilterReason | undefined {
  if (answer.trainingOptOut) return 'opted_out';
  const { promptVersion: version } = answer;
  if (!isPromptVersion(version) && !isSettingsId(version)) return 'custom_prompt';
  const texts = [answer.query, ...answer.sourceTexts];
  return texts.some((text) => personalData(text) !== undefined) ? 'personal_data' : undefined;
}

/** Why the answer itself may not be taught, nor stand in a pair. */
function answerRefused(answer: AnswerFacts): FilterReason | undefined {
  if (answer.status !== 'complete' || answer.response.trim() === '') return 'incomplete';
  return personalData(answer.response) === undefined ? undefined : 'personal_data';
}

function acceptedCorrection(
  evidence: readonly Evidence[],
  maxTokens: number,
): { eventId: string; text: string } | undefined {
  const accepted = evidence
    .filter((event) => event.reviewStatus === 'accepted' && event.correctedResponse !== null)
    .toSorted(latestFirst)[0];
  const text = accepted?.correctedResponse?.trim();
  if (accepted === undefined || !text) return undefined;
  if (wordCount(text) > maxTokens || personalData(text) !== undefined) return undefined;
  return { eventId: accepted.eventId, text };
}
