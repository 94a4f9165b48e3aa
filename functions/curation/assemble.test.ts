import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseLearning } from '../../core/learning-config.ts';
import { assemble, type Candidate, type Earlier } from './assemble.ts';

const { curation } = parseLearning(readFileSync('learning.yaml', 'utf8')).config;
const WEEK = '2026-w30';

const praised = (id: string, over: Partial<Candidate> = {}): Candidate => ({
  interactionId: id,
  visitorId: `visitor of ${id}`,
  oneShot: false,
  phrasingId: `phrasing of ${id}`,
  groupId: 'g1',
  split: 'train',
  qualified: true,
  comparable: true,
  reason: null,
  raw: 0.9,
  score: 0.9,
  band: 'excellent',
  responseKey: `words of ${id}`,
  tokenSource: 'model_server',
  correction: null,
  ...over,
});
const corrected = (id: string, over: Partial<Candidate> = {}): Candidate =>
  praised(id, {
    qualified: false,
    reason: 'low_quality',
    raw: -0.2,
    score: 0,
    band: 'poor',
    correction: { eventId: `correction of ${id}`, textKey: `better words of ${id}` },
    ...over,
  });
const lastWeek = (id: string, over: Partial<Earlier> = {}): Earlier => ({
  datasetId: '2026-w29',
  interactionId: id,
  visitorId: `visitor of ${id}`,
  oneShot: false,
  phrasingId: `phrasing of ${id}`,
  groupId: 'g1',
  source: 'praise',
  feedbackEventId: null,
  split: 'train',
  qualityRaw: 0.9,
  textKey: `words of ${id}`,
  responseKey: `words of ${id}`,
  ...over,
});
const build = (
  candidates: readonly Candidate[],
  earlier: readonly Earlier[] = [],
  over: Partial<typeof curation> = {},
) => assemble(WEEK, candidates, earlier, { ...curation, ...over });
const ids = (assembly: ReturnType<typeof build>) =>
  assembly.members.map((member) => member.interactionId).toSorted();

describe('praise and corrections', () => {
  test('a corrected answer is taught as corrected and refutes the same words praised', () => {
    const wrong = 'the wrong words';
    const { members, counts } = build([
      corrected('a', { responseKey: wrong }),
      praised('b', { responseKey: wrong }),
      praised('c', { responseKey: wrong, groupId: 'another question' }),
    ]);
    expect(members).toMatchObject([
      { interactionId: 'a', source: 'correction', feedbackEventId: 'correction of a' },
      { interactionId: 'c', source: 'praise' },
    ]);
    expect(counts.filtered).toEqual({ contradicted: 1 });
  });

  test('corrections are repeated up to the balance with praise and never beyond the limit', () => {
    const praise = Array.from({ length: 6 }, (_, index) => praised(`p${index}`));
    const repeatsOf = (limit: number) =>
      build([...praise, corrected('a'), corrected('b')], [], {
        correction_repeats: limit,
      }).members.map((member) => `${member.source} x${member.repeats}`);
    expect(repeatsOf(8)).toContain('correction x3');
    expect(repeatsOf(2)).toContain('correction x2');
    expect(repeatsOf(8)).not.toContain('praise x3');
  });

  test('the same words to the same phrasing are one example, a correction before praise', () => {
    const same = { phrasingId: 'p', responseKey: 'right' };
    const { members, counts } = build([
      praised('a', same),
      praised('b', { ...same, raw: 0.95 }),
      corrected('c', { phrasingId: 'p', correction: { eventId: 'e', textKey: 'right' } }),
    ]);
    expect(members.map((member) => member.interactionId)).toEqual(['c']);
    expect(counts.filtered.duplicate).toBe(2);
  });

  test('one visitor teaches no more than the cap, in pairs neither', () => {
    const one = Array.from({ length: 5 }, (_, index) =>
      corrected(`a${index}`, { visitorId: 'v', groupId: `g${index}` }),
    );
    const { members, pairs, counts } = build([...one, corrected('b')], [], {
      max_examples_per_visitor: 2,
    });
    expect(members).toHaveLength(3);
    expect(pairs).toHaveLength(3);
    expect(counts.filtered.visitor_cap).toBe(3);
  });
});

describe('replay', () => {
  test('what a later correction refuted is not replayed, in whichever week it was praised', () => {
    const wrong = { textKey: 'wrong', responseKey: 'wrong' };
    const right = lastWeek('b', {
      source: 'correction',
      feedbackEventId: 'e',
      responseKey: 'wrong',
    });
    const always = { replay_decay: 1 };
    expect(
      ids(build([corrected('c', { responseKey: 'wrong' })], [lastWeek('a', wrong)], always)),
    ).toEqual(['c']);
    expect(ids(build([], [lastWeek('a', wrong), right], always))).toEqual(['b']);
  });

  test('a phrasing corrected this week is not replayed as it was corrected before', () => {
    const old = lastWeek('a', { source: 'correction', phrasingId: 'p', feedbackEventId: 'e' });
    expect(ids(build([corrected('b', { phrasingId: 'p' })], [old], { replay_decay: 1 }))).toEqual([
      'b',
    ]);
  });

  test('taught examples fade with their age, held-out ones all stay', () => {
    const week = (datasetId: string, split: Earlier['split']) =>
      Array.from({ length: 400 }, (_, index) =>
        lastWeek(`${datasetId}-${split}-${index}`, { datasetId, split }),
      );
    const { members } = build(
      [],
      [
        ...week('2026-w29', 'train'),
        ...week('2026-w28', 'train'),
        ...week('2026-w28', 'test_groups'),
      ],
      { replay_decay: 0.5 },
    );
    const from = (datasetId: string, split: string) =>
      members.filter((m) => m.replayedFrom === datasetId && m.split === split).length / 400;
    expect(from('2026-w29', 'train')).toBeCloseTo(0.5, 1);
    expect(from('2026-w28', 'train')).toBeCloseTo(0.25, 1);
    expect(from('2026-w28', 'test_groups')).toBe(1);
  });

  test('the limit on examples keeps the newest and counts this week first', () => {
    const { members } = build(
      [praised('new')],
      [lastWeek('old'), lastWeek('older', { datasetId: '2026-w28' })],
      { replay_decay: 1, max_interactions: 2 },
    );
    expect(members.map((member) => member.interactionId)).toEqual(['new', 'old']);
  });
});

describe('pairs', () => {
  test('a correction stands against its own answer, the best against the worst of its group', () => {
    const { pairs } = build([
      corrected('a', { comparable: false }),
      praised('b', { groupId: 'g2', score: 0.9 }),
      praised('c', { groupId: 'g2', score: 0.1, qualified: false }),
    ]);
    expect(pairs).toMatchObject([
      {
        source: 'user_correction',
        chosenInteractionId: 'a',
        rejectedInteractionId: 'a',
        margin: 1,
      },
      {
        source: 'direct_comparison',
        chosenInteractionId: 'b',
        rejectedInteractionId: 'c',
        margin: 0.8,
      },
    ]);
  });

  test('a pair with a held-out side is not taught', () => {
    const { pairs } = build([
      praised('a', { split: 'validation_phrasings' }),
      praised('b', { score: 0.1 }),
      praised('c', { groupId: 'g2', split: 'test_groups' }),
      praised('d', { groupId: 'g2', split: 'test_groups', score: 0.1 }),
    ]);
    expect(pairs.map((pair) => pair.split)).toEqual(['validation', 'test']);
  });

  test('what an operator refuted is never the chosen side, whoever praised it', () => {
    const wrong = { responseKey: 'wrong' };
    const { pairs } = build([
      corrected('a', { ...wrong, comparable: false }),
      praised('b', wrong),
      praised('c', { score: 0.1 }),
    ]);
    expect(pairs.map((pair) => pair.source)).toEqual(['user_correction']);
  });

  test('a correction of an answer that broke off is taught, but makes no pair', () => {
    const assembly = build([corrected('a', { reason: 'incomplete', comparable: false })]);
    expect(ids(assembly)).toEqual(['a']);
    expect(assembly.pairs).toEqual([]);
  });

  test('a correction that repeats the answer is no pair', () => {
    const same = { eventId: 'e', textKey: 'words of a' };
    expect(build([corrected('a', { correction: same, comparable: false })]).pairs).toEqual([]);
  });
});

test('a week above the limit keeps corrections first, then the better judged', () => {
  const { members, counts } = build(
    [praised('a', { raw: 0.7 }), praised('b', { raw: 0.9 }), corrected('c')],
    [],
    { max_interactions: 2 },
  );
  expect(members.map((member) => member.interactionId).toSorted()).toEqual(['b', 'c']);
  expect(counts.filtered.over_limit).toBe(1);
});

test('the counts add up to what was given and what was kept', () => {
  const { counts } = build(
    [
      praised('a'),
      corrected('b'),
      praised('c', { qualified: false, reason: 'no_evidence', raw: null, score: null, band: null }),
    ],
    [lastWeek('d', { split: 'test_groups' })],
  );
  expect(counts).toMatchObject({
    interactions: 3,
    with_evidence: 2,
    qualified: 1,
    filtered: { no_evidence: 1 },
    bands: { excellent: 1, good: 0, acceptable: 0, neutral: 0, poor: 1 },
    token_sources: { model_server: 3, words: 0 },
    train: 2,
    test_groups: 1,
    corrections: 1,
    replayed: 1,
  });
});

test('the order of answers of equal standing changes nothing but order', () => {
  const week = [corrected('a'), praised('b'), praised('c', { groupId: 'g2' })];
  expect(ids(build(week))).toEqual(ids(build(week.toReversed())));
});

describe('one-shot identities', () => {
  const once = (id: string, over: Partial<Candidate> = {}) =>
    praised(id, { oneShot: true, ...over });
  const regulars = ['r1', 'r2', 'r3'].map((id) => praised(id));

  test('are a quarter of what praise teaches, and the rest is counted', () => {
    const crowd = ['o1', 'o2', 'o3'].map((id, at) => once(id, { raw: 0.7 + at / 10 }));
    const built = build([...crowd, ...regulars]);
    expect(ids(built)).toEqual(['o3', 'r1', 'r2', 'r3']);
    expect(built.counts).toMatchObject({ train: 4, filtered: { one_shot_examples: 2 } });
  });

  test('count in each held-out set by itself, and when they are replayed', () => {
    const built = build(
      [...regulars, once('held', { split: 'test_groups' })],
      [lastWeek('o1', { oneShot: true }), lastWeek('o2', { oneShot: true })],
      { replay_decay: 1 },
    );
    expect(ids(built)).toEqual(['o1', 'r1', 'r2', 'r3']);
    expect(built.counts).toMatchObject({ test_groups: 0, filtered: { one_shot_examples: 2 } });
  });

  test('are taught by what an operator accepted of theirs', () => {
    const built = build([corrected('k', { oneShot: true })]);
    expect(ids(built)).toEqual(['k']);
    expect(built.pairs).toHaveLength(1);
  });

  test('have their share of the pairs on either side, the widest margins first', () => {
    const rivals = (at: number, over: Partial<Candidate>) => [
      once(`a${at}`, { groupId: `g${at}`, score: 0.9, raw: 0.9, ...over }),
      praised(`b${at}`, { groupId: `g${at}`, score: at / 10, raw: at / 10, qualified: false }),
    ];
    const honest = [3, 4, 5].flatMap((at) => rivals(at, { oneShot: false }));
    const built = build([...rivals(1, {}), ...rivals(2, {}), ...honest]);
    expect(built.pairs.map(({ chosenInteractionId: id }) => id)).toEqual(['a1', 'a3', 'a4', 'a5']);
    expect(built.pairs.map(({ pairId }) => pairId.slice(-4))).toEqual([
      '0001',
      '0002',
      '0003',
      '0004',
    ]);
    expect(built.counts).toMatchObject({ pairs: 4, filtered: { one_shot_pairs: 1 } });
  });
});
