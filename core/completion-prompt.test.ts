import { expect, test } from 'vitest';
import { completionPrompt } from './completion-prompt.ts';
import { AppError } from './errors.ts';
import { systemPrompt } from './system-prompt.ts';
import { readCompletion } from './wire/completion.ts';

const WINDOW = { windowTokens: 512, answerTokens: 128 };
const BUILT_IN = { settings: undefined, inUse: [undefined] };
const user = (content: string) => ({ role: 'user', content });
const prompt = (over: object) =>
  completionPrompt(
    readCompletion({ model: 'm', messages: [user('Hello')], ...over }),
    BUILT_IN,
    WINDOW,
  );

test('our system turn comes first and the client\u2019s own is added to it', () => {
  const { messages, custom, question } = prompt({
    messages: [{ role: 'system', content: 'Speak German.' }, user('Hello')],
  });
  expect(messages).toEqual([
    { role: 'system', content: `${systemPrompt('v1', [])}\n\nSpeak German.` },
    { role: 'user', content: 'Hello' },
  ]);
  expect(custom).toBe(true);
  expect(question).toBe('Hello');
});

test('parameters travel, with our defaults where there are none', () => {
  expect(prompt({}).parameters).toEqual({ temperature: 0.7, top_p: 0.9, max_tokens: 128 });
  const given = { temperature: 0, top_p: 1, stop: ['a', 'b'], seed: 42 };
  expect(prompt(given).parameters).toEqual({ ...given, max_tokens: 128 });
});

test('a seed stays a seed: equal ones stay equal and none becomes the model server\u2019s "choose one"', () => {
  const seeds = [-1, 2 ** 31 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53 - 1), 0];
  for (const seed of seeds) {
    const sent = prompt({ seed }).parameters.seed ?? -1;
    expect(prompt({ seed }).parameters.seed).toBe(sent);
    expect(Number.isInteger(sent) && sent >= 0 && sent < 2 ** 31).toBe(true);
  }
});

test('a long history is cut but counted whole', () => {
  const turns = Array.from({ length: 40 }, (_, n) => [
    user(`Question ${n} about nodes`),
    { role: 'assistant', content: `Answer ${n} about nodes` },
  ]).flat();
  const { messages, dropped, historyTurns } = prompt({ messages: [...turns, user('And now?')] });
  expect(dropped).toBeGreaterThan(0);
  expect(messages.length - 2 + dropped).toBe(80);
  expect(historyTurns).toBe(40);
  expect(messages.at(-2)?.content).toBe('Answer 39 about nodes');
});

const long = 'many words '.repeat(400);
test.each([
  [{ messages: [user(long)] }, 'messages[0].content'],
  [{ messages: [{ role: 'system', content: long }, user('Hi')] }, 'messages[0].content'],
  [
    { messages: [user('Hi')], sources: [{ id: '1', title: 'T', text: 'w '.repeat(3000) }] },
    'sources',
  ],
])('what cannot be cut and is too long is refused by its name', (over, field) => {
  let thrown: unknown;
  try {
    prompt(over);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AppError);
  expect(thrown).toMatchObject({
    code: 'invalid_request',
    field,
    reason: 'context_length_exceeded',
  });
});

test('an old turn too long for the window is left out, not refused', () => {
  const old = [user(long), { role: 'assistant', content: 'Yes.' }];
  expect(prompt({ messages: [...old, user('Hi')] })).toMatchObject({ dropped: 2 });
});
