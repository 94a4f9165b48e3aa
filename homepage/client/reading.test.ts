// What becomes a signal, and what does not, over the life of one answer.
import { describe, expect, it } from 'vitest';
import {
  advance,
  countWords,
  isReformulation,
  type ReadingEvent,
  signalsOf,
  startReading,
} from './reading.ts';

const T0 = 1_000_000;
const left = { type: 'left' } as const;
const asked = {
  type: 'asked',
  before: 'How do I drain a node?',
  next: 'And a whole pool?',
} as const;
const hundredWords = 'word '.repeat(100);

const having = (events: ReadingEvent[], text = hundredWords) =>
  events.reduce(advance, startReading(text, T0, true));

describe('the signals of one answer', () => {
  it('counts only the time the page was in view', () => {
    const reading = having([
      { type: 'hidden', atMs: T0 + 4_000 },
      { type: 'shown', atMs: T0 + 60_000 },
    ]);
    expect(signalsOf(reading, left, T0 + 62_500).read_time_seconds).toBe(6.5);
  });
  it('counts nothing while a page opened in the background stays there', () => {
    const reading = startReading(hundredWords, T0, false);
    expect(signalsOf(reading, left, T0 + 60_000).read_time_seconds).toBe(0);
  });
  it('is not confused by being hidden or shown twice', () => {
    const reading = having([
      { type: 'hidden', atMs: T0 + 1_000 },
      { type: 'hidden', atMs: T0 + 2_000 },
      { type: 'shown', atMs: T0 + 3_000 },
      { type: 'shown', atMs: T0 + 4_000 },
    ]);
    expect(signalsOf(reading, asked, T0 + 5_000).read_time_seconds).toBe(3);
  });
  it('takes the first accepting act as the time to action', () => {
    const reading = having([
      { type: 'citation', atMs: T0 + 1_200 },
      { type: 'copied', atMs: T0 + 9_000 },
      { type: 'citation', atMs: T0 + 9_500 },
    ]);
    expect(signalsOf(reading, left, T0 + 10_000)).toEqual({
      read_time_seconds: 10,
      copy_event: true,
      citation_clicks: 2,
      time_to_action_seconds: 1.2,
    });
  });
  it('does not take a quick thumbs-down for a quick accept', () => {
    const reading = having([{ type: 'voted', atMs: T0 + 500, positive: false }]);
    expect(signalsOf(reading, left, T0 + 900)).toEqual({ read_time_seconds: 0.9 });
  });
  it('calls a short stay without any use abandoned', () => {
    expect(signalsOf(having([]), left, T0 + 2_000).abandoned).toBe(true);
  });
  it('does not call it abandoned after an adequate read', () => {
    // 100 words take 25.2 s; 80 % of that are 20.2 s.
    expect(signalsOf(having([]), left, T0 + 20_500).abandoned).toBeUndefined();
  });
  it('names the next question a follow-up or a reformulation, never both', () => {
    expect(signalsOf(having([]), asked, T0 + 1_000)).toEqual({
      read_time_seconds: 1,
      follow_up_asked: true,
    });
    const again = { ...asked, next: 'How can I drain the node?' };
    expect(signalsOf(having([]), again, T0 + 1_000)).toEqual({
      read_time_seconds: 1,
      reformulated: true,
    });
  });
});

describe('words', () => {
  it('counts words in any script and none in punctuation', () => {
    expect(countWords("Don't stop — перезапуск пода: 42!")).toBe(5);
    expect(countWords('…')).toBe(0);
  });
  it('does not call questions of plain words alone reformulations', () => {
    expect(isReformulation('What is it?', 'How is it?')).toBe(false);
    expect(isReformulation('restart the pod', 'delete the namespace')).toBe(false);
  });
});
