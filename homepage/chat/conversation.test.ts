// How a conversation grows, and which of a model's words may become an address.
import { describe, expect, it } from 'vitest';
import { plainText, safeUrl } from '../markdown/safe-text.ts';
import { canBeJudged, converse, isOpen, type TurnEvent } from './conversation.ts';

const asked: TurnEvent = { type: 'asked', id: 1, question: 'Why?' };
const named: TurnEvent = {
  type: 'named',
  id: 1,
  interactionId: 'i',
  feedbackToken: 't',
  sources: [],
  modelVersion: null,
};
const wrote: TurnEvent = { type: 'wrote', id: 1, text: 'Because' };
const ended: TurnEvent = { type: 'ended', id: 1, state: { phase: 'done' } };
const failed: TurnEvent = { type: 'ended', id: 1, state: { phase: 'failed', sentence: 'No.' } };

const having = (...events: TurnEvent[]) => {
  const turn = events.reduce(converse, []).at(-1);
  if (turn === undefined) throw new Error('The conversation should have a turn');
  return turn;
};

describe('a conversation', () => {
  it('is open until its answer has ended', () => {
    expect(isOpen(having(asked))).toBe(true);
    expect(isOpen(having(asked, named, wrote))).toBe(true);
    expect(isOpen(having(asked, named, wrote, ended))).toBe(false);
    expect(isOpen(undefined)).toBe(false);
  });
  it('lets only an answer be judged that is there and carries a token', () => {
    expect(canBeJudged(having(asked, named, wrote, ended))).toBe(true);
    expect(canBeJudged(having(asked, wrote, ended))).toBe(false);
    expect(canBeJudged(having(asked, named, ended))).toBe(false);
    expect(canBeJudged(having(asked, named, wrote, failed))).toBe(false);
  });
  it('forgets the failed answer when the question is tried again', () => {
    const again = having(asked, named, wrote, failed, { type: 'retried', id: 1 });
    expect(again).toMatchObject({ question: 'Why?', answer: '', interactionId: null });
    expect(isOpen(again)).toBe(true);
  });
});

describe('the words of a model', () => {
  it('become addresses only with http, https or mailto', () => {
    expect(safeUrl('https://example.org/a')).toBe('https://example.org/a');
    expect(safeUrl('mailto:a@example.org')).toBe('mailto:a@example.org');
    for (const bad of [
      'javascript:alert(1)',
      ' JaVaScRiPt:alert(1)',
      'data:text/html,x',
      '/a',
      '',
    ]) {
      expect(safeUrl(bad)).toBeNull();
    }
    expect(safeUrl(null)).toBeNull();
  });
  it('have their entities read once', () => {
    expect(plainText('R&amp;D &lt;b&gt; &amp;lt;')).toBe('R&D <b> &lt;');
    expect(plainText('&unknown; &')).toBe('&unknown; &');
  });
});
