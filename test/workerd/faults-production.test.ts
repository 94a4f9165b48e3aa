// Production fails, alone or after its candidate: the visitor is told so, it is written down once, and
// it counts against no candidate. Each test ends with the exact count of answers, votes and exposures.

import { afterEach, expect, test } from 'vitest';
import {
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

afterEach(productionMended);

test.each([
  ['answers with a 500 body', 'refuse everyone', 'refused'],
  ['closes the connection', 'cut off everyone', 'unreachable'],
  ['sends garbage', 'garbage for everyone', 'garbage'],
  ['sends an error page', 'page for everyone', 'broken'],
  ['ends without a word', 'nothing for everyone', 'broken'],
  ['dies before its first token', 'still-born for everyone', 'broken'],
])(
  'when production %s as well it counts against nobody: 503 with Retry-After',
  async (_, word, failure) => {
    const experiment = await trial(named('well'));
    const visitor = await newVisitor();
    await thumb(await chat(named('before'), visitor));
    const message = named(word);
    const { id, visitor_token } = visitor;
    const body = { session_id: id, visitor_token, message };
    const { status, headers } = await call('/api/chat', { body });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('10');
    await quiet();
    expect(await recorded(message)).toMatchObject([
      { status: 'error', error_code: failure, assigned_failure: failure, fault: 'service' },
    ]);
    expect(await counts(experiment)).toEqual({ answers: 2, votes: 1, exposures: 1 });
  },
);

test('production that fails once is asked again, and counts it as a candidate\u2019s would be', async () => {
  const experiment = await trial(named('well'), 0);
  const message = named('stumble once');
  const given = await chat(message);
  expect(given.response).toBe(`tiny-sre answers: ${message}`);
  await quiet();
  expect(await recorded(message)).toMatchObject([
    {
      model_served: 'tiny-sre',
      model_assigned: 'tiny-sre',
      arm: 'control',
      status: 'complete',
      assigned_failure: 'refused',
      fault: 'model',
    },
  ]);
  expect(await reached(message)).toHaveLength(2);
  expect(await counts(experiment)).toEqual({ answers: 1, votes: 0, exposures: 1 });
});

test('production that fails twice counts against nobody, and is not asked a third time', async () => {
  await trial(named('well'), 0);
  const message = named('refuse everyone');
  const { id, visitor_token } = await newVisitor();
  const asked = await call('/api/chat', { body: { session_id: id, visitor_token, message } });
  expect(asked.status).toBe(503);
  await quiet();
  expect(await recorded(message)).toMatchObject([
    { status: 'error', assigned_failure: null, fault: 'service' },
  ]);
  expect(await reached(message)).toHaveLength(2);
});

test('when production dies midway what came is a partial answer, recorded once', async () => {
  const experiment = await trial(null);
  const message = named('die midway');
  const visitor = await newVisitor();
  const { id, visitor_token } = visitor;
  const { text } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message },
    headers: { accept: 'text/event-stream' },
  });
  expect(text).toContain('"type":"error"');
  await quiet();
  expect(await recorded(message)).toMatchObject([
    { model_served: 'tiny-sre', status: 'partial', error_code: 'broken', fault: 'model' },
  ]);
  expect(await reached(message)).toHaveLength(1);
  // Without an experiment nobody is exposed to one.
  expect(await counts(experiment)).toEqual({ answers: 0, votes: 0, exposures: 0 });
});
