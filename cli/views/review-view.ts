/**
 * Corrections as an operator reads them before they may train a model: in full, one block each.
 * Everything here was written by strangers; the layout neutralises it. Pure.
 */
import { facts, instant, NOTHING } from '../layout.ts';
import { oneLine } from '../safe-text.ts';
import type { Review } from '../schemas.ts';

export function reviewList(reviews: readonly Review[], status: string): string {
  if (reviews.length === 0) return `No ${status} corrections.`;
  const blocks = reviews.map((review) => {
    const title = [
      review.status,
      review.correction_type ?? NOTHING,
      review.model_version ?? NOTHING,
    ];
    const { key_facts: keys } = review;
    const mustState = keys.length > 0 ? [['must state', keys.join(' · ')] as const] : [];
    const note = review.note ? [['note', review.note] as const] : [];
    return [
      oneLine(`${review.event_id}  ${title.join('  ')}  ${instant(review.created_at)}`),
      facts([
        ['asked', review.query],
        ['answered', review.response],
        ['corrected to', review.corrected_response],
        ...mustState,
        ...note,
      ]),
    ].join('\n');
  });
  const noun = reviews.length === 1 ? 'correction' : 'corrections';
  return `${blocks.join('\n\n')}\n\n${reviews.length} ${status} ${noun}.`;
}
