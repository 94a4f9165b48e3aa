// An operator talks with the candidate beside production: both are asked as visitors ask, each answers or
// fails for itself, and nothing of it is left behind.

import { env, exports } from 'cloudflare:workers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREVIEW_TURNS, previewAnswerSchema, previewEventSchema } from '../../core/wire/preview.ts';
import { PREVIEW_LIMITS, startPreview, wholePreview } from '../../workers/admin/preview.ts';
import { breakers } from '../../workers/router/breakers.ts';
import { wholeRecord } from './erasure-support.ts';
import { named, quiet, reached, trial } from './faults-support.ts';
import { cleared, newRollout } from './rollout-support.ts';
import { asOperator, call, chat, newVisitor } from './support.ts';

beforeAll(cleared);
afterAll(cleared);

const pathOf = (id: string) => `/admin/experiments/${id}/preview`;
const preview = async (id: string, body: object) => {
  const answered = await call(pathOf(id), { body, headers: asOperator });
  expect(answered.status, answered.text).toBe(200);
  return previewAnswerSchema.parse(answered.body);
};
const streamed = async (id: string, message: string) => {
  const { text, headers } = await call(pathOf(id), {
    body: { message },
    headers: { ...asOperator, accept: 'text/event-stream' },
  });
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const lines = text.split('\n\n').filter((line) => line !== '');
  expect(lines.pop()).toBe('data: [DONE]');
  return lines.map((line) => previewEventSchema.parse(JSON.parse(line.replace('data: ', ''))));
};
const textOf = (events: Awaited<ReturnType<typeof streamed>>, arm: string) =>
  events.map((one) => (one.type === 'delta' && one.arm === arm ? one.text : '')).join('');
const until = async (holds: () => Promise<boolean>) => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came to be');
};

describe('both arms', () => {
  test('answer for themselves, with their times and tokens', async () => {
    const candidate = named('preview-good');
    const id = await trial(candidate);
    const message = named('Hello');
    const answered = await preview(id, { message });
    expect(answered).toMatchObject({
      experiment_id: id,
      control: { model_id: 'tiny-sre', response: `tiny-sre answers: ${message}`, error: null },
      treatment: {
        model_id: candidate,
        prompt_version: 'v1',
        response: `${candidate} answers: ${message}`,
        finish_reason: 'stop',
        first_token_ms: expect.any(Number),
        usage: { prompt_tokens: 7, completion_tokens: 11 },
      },
    });
  });

  test('are asked word for word as a visitor is, parameters included', async () => {
    const candidate = named('preview-same');
    const id = await trial(candidate);
    const message = named('As a visitor');
    const sources = [{ id: 's1', title: 'Runbook', text: 'Drain it first.' }];
    await preview(id, { message, sources });
    const asked = await reached(message);
    expect(asked.map(({ model }) => model).toSorted()).toEqual([candidate, 'tiny-sre'].toSorted());
    await trial(null);
    const { id: session_id, visitor_token } = await newVisitor();
    await call('/api/chat', { body: { session_id, visitor_token, message, sources } });
    const [first, second, visitor] = await reached(message);
    expect(first?.asked).toEqual(visitor?.asked);
    expect(second?.asked).toEqual(visitor?.asked);
    expect(visitor?.asked.messages[0]?.content).toContain('Runbook: Drain it first.');
  });

  test('are each told their own answers of before', async () => {
    const candidate = named('preview-turns');
    const id = await trial(candidate);
    const message = named('And then?');
    const earlier = [
      { message: 'What is a pod?', control: 'From production.', treatment: 'From the candidate.' },
      { message: 'And a node?', control: null, treatment: 'A machine.' },
    ];
    await preview(id, { message, earlier });
    const told = Object.fromEntries(
      (await reached(message)).map(({ model, asked }) => [
        model,
        asked.messages.slice(1, -1).map(({ content }) => content),
      ]),
    );
    expect(told).toEqual({
      'tiny-sre': ['What is a pod?', 'From production.'],
      [candidate]: ['What is a pod?', 'From the candidate.', 'And a node?', 'A machine.'],
    });
  });

  test('stream as they write, neither waiting for the other', async () => {
    const candidate = named('preview-stalls');
    const id = await trial(candidate);
    const leave = new AbortController();
    const response = await exports.default.fetch(`https://bruno.example${pathOf(id)}`, {
      method: 'POST',
      headers: {
        ...asOperator,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ message: 'Hello' }),
      signal: leave.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    // Production is done while the candidate stands still in the middle of its answer.
    while (!/"type":"done","arm":"control"/.test(text)) text += (await reader?.read())?.value ?? '';
    expect(text).toContain('"type":"meta"');
    expect(text).toContain(`${candidate} answers: `);
    expect(text).not.toContain('"type":"done","arm":"treatment"');
    leave.abort();
    await reader?.cancel().catch(() => undefined);
    await until(async () => (await reached(candidate)).every(({ left }) => left));
  });
});

describe('a side that fails', () => {
  test.each([
    ['refuses', /was refused by the model server \(gateway answered 500\)/, ''],
    ['busy', /got no place/, ''],
    ['cuts', /cannot be reached/, ''],
    ['garbage', /cannot be read/, ''],
    ['empty', /ended without a word/, ''],
    ['dies', /broke off/, 'answers: '],
  ])('says why and leaves the other alone: %s', async (does, why, written) => {
    const candidate = named(`preview-${does}`);
    const id = await trial(candidate);
    const { control, treatment } = await preview(id, { message: 'Hello' });
    expect(control).toMatchObject({ response: 'tiny-sre answers: Hello', error: null });
    expect(treatment.error).toMatchObject({ code: 'model_unavailable' });
    expect(treatment.error?.message).toMatch(why);
    expect(treatment.response).toContain(written);
    expect(treatment.finish_reason).toBeNull();
  });

  test('fails as an event of its own in a stream', async () => {
    const events = await streamed(await trial(named('preview-refuses')), 'Hello');
    expect(textOf(events, 'control')).toBe('tiny-sre answers: Hello');
    expect(textOf(events, 'treatment')).toBe('');
    expect(events.find(({ type }) => type === 'error')).toMatchObject({ arm: 'treatment' });
    expect(events.find(({ type }) => type === 'done')).toMatchObject({ arm: 'control' });
  });

  test('may be production, or both', async () => {
    const id = await trial(named('preview-well'));
    const both = await preview(id, { message: 'refuse everyone' });
    expect(both.control.error?.message).toMatch(/^tiny-sre was refused/);
    expect(both.treatment.error?.message).toMatch(/^preview-well-.* was refused/);
  });

  test('is given up when it does not begin, stops midway or never ends', async () => {
    const patience = { connectMs: 300, firstTokenMs: 300, betweenTokensMs: 300 };
    const id = await trial(named('preview-plain'));
    const asked = async (message: string) => {
      const order = {
        id,
        request: { message },
        traceparent: '',
        clientSignal: new AbortController().signal,
      };
      return wholePreview(await startPreview(env, order, { patience, wholeMs: 700 }));
    };
    const hung = await asked('hang on everyone');
    expect(hung.treatment.error?.message).toContain('did not answer in time');
    expect((await asked('stall midway')).control.error?.message).toContain('in time');
    const endless = await asked('flow for ever');
    expect(endless.treatment.error?.message).toContain('was not done after 0.7 s');
    expect(endless.treatment.response).toContain('and on and on');
    expect(PREVIEW_LIMITS.wholeMs).toBeGreaterThan(PREVIEW_LIMITS.patience.firstTokenMs);
  });
});

test.each([
  ['whole', 'application/json'],
  ['streamed', 'text/event-stream'],
])('an operator who leaves stops both models: %s', async (_, accept) => {
  const id = await trial(named('preview-left'));
  const message = `stall midway ${crypto.randomUUID()}`;
  const leave = new AbortController();
  const asked = exports.default
    .fetch(`https://bruno.example${pathOf(id)}`, {
      method: 'POST',
      headers: { ...asOperator, 'content-type': 'application/json', accept },
      body: JSON.stringify({ message }),
      signal: leave.signal,
    })
    .then((response) => response.text())
    .catch((error: unknown) => error);
  await until(async () => (await reached(message)).length === 2);
  leave.abort();
  await asked;
  await until(async () => (await reached(message)).every(({ left }) => left));
});

test('nothing of it is recorded, and no breaker hears of a side that failed', async () => {
  const candidate = named('preview-refuses');
  const id = await trial(candidate);
  const message = named('for-our-eyes-only');
  for (let times = 0; times < 8; times += 1) await preview(id, { message });
  await streamed(id, message);
  expect(breakers.isWell(candidate)).toBe(true);
  await trial(null);
  // What was queued before this answer is written when this one is.
  const marker = named('marker');
  await chat(marker);
  await quiet();
  const record = await wholeRecord();
  expect(record).toContain(marker);
  expect(record).not.toContain(message);
});

describe('who may ask what', () => {
  test('an operator only', async () => {
    const id = await trial(named('preview-closed'));
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const { status } = await call(pathOf(id), { body: { message: 'Hello' }, headers });
      expect(status).toBe(401);
    }
    const elsewhere = { ...asOperator, origin: 'https://evil.example' };
    const foreign = await call(pathOf(id), { body: { message: 'Hello' }, headers: elsewhere });
    expect(foreign.status).toBe(403);
  });

  test('an experiment of the engine too, also before it is on traffic', async () => {
    await cleared();
    const { id, candidate } = await newRollout();
    const { treatment } = await preview(id, { message: 'Hello' });
    expect(treatment.response).toBe(`${candidate} answers: Hello`);
    await cleared();
  });

  test('no experiment that there is not, and none whose candidate is production', async () => {
    await cleared();
    const unknown = await call(pathOf('rollout-none-1'), {
      body: { message: 'Hello' },
      headers: asOperator,
    });
    expect(unknown.status).toBe(404);
    const { id } = await newRollout({ candidate: 'tiny-sre' });
    const same = await call(pathOf(id), { body: { message: 'Hello' }, headers: asOperator });
    expect(same).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', message: expect.stringContaining('in production now') } },
    });
    await cleared();
  });

  test.each([
    ['a question that no window holds', { message: 'word '.repeat(1_500) }, /message: too long/],
    [
      'a longer conversation than visitors have',
      {
        message: 'Hello',
        earlier: Array.from({ length: PREVIEW_TURNS + 1 }, () => ({
          message: 'x',
          control: 'x',
          treatment: 'x',
        })),
      },
      /earlier: /,
    ],
    ['an empty question', { message: '' }, /message: /],
  ])('not %s', async (_, body, why) => {
    const id = await trial(named('preview-long'));
    const { status, text } = await call(pathOf(id), { body, headers: asOperator });
    expect(status).toBe(400);
    expect(text).toMatch(why);
  });
});
