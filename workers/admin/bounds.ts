// Whose votes are bounded, by which rule and on which answers: counted from the record by the function that
// the sums and the curation use, so that what operators read is what happens.

import type { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { busyVoters, type StandingVote, votesOf } from '../../adapters/postgres/vote-bounds.ts';
import {
  BOUND_RULES,
  boundVotes,
  fewestBoundable,
  type VoteBounds,
  weekStartMs,
} from '../../core/vote-bounds.ts';
import type { boundsQuerySchema } from '../../core/wire/admin.ts';
import { databaseOf, type Env, learningOf, now } from '../env.ts';

/** Visitors that a page looks at; not all of them are bounded. */
const PAGE_VISITORS = 100;
/** Answers that are named for each visitor; how many more there are is said. */
const NAMED_ANSWERS = 20;
const DAY_MS = 86_400_000;
export async function boundedVisitors(env: Env, query: z.infer<typeof boundsQuerySchema>) {
  const { bounds } = learningOf(env).feedback;
  // From the beginning of a week, or the rules of that week could not be asked.
  const from = new Date(weekStartMs(now(env) - query.days * DAY_MS));
  const page = { from, after: query.after ?? '', limit: PAGE_VISITORS };
  return withDatabase(databaseOf(env), async (db) => {
    const busy = await busyVoters(db, { ...page, atLeast: fewestBoundable(bounds) });
    const votes = await votesOf(db, busy, { atLeast: 1, received: { from } });
    return {
      bounds,
      since: from,
      visitors: busy.flatMap((id) => boundedVisitor(id, votes.get(id) ?? [], bounds) ?? []),
      next: busy.length < PAGE_VISITORS ? null : (busy.at(-1) ?? null),
    };
  });
}

/** Undefined where all of the visitor's votes count. */
function boundedVisitor(visitorId: string, votes: readonly StandingVote[], bounds: VoteBounds) {
  const rules = boundVotes(votes, bounds);
  if (rules.size === 0) return undefined;
  const bounded = votes
    .flatMap((vote) => {
      const rule = rules.get(vote.eventId);
      return rule === undefined ? [] : [{ ...vote, rule }];
    })
    .toSorted((a, b) => a.receivedMs - b.receivedMs);
  const times = bounded.map(({ receivedMs }) => receivedMs);
  return {
    visitor_id: visitorId,
    votes: votes.length,
    counting: votes.length - bounded.length,
    by_rule: Object.fromEntries(
      BOUND_RULES.map((rule) => [rule, bounded.filter((vote) => vote.rule === rule).length]),
    ),
    first_at: new Date(times[0] ?? 0),
    last_at: new Date(times.at(-1) ?? 0),
    answers: bounded.slice(0, NAMED_ANSWERS).map((vote) => ({
      interaction_id: vote.interactionId,
      feedback_type: vote.type,
      rule: vote.rule,
      at: new Date(vote.receivedMs),
    })),
  };
}
