// When signals leave the page, how often, and what they say.
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type PageEvents, trackAnswers } from './trackers.ts';

const T0 = 1_000_000;
const FIRST = { interactionId: 'i1', feedbackToken: 'f1' };
const SECOND = { interactionId: 'i2', feedbackToken: 'f2' };
const WORDS = 'word '.repeat(40);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const sentSchema = z.object({
  interaction_id: z.string(),
  feedback_token: z.string(),
  event_id: z.string(),
  signals: z.record(z.string(), z.unknown()),
});

function onPage() {
  const state = { now: T0, visible: true };
  const listeners = new Map<string, () => void>();
  const page: PageEvents = {
    visible: () => state.visible,
    now: () => state.now,
    on(type, listener) {
      listeners.set(type, listener);
      return () => void listeners.delete(type);
    },
  };
  const sent: z.infer<typeof sentSchema>[] = [];
  const beacon = (url: string, body: string) => {
    expect(url).toBe('https://bruno.example/api/signals');
    sent.push(sentSchema.parse(JSON.parse(body)));
    return true;
  };
  const trackers = trackAnswers({ baseUrl: 'https://bruno.example', page, beacon });
  const pass = (seconds: number) => {
    state.now += seconds * 1000;
  };
  const show = (visible: boolean) => {
    state.visible = visible;
    listeners.get('visibilitychange')?.();
  };
  return { trackers, sent, pass, show, leave: () => listeners.get('pagehide')?.(), listeners };
}

describe('the trackers', () => {
  it('send every signal once when the page is left', () => {
    const { trackers, sent, pass, leave } = onPage();
    trackers.open(FIRST, WORDS);
    pass(2.5);
    trackers.note('i1', { type: 'copied' });
    trackers.note('i1', { type: 'citation' });
    trackers.note('i1', { type: 'citation' });
    pass(42.5);
    leave();
    leave();
    expect(sent).toEqual([
      {
        interaction_id: 'i1',
        feedback_token: 'f1',
        event_id: expect.stringMatching(uuid),
        signals: {
          copy_event: true,
          citation_clicks: 2,
          read_time_seconds: 45,
          time_to_action_seconds: 2.5,
        },
      },
    ]);
  });
  it('send when the next question is asked, and nothing again when the page is left', () => {
    const { trackers, sent, pass, leave } = onPage();
    trackers.open(FIRST, WORDS);
    pass(12);
    trackers.close({ type: 'asked', before: 'How do I drain a node?', next: 'And a pool?' });
    leave();
    expect(sent.map(({ signals }) => signals)).toEqual([
      { read_time_seconds: 12, follow_up_asked: true },
    ]);
  });
  it('say that a question was asked again in other words', () => {
    const { trackers, sent } = onPage();
    trackers.open(FIRST, WORDS);
    trackers.close({ type: 'asked', before: 'How do I drain a node?', next: 'drain the node how' });
    expect(sent[0]?.signals).toEqual({ read_time_seconds: 0, reformulated: true });
  });
  it('say that a short stay without any use was abandoned', () => {
    const { trackers, sent, pass, leave } = onPage();
    trackers.open(FIRST, WORDS);
    pass(1);
    leave();
    expect(sent[0]?.signals).toEqual({ read_time_seconds: 1, abandoned: true });
  });
  it('do not count the time in another tab, and do not send because of it', () => {
    const { trackers, sent, pass, show, leave } = onPage();
    trackers.open(FIRST, WORDS);
    pass(10);
    show(false);
    pass(600);
    show(true);
    expect(sent).toEqual([]);
    pass(5);
    leave();
    expect(sent[0]?.signals).toEqual({ read_time_seconds: 15 });
  });
  it('keep the signals of one answer apart from those of the next', () => {
    const { trackers, sent, leave } = onPage();
    trackers.open(FIRST, WORDS);
    trackers.open(SECOND, WORDS);
    trackers.note('i1', { type: 'copied' });
    leave();
    expect(
      sent.map(({ interaction_id, signals }) => [interaction_id, 'copy_event' in signals]),
    ).toEqual([
      ['i1', false],
      ['i2', false],
    ]);
    expect(new Set(sent.map(({ event_id }) => event_id)).size).toBe(2);
  });
  it('neither praise nor blame an answer that was stopped and is asked for again', () => {
    const { trackers, sent, pass } = onPage();
    trackers.open(FIRST, WORDS);
    pass(1);
    trackers.close({ type: 'again' });
    trackers.open(SECOND, WORDS);
    expect(sent.map(({ signals }) => signals)).toEqual([{ read_time_seconds: 1 }]);
  });
  it('send nothing about an answer that the visitor has deleted', () => {
    const { trackers, sent, leave } = onPage();
    trackers.open(FIRST, WORDS);
    trackers.forget();
    leave();
    expect(sent).toEqual([]);
  });
  it('let go of the page when they are stopped', () => {
    const { trackers, sent, leave, listeners } = onPage();
    trackers.open(FIRST, WORDS);
    trackers.stop();
    leave();
    expect(sent).toHaveLength(1);
    expect(listeners.size).toBe(0);
  });
});
