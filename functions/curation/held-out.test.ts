import { expect, test } from 'vitest';
import type { Assembly, Member } from './assemble.ts';
import { type Phrasing, taughtGroups, withHeldOut } from './held-out.ts';

const taught = (id: string, over: Partial<Member> = {}): Member => ({
  interactionId: id,
  oneShot: false,
  phrasingId: `phrasing of ${id}`,
  groupId: 'g1',
  source: 'praise',
  feedbackEventId: null,
  split: 'train',
  qualityRaw: 0.9,
  replayedFrom: null,
  repeats: 1,
  ...over,
});
const phrasing = (id: string, groupId: string, split: Phrasing['split']): Phrasing => ({
  id,
  groupId,
  text: `question ${id}`,
  split,
});
const noCounts: Assembly['counts'] = {
  interactions: 2,
  with_evidence: 2,
  qualified: 2,
  filtered: {},
  token_sources: { model_server: 2, words: 0 },
  bands: { excellent: 2, good: 0, acceptable: 0, neutral: 0, poor: 0 },
  train: 1,
  validation_phrasings: 0,
  test_phrasings: 0,
  validation_groups: 0,
  test_groups: 1,
  corrections: 0,
  replayed: 0,
  pairs: 0,
  pairs_by_source: {},
};
const answerOf = (...members: Member[]) => taughtGroups(members).get('g1')?.interactionId;

test('a group is asked for its correction rather than for what was praised', () => {
  const correction = taught('b', { source: 'correction', qualityRaw: -0.5 });
  expect(answerOf(taught('a'), correction)).toBe('b');
});

test('this week’s example comes before a replayed one, a newer week’s before an older one’s', () => {
  const now = taught('a', { qualityRaw: 0.6 });
  const newer = taught('b', { replayedFrom: '2026-w29', qualityRaw: 0.7 });
  const older = taught('c', { replayedFrom: '2026-w28' });
  expect(answerOf(older, newer, now)).toBe('a');
  expect(answerOf(older, newer)).toBe('b');
});

test('only held-out phrasings of taught groups are asked', () => {
  const assembly: Assembly = {
    members: [taught('a'), taught('b', { groupId: 'g2', split: 'test_groups' })],
    pairs: [],
    counts: noCounts,
  };
  const phrasings = [
    phrasing('p1', 'g1', 'validation'),
    phrasing('p2', 'g1', 'test'),
    phrasing('p3', 'g1', 'train'),
    phrasing('p4', 'g2', 'test'),
    phrasing('p5', 'unknown', 'validation'),
  ];
  const { heldOut, counts } = withHeldOut(assembly, phrasings, 0.25);
  expect(heldOut.map(({ phrasing: { id }, split }) => `${id} ${split}`)).toEqual([
    'p1 validation_phrasings',
    'p2 test_phrasings',
  ]);
  expect(counts).toMatchObject({ validation_phrasings: 1, test_phrasings: 1, test_groups: 1 });
});

test('a visitor who came again stands for the group before one who came once', () => {
  const once = taught('a', { oneShot: true, qualityRaw: 1 });
  expect(answerOf(once, taught('b', { qualityRaw: 0.6 }))).toBe('b');
});

test('of the answers that held-out phrasings expect, so many may be a one-shot identity’s', () => {
  const once = taught('a', { oneShot: true });
  const again = taught('b', { groupId: 'g2' });
  const phrasings = ['g1', 'g1', 'g1', 'g2', 'g2', 'g2'].map((group, at) =>
    phrasing(`p${at}`, group, 'test'),
  );
  const assembly = { members: [once, again], pairs: [], counts: noCounts };
  const { heldOut, counts } = withHeldOut(assembly, phrasings, 0.25);
  expect(heldOut.map(({ phrasing: { id } }) => id)).toEqual(['p0', 'p3', 'p4', 'p5']);
  expect(counts).toMatchObject({ test_phrasings: 4, filtered: { one_shot_held_out: 2 } });
  expect(withHeldOut(assembly, phrasings, 1).heldOut).toHaveLength(6);
});
