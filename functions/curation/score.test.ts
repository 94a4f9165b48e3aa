import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseLearning } from '../../core/learning-config.ts';
import { CURRENT_PROMPT } from '../../core/system-prompt.ts';
import { type AnswerFacts, type Evidence, judge } from './score.ts';

const { config } = parseLearning(readFileSync('learning.yaml', 'utf8'));
const LONG = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');

const answer = (over: Partial<AnswerFacts> = {}): AnswerFacts => ({
  status: 'complete',
  query: 'How long are logs kept?',
  response: LONG,
  completionTokens: 80,
  promptVersion: CURRENT_PROMPT,
  historyTurns: 0,
  trainingOptOut: false,
  retrievalPossible: false,
  sourceTexts: [],
  ...over,
});

let events = 0;
const event = (over: Partial<Evidence>): Evidence => {
  events += 1;
  return {
    eventId: `e${String(events).padStart(3, '0')}`,
    source: 'explicit',
    type: 'thumbs_up',
    value: 1,
    atMs: events,
    receivedMs: events,
    metadata: null,
    correctedResponse: null,
    reviewStatus: null,
    bounded: false,
    ...over,
  };
};
const correction = (text: string, over: Partial<Evidence> = {}) =>
  event({
    type: 'correction',
    value: -0.5,
    correctedResponse: text,
    reviewStatus: 'accepted',
    ...over,
  });

describe('what an answer is worth', () => {
  test('a thumb on a complete answer without retrieval: (0.40 + 0.15) / 0.55', () => {
    const judged = judge(answer(), [event({})], config);
    expect(judged).toMatchObject({ qualified: true, reason: undefined });
    expect(judged.score).toMatchObject({ raw: 1, band: 'excellent' });
  });

  test('possible retrieval that found nothing counts against it: 0.55 / 0.70', () => {
    const judged = judge(answer({ retrievalPossible: true }), [event({})], config);
    expect(judged.score?.raw).toBeCloseTo(0.55 / 0.7, 10);
  });

  test('the latest of several verdicts stands, whatever order they came in', () => {
    const up = event({ atMs: 10 });
    const down = event({ type: 'thumbs_down', value: -1, atMs: 20 });
    for (const evidence of [
      [up, down],
      [down, up],
    ]) {
      expect(judge(answer(), evidence, config).reason).toBe('low_quality');
    }
  });

  test('nobody said anything: not judged, which is not the same as bad', () => {
    expect(judge(answer(), [], config)).toMatchObject({
      score: undefined,
      usable: true,
      qualified: false,
      comparable: false,
      reason: 'no_evidence',
    });
  });
});

test('what was answered under settings that are tried is taught as usual', () => {
  const tried = answer({ promptVersion: 'settings-0123456789ab' });
  expect(judge(tried, [event({})], config)).toEqual(judge(answer(), [event({})], config));
});

describe('what is never taught', () => {
  test.each<[string, Partial<AnswerFacts>]>([
    ['opted_out', { trainingOptOut: true }],
    ['custom_prompt', { promptVersion: `${CURRENT_PROMPT}+custom` }],
    ['custom_prompt', { promptVersion: 'settings-0123456789ab+custom' }],
    ['personal_data', { query: 'Write to anna.berg@example.com, please.' }],
    ['personal_data', { sourceTexts: ['Owner: anna.berg@example.com'] }],
  ])('%s: %o, praised and corrected', (reason, over) => {
    const judged = judge(answer(over), [event({}), correction('For 30 days.')], config);
    expect(judged).toMatchObject({
      usable: false,
      qualified: false,
      comparable: false,
      correction: undefined,
      reason,
    });
  });

  test.each<[string, Partial<AnswerFacts>]>([
    ['incomplete', { status: 'partial' }],
    ['incomplete', { response: '  ' }],
    ['personal_data', { response: 'Call +49 170 123 4567.' }],
  ])('%s: the praised answer %o; its correction is', (reason, over) => {
    expect(judge(answer(over), [event({})], config)).toMatchObject({
      usable: false,
      qualified: false,
      comparable: false,
      reason,
    });
    expect(judge(answer(over), [correction('For 30 days.')], config)).toMatchObject({
      usable: true,
      comparable: false,
      correction: { text: 'For 30 days.' },
    });
  });

  test('an answer that was left at once; but who voted did not abandon it', () => {
    const left = event({ type: 'abandonment', value: -0.8, source: 'implicit' });
    expect(judge(answer(), [left], config)).toMatchObject({
      qualified: false,
      reason: 'abandoned',
    });
    expect(judge(answer(), [event({}), left], config)).toMatchObject({ qualified: true });
    const copied = event({
      type: 'signals',
      source: 'implicit',
      value: null,
      metadata: { abandoned: true, copy_event: true },
    });
    expect(judge(answer(), [copied], config).reason).not.toBe('abandoned');
  });

  test('praise in mid-conversation is not, a correction there is', () => {
    const middle = answer({ historyTurns: 1 });
    expect(judge(middle, [event({})], config)).toMatchObject({
      usable: false,
      qualified: false,
      comparable: false,
      reason: 'mid_conversation',
    });
    const corrected = judge(middle, [correction('For 30 days.')], config);
    expect(corrected).toMatchObject({ usable: true, correction: { text: 'For 30 days.' } });
  });
});

describe('a bounded vote', () => {
  test('is no evidence, and the answer is counted as such where there is no other', () => {
    expect(judge(answer(), [event({ bounded: true })], config)).toMatchObject({
      score: undefined,
      qualified: false,
      comparable: false,
      reason: 'bounded',
    });
    expect(judge(answer(), [], config).reason).toBe('no_evidence');
  });

  test('leaves the signals to judge by, and does not take an accepted correction away', () => {
    const copied = event({
      type: 'signals',
      source: 'implicit',
      value: null,
      metadata: { copy_event: true },
    });
    const down = event({ type: 'thumbs_down', value: -1, bounded: true });
    expect(judge(answer(), [down, copied], config)).toEqual(judge(answer(), [copied], config));
    const corrected = judge(answer(), [correction('For 30 days.', { bounded: true })], config);
    expect(corrected.correction?.text).toBe('For 30 days.');
  });
});

describe('corrections', () => {
  test('a corrected answer is taught as corrected, never as it was', () => {
    const judged = judge(answer(), [event({}), correction(' For 30 days. ')], config);
    expect(judged).toMatchObject({ qualified: false, correction: { text: 'For 30 days.' } });
  });

  test('only an accepted one counts; of several the latest', () => {
    const pending = correction('For 7 days.', { reviewStatus: 'pending', atMs: 30 });
    const first = correction('For 14 days.', { atMs: 10 });
    const second = correction('For 30 days.', { atMs: 20 });
    const judged = judge(answer(), [second, pending, first], config);
    expect(judged.correction?.text).toBe('For 30 days.');
    expect(judge(answer(), [pending], config).correction).toBeUndefined();
  });

  test('of two at one moment, as a slow clock says, the one received later counts', () => {
    const first = correction('For 14 days.', { atMs: 10, receivedMs: 20, eventId: 'z' });
    const second = correction('For 30 days.', { atMs: 10, receivedMs: 21, eventId: 'a' });
    for (const evidence of [
      [first, second],
      [second, first],
    ]) {
      expect(judge(answer(), evidence, config).correction?.text).toBe('For 30 days.');
    }
  });

  test('one that names a person or is empty is not taught', () => {
    expect(judge(answer(), [correction('Ask anna@example.com.')], config).correction).toBe(
      undefined,
    );
    expect(judge(answer(), [correction('   ')], config).correction).toBe(undefined);
  });
});
