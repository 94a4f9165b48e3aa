import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Gone,
  isGoneExample,
  isGonePair,
  manifestSchema,
  nothingGone,
  pairManifestSchema,
  remaining,
  withoutLines,
} from './without.ts';

const gone: Gone = { answers: new Set(['a-gone']), phrasings: new Set(['q-gone']) };

const example = (id: string, answer: string, phrasing: string) =>
  JSON.stringify({ id, metadata: { interaction_id: answer, phrasing_id: phrasing } });

test.each([
  ['praise of a gone answer', example('praise-a-gone', 'a-gone', 'q-1'), true],
  ['a held-out question with a gone answer', example('held-out-q-1', 'a-gone', 'q-1'), true],
  ['a held-out question whose words are gone', example('held-out-q-gone', 'a-1', 'q-gone'), true],
  // Somebody else asked it in their own words, which are theirs to keep.
  ['another\u2019s answer to the same question', example('praise-a-1', 'a-1', 'q-gone'), false],
  ['what has nothing to do with it', example('correction-a-1', 'a-1', 'q-1'), false],
])('%s', (_name, line, expected) => {
  expect(isGoneExample(line, gone)).toBe(expected);
});

test('a line that cannot be read stops the rewrite, because nobody knows whose it is', () => {
  expect(() => isGoneExample('{"id":"praise-1"}', gone)).toThrow();
  expect(() => isGonePair('not json', new Set())).toThrow();
});

test('what stays keeps its order and its bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.boolean())), (entries) => {
      const lines = entries.map(([text, out]) => JSON.stringify({ text, out }));
      const file = lines.map((line) => `${line}\n`).join('');
      const isOut = (line: string) => Reflect.get(Object(JSON.parse(line)), 'out') === true;
      const kept = lines.filter((line) => !isOut(line));
      expect(withoutLines(file, isOut)).toEqual({
        text: kept.map((line) => `${line}\n`).join(''),
        lines: kept.length,
        removed: lines.length - kept.length,
      });
    }),
  );
});

const member = (interaction_id: string, split = 'train', replayed_from: string | null = null) => ({
  interaction_id,
  source: 'praise',
  split,
  replayed_from,
});
const manifest = manifestSchema.parse({
  counts: { interactions: 9, train: 3, test_groups: 1 },
  members: [
    member('a-gone'),
    member('a-1'),
    member('a-2', 'train', '2026-w01'),
    member('a-3', 'test_groups'),
  ],
  held_out: [
    { phrasing_id: 'q-1', split: 'test_phrasings', answer_of: 'a-1' },
    { phrasing_id: 'q-2', split: 'test_phrasings', answer_of: 'a-gone' },
    { phrasing_id: 'q-gone', split: 'validation_phrasings', answer_of: 'a-1' },
  ],
});
const pair = (pairId: string, chosenInteractionId: string, rejectedInteractionId: string) => ({
  pairId,
  source: 'direct_comparison',
  chosenInteractionId,
  rejectedInteractionId,
});
const pairs = pairManifestSchema.parse({
  counts: {},
  pairs: [pair('p-1', 'a-1', 'a-gone'), pair('p-2', 'a-gone', 'a-1'), pair('p-3', 'a-1', 'a-2')],
});

test('counts what is left, and keeps the counts of what was read', () => {
  const left = remaining(manifest, pairs, gone);
  expect(left.removed).toEqual({ members: 1, taught: 1, heldOut: 2, pairs: 2 });
  expect(left.gonePairs).toEqual(new Set(['p-1', 'p-2']));
  expect(left.counts).toMatchObject({
    interactions: 9,
    train: 2,
    test_groups: 1,
    test_phrasings: 1,
    validation_phrasings: 0,
    replayed: 1,
    pairs: 1,
    pairs_by_source: { direct_comparison: 1 },
  });
});

test('again there is nothing to take out', () => {
  const once = remaining(manifest, pairs, gone);
  const again = remaining(
    { ...manifest, members: once.members, held_out: once.heldOut },
    { ...pairs, pairs: once.pairs },
    gone,
  );
  expect(nothingGone(again)).toBe(true);
  expect(nothingGone(once)).toBe(false);
});

test('a dataset without a manifest of its own has nothing to take out', () => {
  const empty = manifestSchema.parse({ counts: {} });
  expect(nothingGone(remaining(empty, pairManifestSchema.parse({ counts: {} }), gone))).toBe(true);
});
