// A conversation with both arms, event by event.
import { describe, expect, it } from 'vitest';
import type { PreviewEvent } from '../api/preview-schema.ts';
import {
  converseWithBoth,
  earlierOf,
  isWriting,
  type PreviewTurn,
  spoken,
  type Told,
} from './preview-conversation.ts';

const conversation = (...told: Told[]): PreviewTurn[] =>
  told.reduce<PreviewTurn[]>(converseWithBoth, []);
const heard = (id: number, event: PreviewEvent): Told => ({ type: 'event', id, event });
const asked = (id: number, message = `question ${id}`): Told => ({ type: 'asked', id, message });
const wrote = (arm: 'control' | 'treatment', text: string): PreviewEvent => ({
  type: 'delta',
  arm,
  text,
});
const times = { first_token_ms: 10, total_ms: 90 };
const done = (arm: 'control' | 'treatment'): PreviewEvent => ({
  type: 'done',
  arm,
  finish_reason: 'stop',
  usage: null,
  ...times,
});
const broke: PreviewEvent = {
  type: 'error',
  arm: 'treatment',
  error: { code: 'model_unavailable', message: 'It broke off.' },
  ...times,
};
const meta: PreviewEvent = {
  type: 'meta',
  control: { model_id: '2026-w41.1', prompt_version: 'v1' },
  treatment: { model_id: '2026-w42.1', prompt_version: 'v1' },
};
/** A turn in which both said their own name. */
const whole = (id: number): Told[] => [
  asked(id),
  heard(id, meta),
  heard(id, wrote('control', `production ${id}`)),
  heard(id, wrote('treatment', `candidate ${id}`)),
  heard(id, done('control')),
  heard(id, done('treatment')),
  { type: 'ended', id, state: 'done' },
];

describe('a turn', () => {
  it('grows on each side by itself', () => {
    const [turn] = conversation(asked(1), heard(1, meta), heard(1, wrote('control', 'Hello')));
    expect(turn).toMatchObject({
      state: 'open',
      sides: {
        control: { model_id: '2026-w41.1', response: 'Hello' },
        treatment: { model_id: '2026-w42.1', response: '' },
      },
    });
    expect(turn && isWriting(turn, 'treatment')).toBe(true);
  });

  it('says once what became of it', () => {
    const last = (...told: Told[]) => spoken(conversation(asked(1), ...told).at(-1));
    const ended: Told = { type: 'ended', id: 1, state: 'done' };
    expect(spoken(undefined)).toBe('');
    expect(last()).toBe('Both are being asked.');
    expect(last(heard(1, done('control')), heard(1, done('treatment')), ended)).toBe(
      'Both have answered.',
    );
    expect(last(heard(1, done('control')), heard(1, broke), ended)).toBe(
      'Candidate gave no whole answer.',
    );
    const both = [heard(1, broke), heard(1, { ...broke, arm: 'control' } as const)];
    expect(last(...both, ended)).toBe('Neither gave a whole answer.');
    expect(last({ type: 'ended', id: 1, state: 'stopped' })).toBe('You stopped both.');
  });

  it('is forgotten with all others', () => {
    expect(conversation(...whole(1), { type: 'cleared' })).toEqual([]);
  });
});

describe('what is told of earlier turns', () => {
  it('is the last five, each side with its own answers', () => {
    const turns = conversation(...[1, 2, 3, 4, 5, 6].flatMap(whole));
    expect(earlierOf(turns)).toHaveLength(5);
    expect(earlierOf(turns)[0]).toEqual({
      message: 'question 2',
      control: 'production 2',
      treatment: 'candidate 2',
    });
  });

  it('leaves out half answers, and turns that nobody answered', () => {
    const turns = conversation(
      asked(1),
      heard(1, wrote('treatment', 'Half')),
      heard(1, broke),
      heard(1, wrote('control', 'Whole.')),
      heard(1, done('control')),
      asked(2),
      { type: 'ended', id: 2, state: 'stopped' },
    );
    expect(earlierOf(turns)).toEqual([
      { message: 'question 1', control: 'Whole.', treatment: null },
    ]);
  });
});
