// What an operator reads about an answer's reception.
import { describe, expect, it } from 'vitest';
import type { RatedAnswer } from '../api/preview-schema.ts';
import { lowText, reactionsOf, servedBy, stageName } from './preview-words.ts';

const plain: RatedAnswer = {
  interaction_id: 'i',
  at: '2026-10-18T12:00:00Z',
  model_assigned: '2026-w42.1',
  model_served: '2026-w42.1',
  assigned_failure: null,
  share: 0.1,
  history_turns: 0,
  query: 'q',
  response: 'r',
  training_opt_out: false,
  score: null,
  thumb: null,
  stars: null,
  correction: null,
  noticed: [],
  bounded: null,
};

describe('an answer', () => {
  it('tells every way in which it was taken', () => {
    expect(reactionsOf(plain)).toEqual([]);
    const correction = { text: 'x', type: 'factual_error', review: 'pending' };
    const noticed = ['reformulated', 'something_new'];
    expect(reactionsOf({ ...plain, thumb: 'down', stars: 2, correction, noticed })).toEqual([
      'thumb down',
      '2 of 5 stars',
      'corrected, factual error, pending',
      'asked again in other words',
      'something new',
    ]);
    const bare = { text: null, type: null, review: null };
    expect(reactionsOf({ ...plain, correction: bare })).toEqual(['corrected']);
  });

  it('names who stood in for whom, and why', () => {
    expect(servedBy(plain)).toBe('2026-w42.1');
    const stoodIn = { ...plain, model_served: '2026-w41.1' };
    expect(servedBy(stoodIn)).toBe('2026-w41.1 in place of 2026-w42.1');
    expect(servedBy({ ...stoodIn, assigned_failure: 'timed_out' })).toMatch(/ \(timed out\)$/);
  });
});

describe('a stage', () => {
  it('says how many of the rated were low, and nothing where none was rated', () => {
    expect(lowText({ answers: 5031, rated: 1211, low: 287 })).toBe('24 %: 287 of 1,211 rated');
    expect(lowText({ answers: 12, rated: 0, low: 0 })).toBe('none rated');
  });

  it('is named by its share, and by its control where there were several', () => {
    const counts = { answers: 0, rated: 0, low: 0 };
    const stage = { stratum: 1, share: 0.25, control: counts, treatment: counts };
    expect(stageName(stage, false)).toBe('at\u00a025\u00a0%');
    expect(stageName(stage, true)).toBe('at\u00a025\u00a0%, control no. 2');
    expect(stageName({ ...stage, share: null }, false)).toBe('before stages were kept');
  });
});
