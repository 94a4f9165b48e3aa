// Sends one explicit verdict on one answer. Resolves only when the server has recorded it (202);
// the page shows its thanks after that and not before.
import { type ClientOptions, postJson } from './http.ts';
import { type AnswerRef, recordedSchema, type Verdict } from './wire.ts';

export interface FeedbackOptions extends ClientOptions {
  /** Names this verdict. Send the same one again after a failure: it is then recorded once. */
  eventId: string;
  now?: Date;
}

export async function sendFeedback(
  answer: AnswerRef,
  verdict: Verdict,
  options: FeedbackOptions,
): Promise<void> {
  await postJson(
    '/api/feedback',
    {
      interaction_id: answer.interactionId,
      feedback_token: answer.feedbackToken,
      ...verdict,
      event_id: options.eventId,
      timestamp: (options.now ?? new Date()).toISOString(),
    },
    recordedSchema,
    options,
  );
}

/** A random UUID, also on pages without TLS where crypto.randomUUID does not exist. */
export function newEventId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-');
}
