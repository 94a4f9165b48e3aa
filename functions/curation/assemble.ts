// From judged answers to a dataset: which are taught, which are held out, which stand in pairs. Pure;
// handles references, never text, so that a week of answers fits a Worker's memory.

import { unitHash } from '../../core/assignment.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import type { PairSource } from '../../core/pairs.ts';
import type { Band } from '../../core/quality.ts';
import type { Split } from '../../core/split.ts';
import { withinOneShotShare } from './one-shot.ts';
import { answerKey, pairsOf } from './preference-pairs.ts';
import type { FilterReason } from './score.ts';
import { countContents } from './standing.ts';

/** One judged answer of the window, without its text. */
export interface Candidate {
  interactionId: string;
  visitorId: string;
  /** The only answer that its visitor ever had, until the window's end. */
  oneShot: boolean;
  phrasingId: string;
  groupId: string;
  split: Split;
  qualified: boolean;
  comparable: boolean;
  reason: FilterReason | null;
  raw: number | null;
  score: number | null;
  band: Band | null;
  /** Hash of the answer's words: equal hashes are equal answers. */
  responseKey: string;
  tokenSource: 'model_server' | 'words';
  correction: { eventId: string; textKey: string } | null;
}

/** A member of an earlier dataset that may be replayed. */
export interface Earlier {
  datasetId: string;
  interactionId: string;
  visitorId: string;
  oneShot: boolean;
  phrasingId: string;
  groupId: string;
  source: 'praise' | 'correction';
  feedbackEventId: string | null;
  split: Split;
  qualityRaw: number;
  textKey: string;
  /** What the visitor was answered then; a correction refutes it. */
  responseKey: string;
}

export interface Member {
  interactionId: string;
  oneShot: boolean;
  phrasingId: string;
  groupId: string;
  source: 'praise' | 'correction';
  feedbackEventId: string | null;
  split: Split;
  qualityRaw: number;
  replayedFrom: string | null;
  repeats: number;
}

export interface PairRef {
  pairId: string;
  source: PairSource;
  chosenInteractionId: string;
  /** Set where the chosen text is that correction's. */
  correctionEventId: string | null;
  rejectedInteractionId: string;
  margin: number;
  confidence: number;
  weight: number;
  split: 'train' | 'validation' | 'test';
}

export interface Counts {
  interactions: number;
  with_evidence: number;
  qualified: number;
  filtered: Partial<
    Record<
      | FilterReason
      | 'contradicted'
      | 'duplicate'
      | 'visitor_cap'
      | 'over_limit'
      | 'one_shot_examples'
      | 'one_shot_pairs'
      | 'one_shot_held_out',
      number
    >
  >;
  /** Who counted the answers' tokens. */
  token_sources: Record<Candidate['tokenSource'], number>;
  bands: Record<Band, number>;
  train: number;
  validation_phrasings: number;
  test_phrasings: number;
  validation_groups: number;
  test_groups: number;
  corrections: number;
  replayed: number;
  pairs: number;
  pairs_by_source: Partial<Record<PairSource, number>>;
}

export interface Assembly {
  members: Member[];
  pairs: PairRef[];
  counts: Counts;
}

interface Draft extends Member {
  textKey: string;
  visitorId: string;
}

export function assemble(
  datasetId: string,
  candidates: readonly Candidate[],
  earlier: readonly Earlier[],
  config: LearningConfig['curation'],
): Assembly {
  const filtered: Counts['filtered'] = {};
  const drop = (reason: keyof Counts['filtered'], times = 1) => {
    if (times > 0) filtered[reason] = (filtered[reason] ?? 0) + times;
  };
  for (const { reason, correction } of candidates) if (reason && !correction) drop(reason);

  // An answer that an operator accepted a correction of must not be praised into the same group.
  const refuted = new Set([
    ...candidates.filter((candidate) => candidate.correction !== null).map(answerKey),
    ...earlier.filter((entry) => entry.source === 'correction').map(answerKey),
  ]);
  const drafts: Draft[] = [];
  const perVisitor = new Map<string, number>();
  for (const candidate of candidates) {
    const source = candidate.correction ? 'correction' : 'praise';
    if (source === 'praise' && !candidate.qualified) continue;
    if (source === 'praise' && refuted.has(answerKey(candidate))) {
      drop('contradicted');
      continue;
    }
    const used = perVisitor.get(candidate.visitorId) ?? 0;
    if (used >= config.max_examples_per_visitor) {
      drop('visitor_cap');
      continue;
    }
    perVisitor.set(candidate.visitorId, used + 1);
    drafts.push({
      interactionId: candidate.interactionId,
      oneShot: candidate.oneShot,
      phrasingId: candidate.phrasingId,
      groupId: candidate.groupId,
      source,
      feedbackEventId: candidate.correction?.eventId ?? null,
      split: candidate.split,
      qualityRaw: candidate.raw ?? 0,
      replayedFrom: null,
      repeats: 1,
      textKey: candidate.correction?.textKey ?? candidate.responseKey,
      visitorId: candidate.visitorId,
    });
  }
  const unique = dedupe(drafts, () => drop('duplicate'));
  const kept = limited(unique, config.max_interactions, () => drop('over_limit'));
  const standing = earlier.filter(
    (entry) => entry.source === 'correction' || !refuted.has(answerKey(entry)),
  );
  const replayed = replay(datasetId, standing, kept, config);
  const examples = withinOneShotShare([...kept, ...replayed], {
    share: config.max_one_shot_share,
    partOf: ({ split }) => split,
    isCorrected: ({ source }) => source === 'correction',
    isOneShot: ({ oneShot }) => oneShot,
    quality: ({ qualityRaw }) => qualityRaw,
    id: ({ interactionId }) => interactionId,
  });
  drop('one_shot_examples', examples.left);
  const members = repeatCorrections(examples.kept, config.correction_repeats);
  const { kept: pairs, left } = pairsOf(datasetId, candidates, refuted, config);
  drop('one_shot_pairs', left);
  return { members, pairs, counts: countUp(candidates, members, pairs, filtered) };
}

/** One example for each phrasing and text; a correction before praise, then the better score. */
function dedupe(drafts: readonly Draft[], onDuplicate: () => void): Draft[] {
  const best = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = `${draft.phrasingId}\u0000${draft.textKey}`;
    const held = best.get(key);
    if (held !== undefined) onDuplicate();
    if (held === undefined || rank(draft) > rank(held)) best.set(key, draft);
  }
  return [...best.values()];
}

/** What is taught, up to the limit: corrections first, then the better judged. */
function limited(drafts: readonly Draft[], limit: number, onDrop: () => void): Draft[] {
  const taught = drafts.filter((draft) => draft.split === 'train');
  if (taught.length <= limit) return [...drafts];
  const best = new Set(taught.toSorted((a, b) => rank(b) - rank(a)).slice(0, limit));
  return drafts.filter((draft) => {
    if (draft.split !== 'train' || best.has(draft)) return true;
    onDrop();
    return false;
  });
}

const rank = (draft: Draft) => (draft.source === 'correction' ? 2 : 0) + draft.qualityRaw;

/**
 * Earlier weeks' examples. Held-out ones all stay; taught ones with probability decay^(age in
 * datasets), drawn by hash, newest first, until `max_interactions` is reached.
 */
function replay(
  datasetId: string,
  earlier: readonly Earlier[],
  current: readonly Draft[],
  config: LearningConfig['curation'],
): Draft[] {
  const seen = new Set(current.map((draft) => `${draft.phrasingId}\u0000${draft.textKey}`));
  const ages = new Map<string, number>();
  for (const { datasetId: id } of earlier) if (!ages.has(id)) ages.set(id, ages.size + 1);
  const corrected = new Set(
    current.filter((d) => d.source === 'correction').map((draft) => draft.phrasingId),
  );
  const perVisitor = new Map<string, number>();
  for (const { visitorId } of current)
    perVisitor.set(visitorId, (perVisitor.get(visitorId) ?? 0) + 1);
  let room = config.max_interactions - current.filter((draft) => draft.split === 'train').length;
  const taken: Draft[] = [];
  for (const entry of earlier) {
    const key = `${entry.phrasingId}\u0000${entry.textKey}`;
    if (seen.has(key) || corrected.has(entry.phrasingId)) continue;
    const taught = entry.split === 'train';
    const share = config.replay_decay ** (ages.get(entry.datasetId) ?? 1);
    if (taught) {
      const used = perVisitor.get(entry.visitorId) ?? 0;
      if (room <= 0 || used >= config.max_examples_per_visitor) continue;
      if (unitHash(entry.interactionId, `replay-${datasetId}`) >= share) continue;
      perVisitor.set(entry.visitorId, used + 1);
      room -= 1;
    }
    seen.add(key);
    taken.push({
      interactionId: entry.interactionId,
      oneShot: entry.oneShot,
      phrasingId: entry.phrasingId,
      groupId: entry.groupId,
      source: entry.source,
      feedbackEventId: entry.feedbackEventId,
      split: entry.split,
      qualityRaw: entry.qualityRaw,
      replayedFrom: entry.datasetId,
      repeats: 1,
      textKey: entry.textKey,
      visitorId: entry.visitorId,
    });
  }
  return taken;
}

/** Corrections carry the learning: where praise outnumbers them they are repeated, up to a limit. */
function repeatCorrections(drafts: readonly Draft[], limit: number): Member[] {
  const taught = drafts.filter((draft) => draft.split === 'train');
  const corrections = taught.filter((draft) => draft.source === 'correction').length;
  const praise = taught.length - corrections;
  const repeats =
    corrections === 0 ? 1 : Math.max(1, Math.min(limit, Math.round(praise / corrections)));
  return drafts.map(({ textKey: _text, visitorId: _visitor, ...member }) => ({
    ...member,
    repeats: member.source === 'correction' && member.split === 'train' ? repeats : 1,
  }));
}

function countUp(
  candidates: readonly Candidate[],
  members: readonly Member[],
  pairs: readonly PairRef[],
  filtered: Counts['filtered'],
): Counts {
  const bands: Counts['bands'] = { excellent: 0, good: 0, acceptable: 0, neutral: 0, poor: 0 };
  for (const { band } of candidates) if (band) bands[band] += 1;
  const counted = (source: Candidate['tokenSource']) =>
    candidates.filter((candidate) => candidate.tokenSource === source).length;
  return {
    interactions: candidates.length,
    with_evidence: candidates.filter((candidate) => candidate.raw !== null).length,
    qualified: candidates.filter((candidate) => candidate.qualified).length,
    filtered,
    token_sources: { model_server: counted('model_server'), words: counted('words') },
    bands,
    // Which of them are held-out phrasings is known later.
    ...countContents(members, pairs, []),
  };
}
