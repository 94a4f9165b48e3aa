// How an answer was rated.

import { describe, expect, it } from 'vitest';
import { isLow, type RatingEvent, ratingOf } from './answer-rating.ts';
import { type FeedbackType, feedbackValue } from './feedback-values.ts';

let made = 0;
function said(
  type: FeedbackType,
  over: Partial<RatingEvent> & { stars?: number } = {},
): RatingEvent {
  made += 1;
  const { stars, ...rest } = over;
  return {
    eventId: `event-${made}`,
    type,
    value: feedbackValue(type, stars),
    atMs: made,
    receivedMs: made,
    correctedResponse: null,
    correctionType: null,
    reviewStatus: null,
    ...rest,
  };
}

describe('an answer’s rating', () => {
  it('is none where nobody said anything', () => {
    const rating = ratingOf([]);
    expect(rating).toEqual({ score: null, thumb: null, stars: null, correction: null });
    expect(isLow(rating)).toBe(false);
  });

  it('is the latest thumb’s', () => {
    const rating = ratingOf([said('thumbs_up'), said('thumbs_down')]);
    expect(rating).toMatchObject({ score: -1, thumb: 'down' });
    expect(isLow(rating)).toBe(true);
    expect(isLow(ratingOf([said('thumbs_down'), said('thumbs_up')]))).toBe(false);
  });

  it.each([
    [1, true],
    [2, true],
    [3, false],
    [5, false],
  ])('is told in the stars that were given: %i, low %s', (stars, low) => {
    const rating = ratingOf([said('rating', { stars })]);
    expect(rating).toMatchObject({ stars, thumb: null });
    expect(isLow(rating)).toBe(low);
  });

  it('is low where it was corrected, whatever else was said, and shows all of it', () => {
    const text = { correctedResponse: 'For 30 days.', correctionType: 'factual_error' };
    const corrected = said('correction', { ...text, reviewStatus: 'pending' });
    const rating = ratingOf([corrected, said('thumbs_up'), said('rating', { stars: 4 })]);
    expect(rating).toEqual({
      score: -0.5,
      thumb: 'up',
      stars: 4,
      correction: { text: 'For 30 days.', type: 'factual_error', review: 'pending' },
    });
    expect(isLow(rating)).toBe(true);
  });

  it('shows the newest text that came with any kind of vote', () => {
    const older = said('correction', { correctedResponse: 'Old.' });
    const newer = said('thumbs_down', { correctedResponse: 'New.' });
    expect(ratingOf([newer, older]).correction).toMatchObject({ text: 'New.' });
  });
});
