// Events on their way to a queue that refuses them: tried again, and told to whoever waits.

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { initialTable, unassigned } from '../../core/routing.ts';
import { createApp } from '../../workers/app.ts';
import type { Bindings } from '../../workers/env.ts';
import { push, pushPatiently } from '../../workers/outbox.ts';
import { interactionEvent } from '../../workers/router/answer-event.ts';
import { chat, eventually, interactionOf, newVisitor } from './support.ts';

const encoder = new TextEncoder();

/** Refuses so many batches before it takes one, and each with a message over the platform's limit. */
function refusing(times: number) {
  const taken: unknown[] = [];
  let asked = 0;
  const bindings: Bindings = {
    ...env,
    EVENTS: {
      ...env.EVENTS,
      sendBatch: async (messages) => {
        asked += 1;
        if (asked <= times) throw new Error('Too Many Requests');
        const sizes = [...messages].map(({ body }) => encoder.encode(JSON.stringify(body)).length);
        if (Math.max(...sizes) > 128_000) throw new Error('Payload Too Large');
        taken.push(...[...messages].map(({ body }) => body));
        return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
      },
    },
  };
  return { bindings, taken, asked: () => asked };
}

afterEach(() => {
  vi.useRealTimers();
});

test('a queue that refuses a batch and comes back takes it once', async () => {
  const events = [interactionOf({}), interactionOf({})];
  const queue = refusing(2);
  await push(queue.bindings, events);
  expect(queue.taken).toEqual(events);
  expect(queue.asked()).toBe(3);
});

test('a queue that goes on refusing is told to everyone whose events were in the batch', async () => {
  const error = vi.spyOn(console, 'error');
  const queue = refusing(Infinity);
  const outcomes = await Promise.allSettled(
    [interactionOf({}), interactionOf({})].map((event) => push(queue.bindings, [event])),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(queue.asked()).toBe(4);
  expect(error).toHaveBeenCalledWith(expect.stringContaining('queue_refused'));
});

test('an event that is too large for a message fails alone', async () => {
  const queue = refusing(0);
  const [before, large, after] = [{}, { response: 'long '.repeat(26_000) }, {}].map(interactionOf);
  const outcomes = await Promise.allSettled(
    [before, large, after].map((event) => push(queue.bindings, event ? [event] : [])),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(queue.taken).toEqual([before, after]);
});

/** Until the Worker has nothing more to do for it. */
async function post(path: string, body: object, bindings: Bindings) {
  const context = createExecutionContext();
  const response = await createApp().request(
    `https://bruno.example${path}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
    bindings,
    context,
  );
  await response.text();
  await waitOnExecutionContext(context);
  return response;
}

test('an answer is recorded when the queue comes back after a vote would have been refused', async () => {
  const { id, visitor_token } = await newVisitor();
  const queue = refusing(6);
  const asked = { session_id: id, visitor_token, message: 'Is the queue away?' };
  expect((await post('/api/chat', asked, queue.bindings)).status).toBe(200);
  expect(queue.taken).toMatchObject([{ kind: 'interaction', query: 'Is the queue away?' }]);
});

test('an answer whose question is larger than a message is recorded with the end of it', async () => {
  const table = initialTable('tiny-sre');
  const assignment = unassigned(table);
  const event = interactionEvent(
    {
      clientSignal: AbortSignal.timeout(60_000),
      visitorId: 'visitor-1',
      placed: { table, assignment },
      sessionId: '',
      traceId: 'trace-1',
      traceparent: '',
      query: `${'\u554f'.repeat(50_000)} and now?`,
      messages: [],
      historyTurns: 0,
      sources: [],
      retrievalPossible: false,
      promptVersion: 'v1',
      trainingOptOut: false,
      platform: 'openai',
      parameters: { temperature: 0, max_tokens: 1 },
    },
    assignment,
    {
      interactionId: crypto.randomUUID(),
      model: 'tiny-sre',
      status: 'complete',
      errorCode: null,
      assignedFailure: null,
      fault: null,
      routingVersion: 0,
      response: 'Here it is.',
      usage: undefined,
      firstTokenMs: 1,
      startedMs: 1,
      endedMs: 2,
    },
  );
  const queue = refusing(0);
  await push(queue.bindings, [event]);
  expect(queue.taken).toMatchObject([
    { query: expect.stringMatching(/\u554f and now\?$/), prompt_version: 'v1+cut' },
  ]);
});

test('a queue that does not come back within the life of a request is told in the end', async () => {
  vi.useFakeTimers();
  const queue = refusing(Infinity);
  const lost = expect(pushPatiently(queue.bindings, [interactionOf({})])).rejects.toThrow(
    'refused',
  );
  await vi.advanceTimersByTimeAsync(30_000);
  await lost;
  expect(queue.asked()).toBe(20);
});

test('a vote that the queue does not take is not acknowledged', async () => {
  const { interaction_id, feedback_token } = await chat('Does anybody keep this?');
  // An event of the same isolate would be sent with it, by its own request.
  await eventually(sql`SELECT 1 FROM interactions WHERE interaction_id = ${interaction_id}`);
  const vote = { interaction_id, feedback_token, feedback_type: 'thumbs_up' };
  const give = (bindings: Bindings) => post('/api/feedback', vote, bindings);
  const refused = await give(refusing(Infinity).bindings);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  const queue = refusing(1);
  expect((await give(queue.bindings)).status).toBe(202);
  expect(queue.taken).toMatchObject([{ interaction_id, feedback_type: 'thumbs_up' }]);
});
