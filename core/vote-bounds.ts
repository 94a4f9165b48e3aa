// Which of one visitor's votes are evidence, and which are too many: so many a day, so many at once, and
// one where all point the same way. Whoever scripts votes weighs no more than a busy visitor. Neither
// model nor arm is known here, or the rule itself would tell the arms apart. Pure; called where votes
// become sums, examples and the operators' list.

import { voteKind } from './feedback-values.ts';

/** By what a vote is bounded, in the order in which the rules are asked. */
export const BOUND_RULES = ['burst', 'daily_cap', 'one_way'] as const;
export type BoundRule = (typeof BOUND_RULES)[number];

export interface VoteBounds {
  /** Votes of a visitor that count in one day (UTC). */
  max_votes_per_day: number;
  /** Votes that count within any `BURST_MS`. */
  max_votes_per_minute: number;
  /** From so many thumbs and stars in a week, none of which points the other way, one counts. */
  one_way_votes_per_week: number;
}

/** One standing vote. The time is the server's: a visitor's own clock could spread a burst over days. */
export interface Vote {
  eventId: string;
  type: string;
  /** Above zero is for the answer, below it against; null says neither. */
  value: number | null;
  receivedMs: number;
}

export const BURST_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday; weeks begin on Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

const dayOf = (ms: number) => Math.floor(ms / DAY_MS);
const weekOf = (ms: number) => Math.floor((ms - FIRST_MONDAY_MS) / WEEK_MS);

/** When the week began that this moment is in, Monday 00:00 UTC: no rule looks further back. */
export const weekStartMs = (ms: number) => weekOf(ms) * WEEK_MS + FIRST_MONDAY_MS;

/** A visitor with fewer votes meets no rule. */
export const fewestBoundable = (bounds: VoteBounds) =>
  Math.min(
    bounds.max_votes_per_day + 1,
    bounds.max_votes_per_minute + 1,
    bounds.one_way_votes_per_week,
  );

/** What counts as a vote here: a thumb, stars or a correction. */
export const isVote = (type: string) => ['thumb', 'rating', 'correction'].includes(voteKind(type));

/** A correction says what would have been right; it points nowhere. */
const direction = ({ type, value }: Vote) =>
  voteKind(type) === 'correction' ? 0 : Math.sign(value ?? 0);

/**
 * The rule that bounds each vote, by its event id; a vote that is not in it counts. Takes one visitor's
 * standing votes in any order; the same votes give the same answer. Of a day or a minute the first ones
 * count, of a one-way week the first one that counts otherwise.
 */
export function boundVotes(votes: readonly Vote[], bounds: VoteBounds): Map<string, BoundRule> {
  const bounded = new Map<string, BoundRule>();
  if (votes.length < fewestBoundable(bounds)) return bounded;
  const inOrder = votes.toSorted(byTime);
  const recent: number[] = [];
  const ofDay = new Map<number, number>();
  for (const { eventId, receivedMs } of inOrder) {
    while (recent[0] !== undefined && receivedMs - recent[0] >= BURST_MS) recent.shift();
    const today = ofDay.get(dayOf(receivedMs)) ?? 0;
    if (recent.length >= bounds.max_votes_per_minute) bounded.set(eventId, 'burst');
    else if (today >= bounds.max_votes_per_day) bounded.set(eventId, 'daily_cap');
    else {
      recent.push(receivedMs);
      ofDay.set(dayOf(receivedMs), today + 1);
    }
  }
  const pointing = inOrder.filter((vote) => direction(vote) !== 0);
  for (const week of Map.groupBy(pointing, ({ receivedMs }) => weekOf(receivedMs)).values()) {
    if (week.length < bounds.one_way_votes_per_week) continue;
    if (new Set(week.map(direction)).size > 1) continue;
    const counting = week.filter(({ eventId }) => !bounded.has(eventId));
    for (const { eventId } of counting.slice(1)) bounded.set(eventId, 'one_way');
  }
  return bounded;
}

/** By the server's clock; ids break a tie, so that any order of delivery agrees. */
const byTime = (a: Vote, b: Vote) =>
  a.receivedMs - b.receivedMs || Number(a.eventId > b.eventId) - Number(a.eventId < b.eventId);
