// What of an assembled dataset still has its words when it is written: between the choice and the
// writing somebody may be erased, opt out or grow too old. Also how a dataset counts what is in it,
// at first and after an erasure. Pure.

import type { Assembly, Counts, Member, PairRef } from './assemble.ts';
import type { HeldOut } from './held-out.ts';

export type Complete = Assembly & { heldOut: readonly HeldOut[] };

interface Words {
  row: { query: string; response: string };
  corrections: ReadonlyMap<string, unknown>;
}

/** Without the examples and pairs whose words are gone, counted anew. */
export function standing(planned: Complete, texts: ReadonlyMap<string, Words>): Complete {
  const teaches = (member: Pick<Member, 'interactionId' | 'source' | 'feedbackEventId'>) => {
    const found = texts.get(member.interactionId);
    if (found === undefined || found.row.query.trim() === '') return false;
    if (member.source === 'correction') return found.corrections.has(member.feedbackEventId ?? '');
    return found.row.response.trim() !== '';
  };
  const compares = (pair: PairRef) => {
    const chosen = texts.get(pair.chosenInteractionId);
    const rejected = texts.get(pair.rejectedInteractionId);
    if (chosen === undefined || chosen.row.query.trim() === '') return false;
    if (rejected === undefined || rejected.row.response.trim() === '') return false;
    return pair.correctionEventId === null
      ? chosen.row.response.trim() !== ''
      : chosen.corrections.has(pair.correctionEventId);
  };
  const members = planned.members.filter(teaches);
  const pairs = planned.pairs.filter(compares);
  const heldOut = planned.heldOut.filter(
    ({ phrasing, taught }) => phrasing.text.trim() !== '' && teaches(taught),
  );
  return {
    members,
    pairs,
    heldOut,
    counts: { ...planned.counts, ...countContents(members, pairs, heldOut) },
  };
}

type Contents = Pick<
  Counts,
  | 'train'
  | 'validation_phrasings'
  | 'test_phrasings'
  | 'validation_groups'
  | 'test_groups'
  | 'corrections'
  | 'replayed'
  | 'pairs'
  | 'pairs_by_source'
>;

/** The counts that say what lies in a dataset's files. */
export function countContents(
  members: readonly Pick<Member, 'split' | 'source' | 'replayedFrom'>[],
  pairs: readonly Pick<PairRef, 'source'>[],
  heldOut: readonly Pick<HeldOut, 'split'>[],
): Contents {
  const inSplit = (split: Member['split']) =>
    members.filter((member) => member.split === split).length;
  const asking = (split: HeldOut['split']) => heldOut.filter((one) => one.split === split).length;
  const bySource: Counts['pairs_by_source'] = {};
  for (const { source } of pairs) bySource[source] = (bySource[source] ?? 0) + 1;
  return {
    train: inSplit('train'),
    validation_phrasings: asking('validation_phrasings'),
    test_phrasings: asking('test_phrasings'),
    validation_groups: inSplit('validation_groups'),
    test_groups: inSplit('test_groups'),
    corrections: members.filter((one) => one.source === 'correction' && one.replayedFrom === null)
      .length,
    replayed: members.filter((one) => one.replayedFrom !== null).length,
    pairs: pairs.length,
    pairs_by_source: bySource,
  };
}
