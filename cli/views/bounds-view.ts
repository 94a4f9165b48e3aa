/**
 * Visitors whose votes do not all count, as an operator reads them: who, by which rule, how many. Pure.
 */
import { instant, minute, number, page, table } from '../layout.ts';
import type { BoundedVisitor, BoundsPage } from '../schemas.ts';

export function boundsList({
  bounds,
  since,
  visitors,
}: Pick<BoundsPage, 'bounds' | 'since' | 'visitors'>): string {
  const rules = [
    `Of a visitor's votes count at most ${number(bounds.max_votes_per_day)} a day and`,
    `${number(bounds.max_votes_per_minute)} within a minute; from ${number(bounds.one_way_votes_per_week)} in a week that all point one way, one.`,
  ].join(' ');
  const listed = table(
    [
      { title: 'visitor', max: 64 },
      { title: 'votes', right: true },
      { title: 'count', right: true },
      { title: 'not, and why', max: 60 },
      { title: 'first (UTC)' },
      { title: 'last (UTC)' },
      { title: 'such as on answer' },
    ],
    visitors.map((one) => [
      one.visitor_id,
      one.votes,
      one.counting,
      why(one),
      minute(one.first_at),
      minute(one.last_at),
      one.answers[0]?.interaction_id,
    ]),
    `Every vote since ${instant(since)} counts.`,
  );
  return page(rules, listed);
}

const why = ({ by_rule }: BoundedVisitor) =>
  Object.entries(by_rule)
    .filter(([, votes]) => votes > 0)
    .map(([rule, votes]) => `${rule.replaceAll('_', ' ')} ${number(votes)}`)
    .join(', ');
