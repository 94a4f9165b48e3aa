// Votes and signals: what is accepted, what is refused and why, and that however often and in
// whatever order they are delivered, the record ends the same.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { QueueEvent } from '../../core/wire/events.ts';
import { record } from '../../workers/recorder/index.ts';
import { asOperator, call, chat, eventually, interactionOf, newVisitor, rows } from './support.ts';

const vote = (answer: { interaction_id: string; feedback_token: string }, over: object = {}) =>
  call('/api/feedback', {
    body: {
      interaction_id: answer.interaction_id,
      feedback_token: answer.feedback_token,
      feedback_type: 'thumbs_up',
      ...over,
    },
  });

test('a thumb is acknowledged and written with its normalised value', async () => {
  const answer = await chat('Was this helpful?');
  const { status, body } = await vote(answer, { feedback_type: 'rating', value: 4 });
  expect(status).toBe(202);
  expect(body).toMatchObject({ status: 'recorded' });
  const [row] = await eventually(
    sql`SELECT * FROM feedback_events WHERE interaction_id = ${answer.interaction_id}`,
  );
  expect(row).toMatchObject({
    feedback_type: 'rating',
    feedback_value: 0.5,
    source: 'explicit',
    model_version: 'tiny-sre',
    review_status: null,
  });
});

test('the same event id is written once, however often it is sent', async () => {
  const answer = await chat('Twice?');
  const event_id = crypto.randomUUID();
  await Promise.all([1, 2, 3].map(() => vote(answer, { event_id })));
  const last = await vote(answer, { feedback_type: 'thumbs_down' });
  expect(last.status).toBe(202);
  const written = await eventually(
    sql`SELECT event_id FROM feedback_events WHERE interaction_id = ${answer.interaction_id}`,
    (found) => found.length >= 2,
  );
  expect(written).toHaveLength(2);
});

test('on a device whose clock is slow a changed vote stands', async () => {
  const answer = await chat('Did you change your mind?');
  const timestamp = new Date(Date.now() - 3_600_000).toISOString();
  const votes = [
    { event_id: crypto.randomUUID().replace(/^./, 'f'), feedback_type: 'thumbs_up' },
    { event_id: crypto.randomUUID().replace(/^./, '0'), feedback_type: 'thumbs_down' },
  ];
  for (const own of votes) {
    await vote(answer, { ...own, timestamp });
    await eventually(sql`SELECT 1 FROM feedback_events WHERE event_id = ${own.event_id}`);
  }
  const of = sql`WHERE interaction_id = ${answer.interaction_id}`;
  expect(await rows(sql`SELECT DISTINCT at FROM feedback_events ${of}`)).toHaveLength(1);
  expect(await rows(sql`SELECT feedback_type FROM standing_votes ${of}`)).toEqual([
    { feedback_type: 'thumbs_down' },
  ]);
  const read = await call(`/admin/lineage/${answer.interaction_id}`, { headers: asOperator });
  expect(read.body).toMatchObject({
    feedback: expect.arrayContaining([
      expect.objectContaining({ feedback_type: 'thumbs_down', standing: true }),
      expect.objectContaining({ feedback_type: 'thumbs_up', standing: false }),
    ]),
  });
});

test('a correction waits for an operator', async () => {
  const answer = await chat('Which port?');
  await vote(answer, { feedback_type: 'correction', corrected_response: 'Port 9090.' });
  const [row] = await eventually(
    sql`SELECT review_status, feedback_value FROM feedback_events WHERE interaction_id = ${answer.interaction_id}`,
  );
  expect(row).toEqual({ review_status: 'pending', feedback_value: -0.5 });
});

test('a beacon\u2019s text/plain batch of signals is taken', async () => {
  const answer = await chat('Will you copy this?');
  const { interaction_id, feedback_token } = answer;
  const { status, body } = await call('/api/signals', {
    raw: JSON.stringify({
      events: [
        { interaction_id, feedback_token, signals: { copy_event: true } },
        { interaction_id, feedback_token, signals: { read_time_seconds: 12.5 } },
      ],
    }),
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
  });
  expect(status).toBe(202);
  expect(body).toEqual({ status: 'recorded', accepted: 2 });
  await eventually(
    sql`SELECT 1 FROM feedback_events WHERE interaction_id = ${interaction_id} AND source = 'implicit'`,
    (found) => found.length === 2,
  );
});

test('a token for another answer, a forged one and none at all are refused by reason', async () => {
  const mine = await chat('Mine');
  const other = await chat('Other');
  const replayed = await vote({ ...mine, feedback_token: other.feedback_token });
  expect(replayed).toMatchObject({ status: 401, body: { error: { code: 'token_invalid' } } });
  expect(JSON.stringify(replayed.body)).toContain('another answer');
  const forged = await vote({ ...mine, feedback_token: `${mine.feedback_token.slice(0, -4)}AAAA` });
  expect(forged).toMatchObject({ status: 401, body: { error: { code: 'token_invalid' } } });
  const { visitor_token } = await newVisitor();
  const wrongKind = await vote({ ...mine, feedback_token: visitor_token });
  expect(wrongKind).toMatchObject({ status: 401, body: { error: { code: 'token_invalid' } } });
});

async function deliver(events: QueueEvent[]) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({
      id: `${index}-${crypto.randomUUID()}`,
      timestamp: new Date(),
      attempts: 1,
      body,
    })),
  );
  await record(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

test('feedback before its answer, and everything twice and in reverse, ends the same', async () => {
  const answer = interactionOf({ visitor_id: crypto.randomUUID() });
  const thumb: QueueEvent = {
    kind: 'feedback',
    v: 1,
    event_id: crypto.randomUUID(),
    interaction_id: answer.interaction_id,
    visitor_id: answer.visitor_id,
    model_version: 'tiny-sre',
    feedback_type: 'thumbs_up',
    feedback_value: 1,
    corrected_response: null,
    correction_type: null,
    metadata: {},
    at: answer.created_at + 1000,
    received_at: answer.created_at + 1000,
  };
  await deliver([thumb]);
  await deliver([answer, thumb]);
  await deliver([thumb, answer, answer]);
  const counted = await rows(sql`
    SELECT (SELECT count(*)::int FROM interactions WHERE interaction_id = ${answer.interaction_id}) AS answers,
           (SELECT count(*)::int FROM feedback_events WHERE interaction_id = ${answer.interaction_id}) AS votes`);
  expect(counted).toEqual([{ answers: 1, votes: 1 }]);
});

test('a message nobody can read goes to the dead letters and does not hold up the others', async () => {
  const answer = interactionOf({});
  const batch = createMessageBatch('bruno-events', [
    { id: 'poison', timestamp: new Date(), attempts: 1, body: JSON.parse('{"kind":"unheard of"}') },
    { id: 'fine', timestamp: new Date(), attempts: 1, body: answer },
  ]);
  await record(batch, env);
  const result = await getQueueResult(batch, createExecutionContext());
  expect(result.explicitAcks.toSorted()).toEqual(['fine', 'poison']);
  expect(
    await rows(
      sql`SELECT 1 AS one FROM interactions WHERE interaction_id = ${answer.interaction_id}`,
    ),
  ).toEqual([{ one: 1 }]);
});

test('a row that the database refuses is buried alone, the rest of its batch is written', async () => {
  const fine = interactionOf({});
  // Ingest refuses this; a writer of an older version may still have queued it.
  const half = interactionOf({ query: 'half a character: \ud800' });
  const batch = createMessageBatch('bruno-events', [
    { id: 'half', timestamp: new Date(), attempts: 1, body: half },
    { id: 'fine', timestamp: new Date(), attempts: 1, body: fine },
  ]);
  await record(batch, env);
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
  expect(explicitAcks.toSorted()).toEqual(['fine', 'half']);
  const ids = [fine.interaction_id, half.interaction_id];
  const written = await Promise.all(
    ids.map((id) => rows(sql`SELECT 1 AS one FROM interactions WHERE interaction_id = ${id}`)),
  );
  expect(written.map((found) => found.length)).toEqual([1, 0]);
});

test('half a character is refused by its field, in a text and in metadata', async () => {
  const answer = await chat('Which?');
  const wrong = JSON.parse('"\\ud800"');
  for (const over of [
    { feedback_type: 'correction', corrected_response: `x${wrong}` },
    { metadata: { page: { title: wrong } } },
  ]) {
    const { status, text } = await vote(answer, over);
    expect(status).toBe(400);
    expect(text).toContain('well-formed Unicode');
  }
});
