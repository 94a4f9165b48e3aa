import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseLearning } from './learning-config.ts';
import {
  leftAtOnce,
  mergeSignals,
  nextQuestionSignals,
  noticesLeaving,
  noticesNext,
  SESSION_LIFE_MS,
  type Turn,
  withoutContentLeaving,
} from './session-signals.ts';

const yaml = readFileSync('learning.yaml', 'utf8');
const { feedback } = parseLearning(yaml).config;
const configured = (overrides: string) =>
  parseLearning(yaml, `learning: { feedback: ${overrides} }`).config.feedback;

const T0 = Date.parse('2026-10-14T10:00:00Z');
const turn = (over: Partial<Turn> = {}): Turn => ({
  query: 'How do I drain a node?',
  status: 'complete',
  askedAtMs: T0,
  answeredAtMs: T0 + 4_000,
  ...over,
});
const later = (seconds: number, query: string) => ({
  query,
  askedAtMs: T0 + 4_000 + seconds * 1000,
});

describe('the next question', () => {
  test('in other words within minutes says the answer did not help', () => {
    expect(nextQuestionSignals(turn(), later(30, 'How can I drain the node?'), feedback)).toEqual({
      reformulated: true,
    });
  });
  test('about something else within minutes is a follow-up', () => {
    expect(nextQuestionSignals(turn(), later(30, 'And a whole pool?'), feedback)).toEqual({
      follow_up_asked: true,
    });
  });
  test('after a longer pause says nothing, whatever its words', () => {
    for (const query of ['How can I drain the node?', 'And a whole pool?']) {
      expect(nextQuestionSignals(turn(), later(301, query), feedback)).toEqual({});
    }
    const patient = configured('{ session: { next_question_seconds: 600 } }');
    expect(nextQuestionSignals(turn(), later(301, 'And a whole pool?'), patient)).toEqual({
      follow_up_asked: true,
    });
  });
  test('of another conversation is no next question', () => {
    const late = later(SESSION_LIFE_MS / 1000 + 1, 'And a whole pool?');
    expect(nextQuestionSignals(turn(), late, feedback)).toBeUndefined();
  });
  test('asked before the answer ended still counts', () => {
    expect(nextQuestionSignals(turn(), later(-3, 'And a whole pool?'), feedback)).toEqual({
      follow_up_asked: true,
    });
  });
  test.each(['partial', 'error'] as const)('after a %s answer says nothing about it', (status) => {
    expect(nextQuestionSignals(turn({ status }), later(5, turn().query), feedback)).toEqual({});
  });
  test('is compared as strictly as configured', () => {
    const strict = configured('{ session: { reformulation_similarity: 1 } }');
    expect(nextQuestionSignals(turn(), later(5, 'drain nodes'), strict)).toEqual({
      follow_up_asked: true,
    });
  });
});

describe('leaving', () => {
  const hundredWords = 'word '.repeat(100);
  const stay = (over: object = {}, voted = false, response = hundredWords) => ({
    signals: { read_time_seconds: 3, ...over },
    voted,
    response,
  });
  test('at once, without any use, is abandonment', () => {
    expect(leftAtOnce(stay(), feedback)).toBe(true);
  });
  test.each([
    ['a copy', stay({ copy_event: true })],
    ['a click on a source', stay({ citation_clicks: 1 })],
    ['a vote', stay({}, true)],
    ['a next question', stay({ follow_up_asked: true })],
    ['the same question again', stay({ reformulated: true })],
    ['an adequate read of a short answer', stay({}, false, 'Port 9090.')],
    ['a stay of the minimal session', stay({ read_time_seconds: 10 })],
  ])('after %s is not', (_, seen) => {
    expect(leftAtOnce(seen, feedback)).toBe(false);
    const claimed = { ...seen, signals: { ...seen.signals, abandoned: true } };
    expect(withoutContentLeaving(claimed, feedback).abandoned).toBeUndefined();
  });
  test('cannot be told where the page reported no reading', () => {
    const silent = { signals: {}, voted: false, response: hundredWords };
    expect(leftAtOnce(silent, feedback)).toBe(false);
    const claimed = { ...silent, signals: { abandoned: true } };
    expect(withoutContentLeaving(claimed, feedback).abandoned).toBe(true);
  });
  test.each([
    [0, false],
    [2.5, false],
    [3, false],
    [3.5, true],
    [3600, true],
  ])('is short below min_session_duration, here %s seconds: %s', (seconds, expected) => {
    const set = configured(`{ min_session_duration: ${seconds} }`);
    expect(leftAtOnce(stay(), set)).toBe(expected);
  });
});

test('what is not tracked is not noticed', () => {
  expect([noticesNext(feedback), noticesLeaving(feedback)]).toEqual([true, true]);
  const off = configured('{ enable_implicit: false }');
  expect([noticesNext(off), noticesLeaving(off)]).toEqual([false, false]);
  const copies = configured('{ implicit_tracking_events: [copy, read_time] }');
  expect([noticesNext(copies), noticesLeaving(copies)]).toEqual([false, true]);
});

test('page and server saying the same is said once; a rephrasing is not a follow-up as well', () => {
  const page = { reformulated: true, read_time_seconds: 4 };
  expect(mergeSignals([page, { reformulated: true }])).toMatchObject(page);
  expect(mergeSignals([{ follow_up_asked: true }, page]).follow_up_asked).toBeUndefined();
  expect(mergeSignals([{ follow_up_asked: true }]).follow_up_asked).toBe(true);
});

test('several batches of signals are one reading, not several', () => {
  const batch = { read_time_seconds: 10, citation_clicks: 1, time_to_action_seconds: 5 };
  const later = { read_time_seconds: 14, copy_event: true, time_to_action_seconds: 2 };
  for (const batches of [
    [batch, later],
    [later, batch],
    [batch, later, later],
  ]) {
    expect(mergeSignals(batches)).toMatchObject({
      read_time_seconds: 14,
      citation_clicks: 1,
      copy_event: true,
      time_to_action_seconds: 2,
    });
  }
});
