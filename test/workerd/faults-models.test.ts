// A model that fails, in every way it can: who answers instead, what is written down, and whom it
// counts against. Each test ends with the exact count of answers, votes and exposures.

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { BREAKER_POLICY } from '../../core/breaker.ts';
import type { ModelPatience } from '../../core/patience.ts';
import { answer } from '../../workers/router/answer.ts';
import { placed } from '../../workers/router/arm.ts';
import {
  advance,
  counts,
  named,
  productionMended,
  quiet,
  reached,
  recorded,
  thumb,
  trial,
} from './faults-support.ts';
import { call, chat, newVisitor } from './support.ts';

test.each([
  ['answers with a 500 body', 'refuses', 'refused'],
  ['closes the connection', 'cuts', 'unreachable'],
  ['sends garbage', 'garbage', 'garbage'],
  ['sends an error page', 'page', 'broken'],
  ['ends without a word', 'empty', 'broken'],
  ['finishes without a word', 'mute', 'broken'],
  ['finishes without a word and dies', 'gives-up', 'broken'],
  ['dies before its first token', 'still-born', 'broken'],
  ['hangs', 'hangs', 'timed_out'],
])('a candidate that %s is replaced by production', async (_, word, failure) => {
  const candidate = named(word);
  const experiment = await trial(candidate);
  const message = named('question');
  const given = await chat(message);
  expect(given.response).toBe(`tiny-sre answers: ${message}`);
  await thumb(given);
  await quiet();
  expect(await recorded(message)).toEqual([
    {
      model_served: 'tiny-sre',
      model_assigned: candidate,
      arm: 'treatment',
      status: 'complete',
      error_code: null,
      assigned_failure: failure,
      fault: 'model',
      response: `tiny-sre answers: ${message}`,
    },
  ]);
  expect(await reached(message)).toHaveLength(2);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 1, exposures: 1 });
});

test('a gateway without a place for the candidate is not the candidate\u2019s fault', async () => {
  const experiment = await trial(named('busy'));
  const message = named('question');
  await chat(message);
  await quiet();
  expect(await recorded(message)).toMatchObject([{ assigned_failure: 'busy', fault: 'service' }]);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 0, exposures: 1 });
});

test('a candidate that dies midway is a partial answer, not a second one', async () => {
  const candidate = named('dies');
  const experiment = await trial(candidate);
  const message = named('question');
  const { id, visitor_token } = await newVisitor();
  const { text } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message },
    headers: { accept: 'text/event-stream' },
  });
  expect(text).toContain('"type":"error"');
  await quiet();
  expect(await recorded(message)).toMatchObject([
    {
      model_served: candidate,
      status: 'partial',
      error_code: 'broken',
      assigned_failure: null,
      fault: 'model',
      response: `${candidate} answers: `,
    },
  ]);
  expect(await reached(message)).toHaveLength(1);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 0, exposures: 1 });
});

const short: ModelPatience = { connectMs: 1_000, firstTokenMs: 1_500, betweenTokensMs: 300 };

/** An answer with little patience, read to its end or its break. */
async function impatient(
  message: string,
  candidate: Partial<ModelPatience> = {},
  production: Partial<ModelPatience> = {},
) {
  const context = createExecutionContext();
  const started = performance.now();
  let text = '';
  let broke = false;
  const visitorId = crypto.randomUUID();
  const asking = { visitorId, enrolled: true, seesPromptTokens: false };
  try {
    const given = await answer(
      env,
      context,
      {
        clientSignal: new AbortController().signal,
        visitorId,
        placed: await placed(env, asking),
        sessionId: 'session-1',
        traceId: 'trace-1',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        query: message,
        messages: [{ role: 'user', content: message }],
        historyTurns: 0,
        sources: [],
        retrievalPossible: false,
        promptVersion: 'v1',
        trainingOptOut: false,
        platform: 'homepage',
        parameters: {},
      },
      { candidate: { ...short, ...candidate }, production: { ...short, ...production } },
    );
    for await (const batch of given.pieces) {
      for (const piece of batch) if (piece.type === 'text') text += piece.text;
    }
  } catch {
    broke = true;
  }
  const tookMs = performance.now() - started;
  await waitOnExecutionContext(context);
  await quiet();
  return { text, broke, tookMs };
}

test.each([
  ['to connect', 'hangs', { connectMs: 200 }],
  ['to the first token, whatever else it sends', 'chatters', { firstTokenMs: 300 }],
])('a candidate out of time %s is given up and production answers', async (_, word, patience) => {
  const experiment = await trial(named(word));
  const message = named('question');
  const { text, tookMs } = await impatient(message, patience);
  expect(text).toBe(`tiny-sre answers: ${message}`);
  expect(tookMs).toBeLessThan(short.firstTokenMs);
  expect(await recorded(message)).toMatchObject([
    { assigned_failure: 'timed_out', fault: 'model', status: 'complete' },
  ]);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 0, exposures: 1 });
});

test('a first token that is too late for a candidate counts against production too', async () => {
  await trial(named('well'), 0);
  const message = named('wake late');
  const { text, broke } = await impatient(message, { firstTokenMs: 100 });
  expect({ text: text.startsWith('tiny-sre answers: '), broke }).toEqual({
    text: true,
    broke: false,
  });
  expect(await recorded(message)).toMatchObject([
    { arm: 'control', assigned_failure: null, fault: 'model', status: 'complete' },
  ]);
});

test('upstream hanging, candidate and production both: one failed answer, in time', async () => {
  const experiment = await trial(named('well'));
  const message = named('hang on everyone');
  const { text, broke, tookMs } = await impatient(message, { connectMs: 200 }, { connectMs: 300 });
  expect({ text, broke }).toEqual({ text: '', broke: true });
  expect(tookMs).toBeLessThan(short.firstTokenMs);
  expect(await recorded(message)).toMatchObject([
    { status: 'error', error_code: 'timed_out', assigned_failure: 'timed_out', fault: 'service' },
  ]);
  expect(await reached(message)).toMatchObject([{ left: true }, { left: true }]);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 0, exposures: 1 });
  await productionMended();
});

test.each([
  ['a candidate', named('stalls'), 'question'],
  ['production', null, 'stall midway'],
])('%s that stalls in the middle is recorded as partial', async (_, candidate, word) => {
  const experiment = await trial(candidate);
  const message = named(word);
  const { text, broke } = await impatient(message);
  const served = candidate ?? 'tiny-sre';
  expect({ text, broke }).toEqual({ text: `${served} answers: `, broke: true });
  expect(await recorded(message)).toMatchObject([
    { status: 'partial', error_code: 'timed_out', fault: 'model', response: `${served} answers: ` },
  ]);
  expect(await reached(message)).toMatchObject([{ left: true }]);
  const answers = candidate === null ? 0 : 1;
  expect(await counts(experiment)).toEqual({ answers, votes: 0, exposures: answers });
});

test('after five failures a candidate is left alone, tried once, and taken back when well', async () => {
  const candidate = named('recovers');
  const experiment = await trial(candidate);
  for (let count = 0; count < BREAKER_POLICY.minimumCalls; count += 1) await chat(named('before'));
  expect(await reached(candidate)).toHaveLength(5);
  const skipped = named('skipped');
  expect((await chat(skipped)).response).toBe(`tiny-sre answers: ${skipped}`);
  expect(await reached(candidate)).toHaveLength(5);
  await advance(BREAKER_POLICY.openMs);
  const back = named('back');
  expect((await chat(back)).response).toBe(`${candidate} answers: ${back}`);
  expect((await chat(named('after'))).response).toContain(candidate);
  expect(await reached(candidate)).toHaveLength(7);
  await quiet();
  expect(await recorded(skipped)).toMatchObject([
    { model_assigned: candidate, assigned_failure: 'circuit_open', fault: 'model' },
  ]);
  expect(await recorded(back)).toMatchObject([{ model_served: candidate, fault: null }]);
  expect(await counts(experiment)).toEqual({ answers: 8, votes: 0, exposures: 8 });
});

test('production is asked however often it has failed', async () => {
  await trial(null);
  const { id, visitor_token } = await newVisitor();
  for (let count = 0; count < 6; count += 1) {
    const body = { session_id: id, visitor_token, message: named('refuse everyone') };
    expect((await call('/api/chat', { body })).status).toBe(503);
  }
  const message = named('well again');
  expect((await chat(message)).response).toBe(`tiny-sre answers: ${message}`);
  await quiet();
  expect(await recorded(message)).toMatchObject([{ status: 'complete', fault: null }]);

  // Once it is well again, what a candidate breaks counts against the candidate again.
  await advance(BREAKER_POLICY.openMs + 1);
  await chat(named('well again'));
  await trial(named('dies'));
  const broken = named('question');
  const headers = { accept: 'text/event-stream' };
  await call('/api/chat', { body: { session_id: id, visitor_token, message: broken }, headers });
  await quiet();
  expect(await recorded(broken)).toMatchObject([{ status: 'partial', fault: 'model' }]);
});
