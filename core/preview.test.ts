// A conversation with both arms.

import { describe, expect, it } from 'vitest';
import { answererName, historyOf, unanswered, withEvent } from './preview.ts';
import type { SideEvent } from './wire/preview.ts';

describe('what a side was told before', () => {
  const earlier = [
    { message: 'What is a pod?', control: 'A group.', treatment: 'A whale family.' },
    { message: 'And a node?', control: null, treatment: 'A machine.' },
  ];

  it('is its own answers and never the other’s', () => {
    expect(historyOf(earlier, 'treatment').map(({ content }) => content)).toEqual([
      'What is a pod?',
      'A whale family.',
      'And a node?',
      'A machine.',
    ]);
  });

  it('leaves out what it did not answer', () => {
    expect(historyOf(earlier, 'control')).toEqual([
      { role: 'user', content: 'What is a pod?' },
      { role: 'assistant', content: 'A group.' },
    ]);
    expect(historyOf([], 'control')).toEqual([]);
  });
});

describe('one side’s answer', () => {
  const empty = unanswered({ model_id: '2026-w42.1', prompt_version: 'v1' });
  const answered = (...events: SideEvent[]) => events.reduce(withEvent, empty);
  const delta = (text: string) => ({ type: 'delta', arm: 'control', text }) as const;

  it('grows piece by piece and ends with its times', () => {
    const done = {
      type: 'done',
      arm: 'control',
      finish_reason: 'stop',
      first_token_ms: 12,
      total_ms: 90,
      usage: { prompt_tokens: 7, completion_tokens: 2 },
    } as const;
    expect(answered(delta('Hello'), delta(' there'), done)).toMatchObject({
      model_id: '2026-w42.1',
      response: 'Hello there',
      finish_reason: 'stop',
      first_token_ms: 12,
      total_ms: 90,
      usage: { completion_tokens: 2 },
      error: null,
    });
  });

  it('that breaks off keeps what was written, and says why', () => {
    const error = { code: 'model_unavailable', message: 'It broke off.' } as const;
    const broke = { type: 'error', arm: 'control', error, first_token_ms: 5, total_ms: 9 } as const;
    expect(answered(delta('Half'), broke)).toMatchObject({
      response: 'Half',
      finish_reason: null,
      error,
    });
  });
});

it('names a side by its model, and by its prompt too where that alone is another', () => {
  const side = (model_id: string, prompt_version: string) => ({ model_id, prompt_version });
  expect(answererName(side('a', 'v1'), side('b', 'v1'))).toBe('a');
  expect(answererName(side('a', 'v1'), side('a', 'v2'))).toBe('a, prompt v1');
  expect(answererName(side('a', 'v2'), side('b', 'v1'))).toBe('a');
});
