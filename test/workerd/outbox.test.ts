// Events on their way to a queue that refuses them: tried again, and told to whoever waits.

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { createApp } from '../../workers/app.ts';
import type { Bindings } from '../../workers/env.ts';
import { push, pushPatiently } from '../../workers/outbox.ts';
import { chat, eventually, interactionOf, newVisitor } from './support.ts';

/** Refuses so many batches before it takes one. */
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

test('an answer is recorded when the queue comes back after a vote would have been refused', async () => {
  const { id, visitor_token } = await newVisitor();
  const queue = refusing(6);
  const context = createExecutionContext();
  const response = await createApp().request(
    'https://bruno.example/api/chat',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session_id: id, visitor_token, message: 'Is the queue away?' }),
    },
    queue.bindings,
    context,
  );
  expect(response.status).toBe(200);
  await response.text();
  await waitOnExecutionContext(context);
  expect(queue.taken).toMatchObject([{ kind: 'interaction', query: 'Is the queue away?' }]);
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
  const give = (bindings: Bindings) =>
    createApp().request(
      'https://bruno.example/api/feedback',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(vote),
      },
      bindings,
      createExecutionContext(),
    );
  const refused = await give(refusing(Infinity).bindings);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  const queue = refusing(1);
  expect((await give(queue.bindings)).status).toBe(202);
  expect(queue.taken).toMatchObject([{ interaction_id, feedback_type: 'thumbs_up' }]);
});
