// Preference pairs: which of two answers to one question was better. Corrections give the surest
// pairs; a group of similar questions gives the others by greedy matching of best against worst.
// Pure; called by curation.

export interface RankedAnswer {
  id: string;
  text: string;
  /** Quality in [0, 1]. */
  score: number;
  /** False for an answer that an operator found wrong: it may only be the rejected one. */
  mayWin: boolean;
}

export interface Pair<Answer extends RankedAnswer> {
  chosen: Answer;
  rejected: Answer;
  margin: number;
}

export const MAX_PAIRS_PER_ANSWER = 2;

/**
 * Greedy matching: widest margin first, each answer in at most two pairs, margin strictly above
 * `minMargin`, never two answers of the same text. O(n^2 log n) in the answers of one group.
 */
export function matchPairs<Answer extends RankedAnswer>(
  answers: readonly Answer[],
  minMargin: number,
): Pair<Answer>[] {
  const candidates: Pair<Answer>[] = [];
  for (const chosen of answers) {
    for (const rejected of answers) {
      const margin = Number((chosen.score - rejected.score).toFixed(12));
      if (chosen.mayWin && margin > minMargin && chosen.text !== rejected.text) {
        candidates.push({ chosen, rejected, margin });
      }
    }
  }
  candidates.sort(
    (a, b) =>
      b.margin - a.margin ||
      compare(a.chosen.id, b.chosen.id) ||
      compare(a.rejected.id, b.rejected.id),
  );
  const used = new Map<string, number>();
  const uses = (answer: Answer) => used.get(answer.id) ?? 0;
  const pairs: Pair<Answer>[] = [];
  for (const pair of candidates) {
    if (uses(pair.chosen) < MAX_PAIRS_PER_ANSWER && uses(pair.rejected) < MAX_PAIRS_PER_ANSWER) {
      used.set(pair.chosen.id, uses(pair.chosen) + 1);
      used.set(pair.rejected.id, uses(pair.rejected) + 1);
      pairs.push(pair);
    }
  }
  return pairs;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export type PairSource =
  | 'user_correction'
  | 'direct_comparison'
  | 'model_comparison'
  | 'synthetic_negative';

export interface PairWeight {
  confidence: number;
  weight: number;
}

/** The weighting table: how sure a pair is, and how often training samples it. */
export function pairWeight(source: PairSource, margin: number): PairWeight {
  switch (source) {
    case 'user_correction':
      return { confidence: 1, weight: 1 };
    case 'direct_comparison':
      return margin > 0.5 ? { confidence: 0.95, weight: 1 } : { confidence: 0.8, weight: 0.8 };
    case 'model_comparison':
      return { confidence: 0.75, weight: 0.7 };
    case 'synthetic_negative':
      return { confidence: 0.6, weight: 0.5 };
  }
}
