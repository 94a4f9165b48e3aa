import { expect, test } from 'vitest';
import type { Member, PairRef } from './assemble.ts';
import { type Complete, countContents, standing } from './standing.ts';

const member = (interactionId: string, over: Partial<Member> = {}): Member => ({
  interactionId,
  phrasingId: 'q-1',
  groupId: 'g-1',
  source: 'praise',
  feedbackEventId: null,
  split: 'train',
  qualityRaw: 0.9,
  replayedFrom: null,
  repeats: 1,
  oneShot: false,
  ...over,
});
const corrected = (interactionId: string, feedbackEventId: string) =>
  member(interactionId, { source: 'correction', feedbackEventId });
const pair = (chosenInteractionId: string, rejectedInteractionId: string): PairRef => ({
  pairId: `${chosenInteractionId}-${rejectedInteractionId}`,
  source: 'direct_comparison',
  chosenInteractionId,
  correctionEventId: null,
  rejectedInteractionId,
  margin: 0.5,
  confidence: 0.95,
  weight: 1,
  split: 'train',
});
const words = (query: string, response: string, corrections: string[] = []) => ({
  row: { query, response },
  corrections: new Map(corrections.map((id) => [id, true])),
});

const planned = (over: Partial<Complete>): Complete => {
  const { members = [], pairs = [], heldOut = [] } = over;
  return {
    members,
    pairs,
    heldOut,
    counts: {
      interactions: 5,
      with_evidence: 5,
      qualified: 5,
      filtered: {},
      token_sources: { model_server: 5, words: 0 },
      bands: { excellent: 5, good: 0, acceptable: 0, neutral: 0, poor: 0 },
      ...countContents(members, pairs, heldOut),
    },
  };
};

test('who left, and whose words are gone, is in no example, no pair and no count', () => {
  const left = standing(
    planned({
      members: [member('here'), member('left'), member('no-question'), member('no-answer')],
      pairs: [pair('here', 'here'), pair('here', 'left'), pair('left', 'here')],
    }),
    new Map([
      ['here', words('How?', 'So.')],
      ['no-question', words(' ', 'So.')],
      ['no-answer', words('How?', '')],
    ]),
  );
  expect(left.members.map((one) => one.interactionId)).toEqual(['here']);
  expect(left.pairs.map((one) => one.pairId)).toEqual(['here-here']);
  expect(left.counts).toMatchObject({ interactions: 5, train: 1, pairs: 1 });
});

test('a correction stands by its own text, not by the answer\u2019s', () => {
  const left = standing(
    planned({ members: [corrected('a', 'event-a'), corrected('b', 'event-b')] }),
    new Map([
      ['a', words('How?', '', ['event-a'])],
      ['b', words('How?', 'So.')],
    ]),
  );
  expect(left.members.map((one) => one.interactionId)).toEqual(['a']);
  expect(left.counts.corrections).toBe(1);
});

test('a held-out question needs its own words and its answer\u2019s', () => {
  const asked = (id: string, text: string, taught: Member) => ({
    phrasing: { id, groupId: 'g-1', text, split: 'test' as const },
    split: 'test_phrasings' as const,
    taught,
  });
  const left = standing(
    planned({
      heldOut: [
        asked('q-kept', 'How so?', member('here')),
        asked('q-empty', '', member('here')),
        asked('q-unanswered', 'How so?', member('left')),
      ],
    }),
    new Map([['here', words('How?', 'So.')]]),
  );
  expect(left.heldOut.map((one) => one.phrasing.id)).toEqual(['q-kept']);
  expect(left.counts.test_phrasings).toBe(1);
});
