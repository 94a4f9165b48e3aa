// Explicit feedback and implicit signals. A token from the answer is all the proof that is needed,
// so nothing here reads a database; an event is acknowledged once the queue has it.

import { Hono } from 'hono';
import { AppError } from '../../core/errors.ts';
import { feedbackValue } from '../../core/feedback-values.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import {
  type FeedbackRequest,
  feedbackRequestSchema,
  type SignalEvent,
  signalsRequestSchema,
} from '../../core/wire/feedback.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { learningOf, now, randomBytes, settingsOf } from '../env.ts';
import { type App, type AppContext, readJson } from '../http.ts';
import { limit } from '../limits.ts';
import { push } from '../outbox.ts';
import { type FeedbackClaims, readFeedbackToken, readVisitorToken } from '../tokens.ts';

type TrackedEvent = LearningConfig['feedback']['implicit_tracking_events'][number];

export const feedback = new Hono<App>()
  .post('/api/feedback', async (c) => {
    const body = parseWire(feedbackRequestSchema, await readJson(c, LIMITS.feedbackBytes));
    if (!learningOf(c.env).feedback.enable_explicit) throw switchedOff('Explicit feedback');
    const claims = await claimsFor(c, body);
    c.set('interactionId', claims.interactionId);
    await limitVisitors(c, [claims.visitorId]);
    const event = feedbackEvent(c, body, claims);
    await enqueue(c, [event]);
    return c.json({ status: 'recorded', event_id: event.event_id }, 202);
  })
  .post('/api/signals', async (c) => {
    const { events } = parseWire(
      signalsRequestSchema,
      await readJson(c, LIMITS.feedbackBytes, true),
    );
    if (!learningOf(c.env).feedback.enable_implicit) throw switchedOff('Implicit feedback');
    const queued = await Promise.all(events.map((event) => signalsEvent(c, event)));
    await limitVisitors(
      c,
      queued.map((event) => event.visitor_id),
    );
    await enqueue(c, queued);
    return c.json({ status: 'recorded', accepted: queued.length }, 202);
  });

/** A batch counts once for each visitor in it, who is one unless somebody plays tricks. */
async function limitVisitors(c: AppContext, ids: readonly string[]): Promise<void> {
  const message = 'You are sending feedback faster than it is taken.';
  for (const id of new Set(ids)) await limit(c.env.FEEDBACK_LIMIT, id, message);
}

const switchedOff = (what: string) => new AppError('forbidden', `${what} is switched off here.`);

/**
 * The feedback token alone says who was answered. A visitor token sent along must say the same: a page
 * that holds somebody else's answer is told so instead of voting in their name.
 */
async function claimsFor(
  c: AppContext,
  said: Pick<FeedbackRequest, 'feedback_token' | 'visitor_token' | 'interaction_id'>,
): Promise<FeedbackClaims> {
  const { TOKEN_KEYS: keys } = settingsOf(c.env);
  const claims = await readFeedbackToken(keys, said.feedback_token, now(c.env));
  if (claims.interactionId !== said.interaction_id) {
    throw new AppError('token_invalid', 'The feedback token belongs to another answer.');
  }
  if (said.visitor_token !== undefined) {
    const { visitorId } = await readVisitorToken(keys, said.visitor_token, now(c.env));
    if (visitorId !== claims.visitorId) {
      throw new AppError('token_invalid', 'The feedback token belongs to another visitor.');
    }
  }
  return claims;
}

function feedbackEvent(c: AppContext, body: FeedbackRequest, claims: FeedbackClaims) {
  const receivedAt = now(c.env);
  const claimed = body.timestamp === undefined ? receivedAt : Date.parse(body.timestamp);
  return {
    kind: 'feedback',
    v: 1,
    event_id: body.event_id ?? uuidv7(receivedAt, randomBytes(10)),
    interaction_id: claims.interactionId,
    visitor_id: claims.visitorId,
    model_version: claims.model,
    feedback_type: body.feedback_type,
    feedback_value: feedbackValue(body.feedback_type, body.value),
    corrected_response: body.corrected_response ?? null,
    correction_type: body.correction_type ?? null,
    metadata: body.metadata ?? {},
    // A visitor's clock may be wrong, and a vote cannot precede its answer or come from the future.
    at: Math.min(Math.max(claimed, claims.issuedAtMs), receivedAt),
    received_at: receivedAt,
  } satisfies QueueEvent;
}

async function signalsEvent(c: AppContext, event: SignalEvent): Promise<QueueEvent> {
  const claims = await claimsFor(c, event);
  const receivedAt = now(c.env);
  return {
    kind: 'signals',
    v: 1,
    event_id: event.event_id ?? uuidv7(receivedAt, randomBytes(10)),
    interaction_id: claims.interactionId,
    visitor_id: claims.visitorId,
    model_version: claims.model,
    signals: trackedSignals(event.signals, learningOf(c.env).feedback.implicit_tracking_events),
    received_at: receivedAt,
  };
}

/** Only what the configuration says is tracked; the rest is not kept. */
function trackedSignals(
  signals: SignalEvent['signals'],
  tracked: readonly TrackedEvent[],
): SignalEvent['signals'] {
  const kept = { ...signals };
  if (!tracked.includes('copy')) delete kept.copy_event;
  if (!tracked.includes('citation_click')) delete kept.citation_clicks;
  if (!tracked.includes('reformulation')) delete kept.reformulated;
  if (!tracked.includes('read_time')) {
    delete kept.read_time_seconds;
    delete kept.time_to_action_seconds;
  }
  return kept;
}

async function enqueue(c: AppContext, events: readonly QueueEvent[]): Promise<void> {
  try {
    await push(c.env, events);
  } catch (cause) {
    throw new AppError('dependency_unavailable', 'Feedback cannot be taken right now. Try again.', {
      retryAfterSeconds: 5,
      internalMessage: 'events queue refused a batch',
      cause,
    });
  }
}
