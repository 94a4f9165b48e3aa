// The simulation's only way to the product: its public HTTP endpoints, as a visitor, as an operator
// and as whoever moves the local clock. Nothing here may read the database or the home folder.

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CallError, parseEvents, send, sendJson } from './http.ts';
import type { Correction, Signals, Vote } from './visitor.ts';

const CHAT_MS = 120_000;
const QUICK_MS = 30_000;
/** A clock jump runs every cron instant it passes before it answers. */
const CLOCK_MS = 300_000;

const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });
export type Session = z.infer<typeof sessionSchema>;

const answerSchema = z.object({
  response: z.string(),
  interaction_id: z.string(),
  feedback_token: z.string(),
});
export interface Answer {
  text: string;
  interactionId: string;
  feedbackToken: string;
}

const chatEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('meta'), interaction_id: z.string(), feedback_token: z.string() }),
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('error'),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);

const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
});

const statusSchema = z.object({
  now: z.string(),
  live: z.object({ production: z.string(), candidate: z.string().nullable() }),
  counts: z.object({
    interactions: z.number(),
    explicit: z.number(),
    corrections: z.number(),
    signals: z.number(),
  }),
});
export type Status = z.infer<typeof statusSchema>;

const reviewSchema = z.object({ event_id: z.string(), corrected_response: z.string() });

const datasetSchema = z.object({
  id: z.string(),
  week: z.string(),
  status: z.string(),
  counts: z.object({ interactions: z.number().optional(), qualified: z.number().optional() }),
});
export type Dataset = z.infer<typeof datasetSchema>;

const jobSchema = z.object({
  id: z.string(),
  dataset_id: z.string().nullish(),
  model_id: z.string(),
  status: z.enum(['queued', 'leased', 'succeeded', 'refused', 'failed', 'cancelled']),
  progress: z
    .object({
      phase: z.string(),
      step: z.number(),
      total_steps: z.number(),
      loss: z.number().nullish(),
    })
    .nullish(),
  verdict: z.object({ accepted: z.boolean(), reason: z.string() }).nullish(),
  error: z.unknown(),
});
export type Job = z.infer<typeof jobSchema>;

const modelSchema = z.object({ id: z.string(), stage: z.string() });
const anything = z.unknown();

/** The list under `key`, or the bare list where an endpoint answers one. */
function listed<Schema extends z.ZodType>(key: string, item: Schema) {
  return z.preprocess((body) => {
    const wrapped = z.record(z.string(), z.unknown()).safeParse(body);
    return wrapped.success && !Array.isArray(body) ? wrapped.data[key] : body;
  }, z.array(item));
}

/** Visitors come from the demo page, so their Origin is the server's own. */
export function visitorClient(url: string, signal: AbortSignal) {
  const headers = { origin: new URL(url).origin };
  const post = (path: string, body: unknown, timeoutMs: number) =>
    ({ method: 'POST', path, body, headers, timeoutMs }) as const;

  return {
    /** A new conversation; with a visitor token, of somebody who has been here before. */
    openSession(visitorToken?: string): Promise<Session> {
      const call = post('/api/chat/session', {}, QUICK_MS);
      const known = visitorToken === undefined ? {} : { authorization: `Bearer ${visitorToken}` };
      return sendJson(url, { ...call, headers: { ...headers, ...known } }, sessionSchema, signal);
    },

    async chat(session: Session, message: string, streamed: boolean): Promise<Answer> {
      const body = { session_id: session.id, visitor_token: session.visitor_token, message };
      const call = post('/api/chat', body, CHAT_MS);
      if (!streamed) {
        const answer = await sendJson(url, call, answerSchema, signal);
        return {
          text: answer.response,
          interactionId: answer.interaction_id,
          feedbackToken: answer.feedback_token,
        };
      }
      const accept = { ...headers, accept: 'text/event-stream' };
      const response = await send(url, { ...call, headers: accept }, signal);
      return readStream(await response.text());
    },

    async feedback(answer: Answer, vote: Vote, correction: Correction | undefined): Promise<void> {
      const about = { interaction_id: answer.interactionId, feedback_token: answer.feedbackToken };
      const value = vote.type === 'rating' ? { value: vote.value } : {};
      const voted = { ...about, feedback_type: vote.type, ...value, event_id: randomUUID() };
      await sendJson(url, post('/api/feedback', voted, QUICK_MS), anything, signal);
      if (correction === undefined) return;
      const corrected = {
        ...about,
        feedback_type: 'correction',
        corrected_response: correction.answer,
        correction_type: 'factual_error',
        metadata: { key_facts: correction.key },
        event_id: randomUUID(),
      };
      await sendJson(url, post('/api/feedback', corrected, QUICK_MS), anything, signal);
    },

    async signals(answer: Answer, signals: Signals): Promise<void> {
      const body = {
        interaction_id: answer.interactionId,
        feedback_token: answer.feedbackToken,
        signals,
        event_id: randomUUID(),
      };
      await sendJson(url, post('/api/signals', body, QUICK_MS), anything, signal);
    },
  };
}
export type VisitorClient = ReturnType<typeof visitorClient>;

function readStream(stream: string): Answer {
  let text = '';
  let ids: { interactionId: string; feedbackToken: string } | undefined;
  for (const raw of parseEvents(stream)) {
    const event = chatEventSchema.parse(raw);
    if (event.type === 'meta') {
      ids = { interactionId: event.interaction_id, feedbackToken: event.feedback_token };
    } else if (event.type === 'delta') text += event.text;
    else if (event.type === 'error') {
      throw new CallError('POST /api/chat', 200, event.error.code, event.error.message);
    }
  }
  if (ids === undefined) {
    throw new CallError('POST /api/chat', 200, 'unexpected_body', 'the stream had no meta event');
  }
  return { text, ...ids };
}

export interface RouteChange {
  action: 'start' | 'promote';
  model_id: string;
  share?: number;
  reason: string;
}

export function operatorClient(url: string, token: string, signal: AbortSignal) {
  const headers = { authorization: `Bearer ${token}` };
  const get = <Schema extends z.ZodType>(path: string, schema: Schema) =>
    sendJson(url, { method: 'GET', path, headers, timeoutMs: QUICK_MS }, schema, signal);
  const post = <Schema extends z.ZodType>(
    path: string,
    body: unknown,
    schema: Schema,
    {
      timeoutMs = QUICK_MS,
      extra = {},
    }: { timeoutMs?: number; extra?: Record<string, string> } = {},
  ) =>
    sendJson(
      url,
      { method: 'POST', path, body, headers: { ...headers, ...extra }, timeoutMs },
      schema,
      signal,
    );

  return {
    status: () => get('/admin/status', statusSchema),
    pendingReviews: () => get('/admin/reviews?status=pending', listed('reviews', reviewSchema)),
    acceptReview: (eventId: string) =>
      post(`/admin/reviews/${encodeURIComponent(eventId)}`, { decision: 'accept' }, anything),
    datasets: () => get('/admin/datasets', listed('datasets', datasetSchema)),
    jobs: () => get('/admin/jobs', listed('jobs', jobSchema)),
    createJob: (datasetId: string) => post('/admin/jobs', { dataset_id: datasetId }, anything),
    models: () => get('/admin/models', listed('models', modelSchema)),
    route: (change: RouteChange) =>
      post('/admin/route', { ...change, request_id: randomUUID() }, anything),
    setClock: (atMs: number) =>
      post('/local/clock', { to: new Date(atMs).toISOString() }, anything, { timeoutMs: CLOCK_MS }),

    /** Asks one model directly, unrecorded, so that a measurement can never become training data. */
    async measure(model: string, question: string): Promise<string> {
      const body = {
        model,
        messages: [{ role: 'user', content: question }],
        temperature: 0,
        max_tokens: 64,
      };
      const done = await post('/v1/chat/completions', body, completionSchema, {
        timeoutMs: CHAT_MS,
        extra: { 'x-bruno-measure': '1' },
      });
      return done.choices[0]?.message.content ?? '';
    },
  };
}
export type OperatorClient = ReturnType<typeof operatorClient>;
