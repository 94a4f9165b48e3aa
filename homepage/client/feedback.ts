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
