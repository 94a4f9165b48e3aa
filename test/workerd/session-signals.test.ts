// What the server notices by itself: the same again, a further question, leaving at once. However the
// messages are delivered the record ends the same, and nothing counts twice.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CRON } from '../../core/calendar.ts';
import type { ImplicitSignals } from '../../core/feedback-values.ts';
import type { InteractionEvent, QueueEvent, SignalsEvent } from '../../core/wire/events.ts';
import { sweepAbandonment } from '../../functions/signals/abandonment.ts';
import * as environment from '../../workers/env.ts';
import { record } from '../../workers/recorder/index.ts';
import { fire } from '../../workers/scheduled.ts';
import { endErasures } from './erasure-support.ts';
import { quiet } from './faults-support.ts';
import { asOperator, call, chat, interactionOf, newVisitor, rows } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const T0 = Date.parse('2026-10-14T10:00:00Z');
const LONG = 'word '.repeat(100).trim();

async function deliver(events: readonly QueueEvent[]) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts: 1, body })),
  );
  await record(batch, env);
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
  expect(explicitAcks).toHaveLength(events.length);
}

/** One visitor's conversation; times are seconds after T0. */
function conversation() {
  const session_id = crypto.randomUUID();
  const visitor_id = `visitor-${session_id}`;
  return {
    asks: (atSeconds: number, query: string, over: Partial<InteractionEvent> = {}) =>
      interactionOf({
        session_id,
        visitor_id,
        query,
        response: LONG,
        created_at: T0 + atSeconds * 1000,
        ...over,
      }),
    reports: (answer: InteractionEvent, signals: ImplicitSignals): SignalsEvent => ({
      kind: 'signals',
      v: 1,
      event_id: crypto.randomUUID(),
      interaction_id: answer.interaction_id,
      visitor_id,
      model_version: answer.model_served,
      signals,
      received_at: answer.created_at + 5_000,
    }),
  };
}

async function noticed(answer: InteractionEvent) {
  const found = await rows(sql`
    SELECT metadata FROM feedback_events
    WHERE interaction_id = ${answer.interaction_id} AND feedback_type = 'detected'
      AND source = 'implicit' AND visitor_id = ${answer.visitor_id}`);
  return found.map(({ metadata }) => metadata);
}

const sweep = (atSeconds: number, options = {}) =>
  sweepAbandonment(env, T0 + atSeconds * 1000, options);
const HOUR = 3_600;

test('the same again and a further question are noticed on the answer before', async () => {
  const { asks } = conversation();
  const first = asks(0, 'How do I drain a node?');
  const again = asks(30, 'How can I drain the node?');
  const further = asks(90, 'Which port does Grafana use?');
  const muchLater = asks(1_000, 'And Prometheus?');
  await deliver([first, again, further, muchLater]);
  expect(await noticed(first)).toEqual([{ reformulated: true }]);
  expect(await noticed(again)).toEqual([{ follow_up_asked: true }]);
  expect(await noticed(further)).toEqual([]);
  expect(await noticed(muchLater)).toEqual([]);
});

test('whatever the order of delivery, one by one, twice or at once, it ends the same', async () => {
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 0, 2, 2, 1, 0],
  ];
  for (const order of orders) {
    const { asks } = conversation();
    const turns = [
      asks(0, 'How do I drain a node?'),
      asks(30, 'How can I drain the node?'),
      asks(60, 'Which port does Grafana use?'),
    ];
    for (const index of order) await deliver(turns.slice(index, index + 1));
    const found = await Promise.all(turns.map(noticed));
    expect(found).toEqual([[{ reformulated: true }], [{ follow_up_asked: true }], []]);
  }
  const { asks } = conversation();
  const turns = Array.from({ length: 8 }, (_, index) => asks(index * 10, `drain node ${index}`));
  await Promise.all(turns.toReversed().map((turn) => deliver([turn])));
  const found = await Promise.all(turns.map(noticed));
  expect(found).toEqual([...turns.slice(1).map(() => [{ reformulated: true }]), []]);
});

test('only one visitor\u2019s own session is a conversation', async () => {
  const one = interactionOf({ session_id: '', query: 'How do I drain a node?' });
  const two = interactionOf({ session_id: '', query: 'How do I drain a node?' });
  const { asks } = conversation();
  const mine = asks(0, 'How do I drain a node?');
  const theirs = asks(10, 'How do I drain a node?', { visitor_id: 'somebody else' });
  await deliver([one, two, mine, theirs]);
  for (const answer of [one, two, mine, theirs]) expect(await noticed(answer)).toEqual([]);
});

test('a page that says the same is heard too, and it counts once', async () => {
  const visitor = await newVisitor();
  const word = crypto.randomUUID();
  const answer = await chat(`How do I drain ${word}?`, visitor);
  const { interaction_id, feedback_token } = answer;
  const told = await call('/api/signals', {
    body: { interaction_id, feedback_token, signals: { reformulated: true } },
  });
  expect(told.status).toBe(202);
  await chat(`How can I drain ${word}?`, visitor);
  await quiet();
  expect(
    await rows(sql`
      SELECT feedback_type, metadata FROM feedback_events
      WHERE interaction_id = ${interaction_id} ORDER BY feedback_type`),
  ).toEqual([
    { feedback_type: 'detected', metadata: { reformulated: true } },
    { feedback_type: 'signals', metadata: { reformulated: true } },
  ]);
  const { body } = await call(`/admin/lineage/${interaction_id}`, { headers: asOperator });
  expect(JSON.stringify(body)).toContain('detected');
});

test('leaving at once is noticed when the conversation is over, once, however often it is swept', async () => {
  const { asks, reports } = conversation();
  const answer = asks(0, 'How do I drain a node?');
  await deliver([answer, reports(answer, { read_time_seconds: 2 })]);
  await sweep(HOUR - 60);
  expect(await noticed(answer)).toEqual([]);
  await endErasures();
  await fire(CRON.tick, T0 + 2 * HOUR * 1000, env);
  await Promise.all([sweep(2 * HOUR), sweep(3 * HOUR)]);
  await sweep(4 * HOUR);
  expect(await noticed(answer)).toEqual([{ abandoned: true }]);
});

test('every page of the sweep is decided', async () => {
  const left = Array.from({ length: 5 }, () => {
    const { asks, reports } = conversation();
    const answer = asks(0, 'How do I drain a node?');
    return { answer, report: reports(answer, { read_time_seconds: 1 }) };
  });
  await deliver(left.flatMap(({ answer, report }) => [answer, report]));
  await sweep(2 * HOUR, { pageSize: 2 });
  for (const { answer } of left) expect(await noticed(answer)).toEqual([{ abandoned: true }]);
});

test('leaving satisfied, staying, asking on, or reporting nothing is not abandoning', async () => {
  const stays = [
    [{ read_time_seconds: 2, copy_event: true }, LONG],
    [{ read_time_seconds: 2, citation_clicks: 1 }, LONG],
    [{ read_time_seconds: 12 }, LONG],
    [{ read_time_seconds: 2 }, 'Port 9090.'],
    [{}, LONG],
    // Said by the page already: not stored a second time.
    [{ read_time_seconds: 2, abandoned: true }, LONG],
  ] satisfies [ImplicitSignals, string][];
  const answers: InteractionEvent[] = [];
  for (const [signals, response] of stays) {
    const { asks, reports } = conversation();
    const answer = asks(0, 'How do I drain a node?', { response });
    answers.push(answer);
    await deliver([answer, reports(answer, signals)]);
  }
  const { asks, reports } = conversation();
  const voted = asks(0, 'How do I drain a node?');
  answers.push(voted);
  await deliver([
    voted,
    reports(voted, { read_time_seconds: 2 }),
    {
      kind: 'feedback',
      v: 1,
      event_id: crypto.randomUUID(),
      interaction_id: voted.interaction_id,
      visitor_id: voted.visitor_id,
      model_version: voted.model_served,
      feedback_type: 'thumbs_up',
      feedback_value: 1,
      corrected_response: null,
      correction_type: null,
      // What a page sends along is not trusted to be what it is called.
      metadata: { read_time_seconds: 'not a number' },
      at: T0 + 3_000,
      received_at: T0 + 3_000,
    },
  ]);
  await sweep(2 * HOUR);
  for (const answer of answers) expect(await noticed(answer)).toEqual([]);
});

test('a question that is recorded late takes the abandonment back', async () => {
  for (const [afterSeconds, expected] of [
    [60, { follow_up_asked: true }],
    [20 * 60, {}],
  ] as const) {
    const { asks, reports } = conversation();
    const answer = asks(0, 'How do I drain a node?');
    await deliver([answer, reports(answer, { read_time_seconds: 2 })]);
    await sweep(2 * HOUR);
    expect(await noticed(answer)).toEqual([{ abandoned: true }]);
    await deliver([answer]);
    expect(await noticed(answer)).toEqual([{ abandoned: true }]);
    await deliver([asks(afterSeconds, 'Which port does Grafana use?')]);
    await sweep(3 * HOUR);
    expect(await noticed(answer)).toEqual([expected]);
  }
});

test('a new conversation in the same session a day later leaves the old one as it ended', async () => {
  const { asks, reports } = conversation();
  const answer = asks(0, 'How do I drain a node?');
  const nextDay = asks(24 * HOUR, 'How do I drain a node?');
  await deliver([nextDay, answer, reports(answer, { read_time_seconds: 2 })]);
  await sweep(26 * HOUR);
  expect(await noticed(answer)).toEqual([{ abandoned: true }]);
});

test.each([
  ['feedback.enable_implicit', { enable_implicit: false }],
  ['feedback.implicit_tracking_events', { implicit_tracking_events: ['copy' as const] }],
])('%s switches it off', async (_, over) => {
  const learning = environment.learningOf(env);
  vi.spyOn(environment, 'learningOf').mockReturnValue({
    ...learning,
    feedback: { ...learning.feedback, ...over },
  });
  const { asks, reports } = conversation();
  const first = asks(0, 'How do I drain a node?');
  const again = asks(30, 'How can I drain the node?');
  await deliver([first, again, reports(again, { read_time_seconds: 1 })]);
  await sweep(2 * HOUR);
  expect(await noticed(first)).toEqual([]);
  expect(await noticed(again)).toEqual([]);
});

test('a simulated visitor, one question a conversation, is taken by his word alone', async () => {
  const ids: string[] = [];
  for (const signals of [
    { reformulated: true },
    { abandoned: true },
    undefined,
    { read_time_seconds: 9 },
  ]) {
    // As simulation/visits.ts does: each visit opens a session, asks once, and reports or not.
    const { interaction_id, feedback_token } = await chat('How do I drain a node?');
    ids.push(interaction_id);
    if (signals === undefined) continue;
    await call('/api/signals', { body: { interaction_id, feedback_token, signals } });
  }
  await quiet();
  await call('/local/clock', { body: { advance_ms: 24 * HOUR * 1000 }, headers: asOperator });
  const found = z.array(z.object({ interaction_id: z.string(), feedback_type: z.string() })).parse(
    await rows(sql`
        SELECT interaction_id, feedback_type FROM feedback_events
        WHERE interaction_id IN (SELECT value::uuid FROM jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`),
  );
  expect(found.map(({ feedback_type }) => feedback_type)).toEqual([
    'signals',
    'signals',
    'signals',
  ]);
});
