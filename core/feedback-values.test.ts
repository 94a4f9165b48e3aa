import { expect, test } from 'vitest';
import {
  type ExplicitEvent,
  explicitValue,
  feedbackValue,
  implicitScore,
} from './feedback-values.ts';

test.each([
  ['thumbs_up', undefined, 1],
  ['thumbs_down', undefined, -1],
  ['rating', 1, -1],
  ['rating', 3, 0],
  ['rating', 4, 0.5],
  ['rating', 5, 1],
  ['correction', undefined, -0.5],
  ['abandonment', undefined, -0.8],
  ['follow_up', undefined, 0],
] as const)('%s with %s stars is worth %d', (type, stars, value) => {
  expect(feedbackValue(type, stars)).toBe(value);
});

test('a rating without stars is refused', () => {
  expect(() => feedbackValue('rating')).toThrow('1 to 5 stars');
});

const WORDS_OF_A_MINUTE = 230;

test.each([
  ['reformulation', { reformulated: true }, -0.5],
  ['abandonment', { abandoned: true }, -0.8],
  ['quick accept under three seconds', { time_to_action_seconds: 2.9 }, 0.6],
  ['copy', { copy_event: true }, 0.4],
  ['two citation clicks', { citation_clicks: 2 }, 0.6],
  ['a thorough read at 80 % of the expected minute', { read_time_seconds: 48 }, 0.5],
  ['a follow-up', { follow_up_asked: true }, 0.3],
  [
    'copy and two clicks and follow-up, clamped',
    { copy_event: true, citation_clicks: 2, follow_up_asked: true },
    1,
  ],
  ['abandoned after rephrasing, clamped', { abandoned: true, reformulated: true }, -1],
])('%s scores %o', (_name, signals, score) => {
  expect(implicitScore(signals, WORDS_OF_A_MINUTE)).toBeCloseTo(score, 12);
});

test('no signal is not a score of zero', () => {
  expect(implicitScore({}, 100)).toBeUndefined();
  expect(implicitScore({ copy_event: false, citation_clicks: 0 }, 100)).toBeUndefined();
});

test('three seconds exactly is no quick accept, a short look no thorough read', () => {
  expect(
    implicitScore({ time_to_action_seconds: 3, read_time_seconds: 47 }, WORDS_OF_A_MINUTE),
  ).toBeUndefined();
});

const event = (over: Partial<ExplicitEvent>): ExplicitEvent => ({
  type: 'thumbs_up',
  value: 1,
  atMs: 0,
  receivedMs: 0,
  eventId: 'a',
  ...over,
});

test('the latest thumb or rating counts, whatever the order of delivery', () => {
  const up = event({ atMs: 1 });
  const down = event({ type: 'thumbs_down', value: -1, atMs: 2, eventId: 'b' });
  expect(explicitValue([up, down])).toBe(-1);
  expect(explicitValue([down, up])).toBe(-1);
});

test('of votes at one moment the one received later counts, and only then the greater id', () => {
  const up = event({ receivedMs: 1, eventId: 'z' });
  const down = event({ type: 'thumbs_down', value: -1, receivedMs: 2, eventId: 'a' });
  const stars = event({ type: 'rating', value: 0.5, receivedMs: 2, eventId: 'b' });
  expect(explicitValue([up, down])).toBe(-1);
  expect(explicitValue([down, up])).toBe(-1);
  expect(explicitValue([stars, down, up])).toBe(0.5);
  expect(explicitValue([up, down, stars])).toBe(0.5);
});

test('a correction outweighs a later thumb', () => {
  const correction = event({ type: 'correction', value: -0.5, atMs: 1, eventId: 'c' });
  expect(explicitValue([correction, event({ atMs: 5 })])).toBe(-0.5);
});

test('a follow-up alone is no explicit value', () => {
  expect(explicitValue([event({ type: 'follow_up', value: 0 })])).toBeUndefined();
  expect(explicitValue([])).toBeUndefined();
});
