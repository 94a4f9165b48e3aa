// Preference pairs of a dataset: what was corrected against its correction, and answers to one group of
// questions against each other. Pure; references, never text.

import type { LearningConfig } from '../../core/learning-config.ts';
import { matchPairs, pairWeight } from '../../core/pairs.ts';
import type { Split } from '../../core/split.ts';
import type { Candidate, PairRef } from './assemble.ts';
import { withinOneShotShare } from './one-shot.ts';

/** The same words in one group are one answer. */
export const answerKey = (answer: { groupId: string; responseKey: string }) =>
  `${answer.groupId}\u0000${answer.responseKey}`;

const sideOf = (split: Split): PairRef['split'] =>
  split === 'train' ? 'train' : split.startsWith('test') ? 'test' : 'validation';

/** A pair is taught only when neither of its phrasings is held out. */
function pairSide(a: Split, b: Split): PairRef['split'] {
  const sides = [sideOf(a), sideOf(b)];
  if (sides.includes('test')) return 'test';
  return sides.includes('validation') ? 'validation' : 'train';
}

/** Accepted corrections, then the better against the worse of a group; `left` could not stay. */
export function pairsOf(
  datasetId: string,
  candidates: readonly Candidate[],
  refuted: ReadonlySet<string>,
  config: LearningConfig['curation'],
): { kept: PairRef[]; left: number } {
  const pairs: Omit<PairRef, 'pairId'>[] = [];
  const oneShots = new Set(
    candidates.filter(({ oneShot }) => oneShot).map(({ interactionId }) => interactionId),
  );
  const visitorOf = new Map(candidates.map((one) => [one.interactionId, one.visitorId]));
  const perVisitor = new Map<string, number>();
  const add = (pair: Omit<PairRef, 'pairId' | 'confidence' | 'weight'>) => {
    // Either side's visitor speaks through a pair, so both are capped.
    const sides = [pair.chosenInteractionId, pair.rejectedInteractionId];
    const visitors = new Set(sides.map((id) => visitorOf.get(id) ?? ''));
    const uses = [...visitors].map((visitor) => perVisitor.get(visitor) ?? 0);
    if (uses.some((count) => count >= config.max_examples_per_visitor)) return;
    for (const visitor of visitors) perVisitor.set(visitor, (perVisitor.get(visitor) ?? 0) + 1);
    pairs.push({ ...pair, ...pairWeight(pair.source, pair.margin) });
  };
  for (const candidate of candidates) {
    const { correction, responseKey, reason } = candidate;
    const spoilt = reason === 'incomplete' || reason === 'personal_data';
    if (correction && !spoilt && correction.textKey !== responseKey) {
      add({
        source: 'user_correction',
        chosenInteractionId: candidate.interactionId,
        correctionEventId: correction.eventId,
        rejectedInteractionId: candidate.interactionId,
        margin: 1,
        split: pairSide(candidate.split, candidate.split),
      });
    }
  }
  const groups = Map.groupBy(
    candidates.filter((candidate) => candidate.comparable),
    (candidate) => candidate.groupId,
  );
  for (const group of groups.values()) {
    const ranked = group.map((candidate) => ({
      id: candidate.interactionId,
      text: candidate.responseKey,
      score: candidate.score ?? 0,
      split: candidate.split,
      mayWin: !refuted.has(answerKey(candidate)),
    }));
    for (const { chosen, rejected, margin } of matchPairs(ranked, config.min_pair_margin)) {
      add({
        source: 'direct_comparison',
        chosenInteractionId: chosen.id,
        correctionEventId: null,
        rejectedInteractionId: rejected.id,
        margin,
        split: pairSide(chosen.split, rejected.split),
      });
    }
  }
  const { kept, left } = withinOneShotShare(pairs, {
    share: config.max_one_shot_share,
    partOf: ({ split }) => split,
    isCorrected: ({ correctionEventId }) => correctionEventId !== null,
    isOneShot: (pair) =>
      oneShots.has(pair.chosenInteractionId) || oneShots.has(pair.rejectedInteractionId),
    quality: ({ margin }) => margin,
    id: ({ chosenInteractionId, rejectedInteractionId }) =>
      `${chosenInteractionId} ${rejectedInteractionId}`,
  });
  const numbered = kept.map((pair, index) => ({
    ...pair,
    pairId: `pair-${datasetId}-${String(index + 1).padStart(4, '0')}`,
  }));
  return { kept: numbered, left };
}
