// What can go wrong around an answer. Each test ends with the exact count of answers, votes and
// exposures: nothing lost, nothing doubled. Faults of the models are in faults-models.test.ts.

import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  getQueueResult,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { writeTable } from '../../adapters/routing-table/index.ts';
import type { FeedbackEvent, QueueEvent } from '../../core/wire/events.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { record, retryDelaySeconds } from '../../workers/recorder/index.ts';
import {
  advance,
  counts,
  PAST_LEASE_MS,
  quiet,
  routingStub,
  thumb,
  trial,
  turnDatabase,
} from './faults-support.ts';
import { chat, eventually, interactionOf, newVisitor, rows } from './support.ts';

afterEach(async () => {
  vi.useRealTimers();
  await turnDatabase('up');
});

const T0 = Date.parse('2026-10-14T10:00:00Z');

const voteFor = (interaction_id: string, visitor_id: string): FeedbackEvent => ({
  kind: 'feedback',
  v: 1,
  event_id: crypto.randomUUID(),
  interaction_id,
  visitor_id,
  model_version: 'tiny-sre',
  feedback_type: 'thumbs_up',
  feedback_value: 1,
  corrected_response: null,
  correction_type: null,
  metadata: {},
  at: T0,
  received_at: T0,
});

async function deliver(events: readonly QueueEvent[], attempts = 1) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts, body })),
  );
  await record(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

test('queue delivering twice and in reverse', async () => {
  const experiment_id = crypto.randomUUID();
  const events = ['one', 'two', 'three'].flatMap((visitor, index) => {
    const visitor_id = `${visitor}-${experiment_id}`;
    const answer = (share_bp: number, at: number) =>
      interactionOf({ visitor_id, experiment_id, arm: 'treatment', share_bp, created_at: at });
    const first = answer(1_000, T0 + index);
    return [first, answer(1_000, T0 + 1_000), answer(2_500, T0 + 2_000), first].concat([]);
  });
  const votes = events.map((event) => voteFor(event.interaction_id, event.visitor_id)).slice(0, 5);
  const all: QueueEvent[] = [...events, ...votes];
  const backwards = all.toReversed();
  // One by one, then as a batch, then from two consumers at once.
  for (const event of backwards) await deliver([event]);
  await deliver(backwards);
  await Promise.all([deliver(all), deliver(backwards)]);
  expect(await counts(experiment_id)).toEqual({ answers: 9, votes: 5, exposures: 6 });
  const firsts = await rows(sql`
    SELECT first_at FROM exposures
    WHERE experiment_id = ${experiment_id} AND share_bp = 1000 ORDER BY first_at`);
  expect(firsts.map((row) => Date.parse(String(row.first_at)))).toEqual([T0, T0 + 1, T0 + 2]);
});

test('database down for a minute: answers go on, the recorder comes again, nothing is lost', async () => {
  const experiment = await trial('well-while-down');
  const visitors = [await newVisitor(), await newVisitor()];
  for (const visitor of visitors) await chat('before', visitor);
  await quiet();
  await turnDatabase('down');
  const delayed = vi.spyOn(console, 'warn');
  const downUntil = performance.now() + 60_000;
  let during = 0;
  while (performance.now() < downUntil) {
    for (const visitor of visitors) {
      during += 1;
      const answer = await chat(`during, ${during}`, visitor);
      expect(answer.response).toBe(`well-while-down answers: during, ${during}`);
      await thumb(answer);
    }
    await new Promise((resolve) => setTimeout(resolve, 8_000));
  }
  expect(delayed).toHaveBeenCalledWith(expect.stringContaining('record_delayed'));
  await turnDatabase('up');
  const all = { answers: visitors.length + during, votes: during, exposures: visitors.length };
  // A message that was tried just before comes again a minute later.
  await expect.poll(() => counts(experiment), { timeout: 150_000, interval: 1_000 }).toEqual(all);
  await quiet();
  expect(await counts(experiment)).toEqual(all);
}, 300_000);

test('database down: no message is acknowledged, each is asked for again', async () => {
  await turnDatabase('down');
  const { explicitAcks, retryMessages, ackAll } = await deliver([
    interactionOf({}),
    interactionOf({}),
  ]);
  expect({ explicitAcks, ackAll }).toEqual({ explicitAcks: [], ackAll: false });
  expect(retryMessages.map(({ msgId }) => msgId)).toEqual(['0', '1']);
});

test('the recorder asks soon at first, then every minute, for over an hour and a half', () => {
  const delays = Array.from({ length: 100 }, (_, index) => retryDelaySeconds(index + 1));
  expect(delays.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 60, 60]);
  expect(delays.reduce((sum, delay) => sum + delay)).toBeGreaterThan(1.5 * 3_600);
});

test('session object evicted', async () => {
  const experiment = await trial('well-evicted');
  const visitor = await newVisitor();
  await thumb(await chat('My first question', visitor));
  await quiet();
  await evictDurableObject(env.SESSIONS.get(env.SESSIONS.idFromName(visitor.id)));
  const { interaction_id } = await chat('My second question', visitor);
  await quiet();
  expect(
    await rows(
      sql`SELECT history_turns FROM interactions WHERE interaction_id = ${interaction_id}`,
    ),
  ).toEqual([{ history_turns: 1 }]);
  expect(await counts(experiment)).toEqual({ answers: 2, votes: 1, exposures: 1 });
});

test('routing object evicted', async () => {
  const experiment = await trial('well-though-evicted', 5_000);
  const visitors = await Promise.all(Array.from({ length: 8 }, () => newVisitor()));
  const served = async () => {
    const answers = [];
    for (const visitor of visitors) answers.push(await chat('Who answers?', visitor));
    for (const answer of answers) await thumb(answer);
    return answers.map(({ response }) => response);
  };
  const before = await served();
  await evictDurableObject(routingStub());
  await advance(PAST_LEASE_MS);
  expect(await served()).toEqual(before);
  await quiet();
  expect(await counts(experiment)).toEqual({ answers: 16, votes: 16, exposures: 8 });
});

test('clock going back', async () => {
  const experiment = await trial('well-in-time');
  const visitor = await newVisitor();
  await chat('Before the clock goes back', visitor);
  await quiet();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() - 3_600_000);
  const underWay = chat('slowly, while it goes back again', visitor);
  await new Promise((resolve) => setTimeout(resolve, 200));
  vi.setSystemTime(Date.now() - 3_600_000);
  await thumb(await underWay);
  await thumb(await chat('After it went back', visitor));
  vi.useRealTimers();
  await eventually(
    sql`SELECT 1 FROM feedback_events JOIN interactions USING (interaction_id)
        WHERE experiment_id = ${experiment} AND source = 'explicit'`,
    (found) => found.length === 2,
  );
  expect(await counts(experiment)).toEqual({ answers: 3, votes: 2, exposures: 1 });
  const [row] = await rows(sql`
    SELECT min(total_ms) >= 0 AND min(first_token_ms) >= 0 AS forwards,
           min(created_at) = (SELECT first_at FROM exposures WHERE experiment_id = ${experiment}) AS earliest
    FROM interactions WHERE experiment_id = ${experiment}`);
  expect(row).toEqual({ forwards: true, earliest: true });
});

test('KV stale: a rollback reaches every request within five seconds', async () => {
  const experiment = await trial('well-until-rolled-back');
  const visitor = await newVisitor();
  const before = await routingTable(env);
  expect((await chat('one', visitor)).response).toContain('well-until-rolled-back');
  const request_id = crypto.randomUUID();
  const changed = await routingStub().fetch('https://itty-durable/change', {
    method: 'POST',
    body: JSON.stringify({
      request_id,
      command: { action: 'rollback' },
      who: 'test',
      reason: request_id,
      at: Date.now(),
    }),
  });
  expect(changed.status).toBe(200);
  const sinceMs = performance.now();
  // What KV's other places still hold for up to a minute.
  await writeTable(env.ROUTING_KV, before);
  let lastOldMs = 0;
  let asked = 1;
  let old = 1;
  while (performance.now() - sinceMs < 7_000) {
    const { response } = await chat(`question ${asked}`, visitor);
    if (response.startsWith('well-until-rolled-back')) {
      lastOldMs = performance.now() - sinceMs;
      old += 1;
    } else {
      asked += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await quiet();
  await rows(sql`DELETE FROM routing_history WHERE reason = ${request_id}`);
  expect(asked).toBeGreaterThan(1);
  expect(lastOldMs).toBeLessThan(5_000);
  expect(await counts(experiment)).toEqual({ answers: old, votes: 0, exposures: 1 });
});
