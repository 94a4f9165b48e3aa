// How one answer was rated by the visitor who got it: one value, and what it comes from. Low is below zero:
// a thumb down, fewer than three stars, or a correction. adapters/postgres/experiment-answers.ts says the
// same in SQL. Pure.

import {
  type ExplicitEvent,
  explicitValue,
  latestFirst,
  standingVotes,
} from './feedback-values.ts';

export interface RatingEvent extends ExplicitEvent {
  correctedResponse: string | null;
  correctionType: string | null;
  reviewStatus: 'pending' | 'accepted' | 'rejected' | null;
}

export interface Rating {
  /** From -1 to 1; null where nobody rated it. */
  score: number | null;
  thumb: 'up' | 'down' | null;
  stars: number | null;
  /** The text may be gone by age. */
  correction: {
    text: string | null;
    type: string | null;
    review: RatingEvent['reviewStatus'];
  } | null;
}

export const isLow = ({ score }: Pick<Rating, 'score'>) => score !== null && score < 0;

/** Of one visitor's explicit events on one answer, in any order. */
export function ratingOf(events: readonly RatingEvent[]): Rating {
  const standing = standingVotes(events);
  const [thumb] = standing.filter(({ type }) => type === 'thumbs_up' || type === 'thumbs_down');
  const stars = standing.find(({ type }) => type === 'rating');
  // A text may come with any kind of vote.
  const [correction] = standing
    .filter(({ type, correctedResponse }) => type === 'correction' || correctedResponse !== null)
    .toSorted(latestFirst);
  return {
    score: explicitValue(events) ?? null,
    thumb: thumb === undefined ? null : thumb.type === 'thumbs_up' ? 'up' : 'down',
    stars: stars === undefined ? null : starsOf(stars.value),
    correction:
      correction === undefined
        ? null
        : {
            text: correction.correctedResponse,
            type: correction.correctionType,
            review: correction.reviewStatus,
          },
  };
}

/** Back from the value that was stored; half stars are given by some. */
const starsOf = (value: number) => Math.round((value * 2 + 3) * 100) / 100;
