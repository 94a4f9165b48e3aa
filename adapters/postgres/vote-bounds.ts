// Visitors' standing votes and which of them are bounded. The rules are core/vote-bounds.ts; here is only
// what is read for them. A visitor with too few votes for any rule is counted and not read.

import { sql } from 'drizzle-orm';
import { z } from 'zod';
import {
  type BoundRule,
  boundVotes,
  fewestBoundable,
  type Vote,
  type VoteBounds,
} from '../../core/vote-bounds.ts';
import type { Queryable } from './connect.ts';

export interface StandingVote extends Vote {
  interactionId: string;
  visitorId: string;
}

const votesSchema = z.array(
  z
    .object({
      event_id: z.string(),
      interaction_id: z.string(),
      visitor_id: z.string(),
      feedback_type: z.string(),
      feedback_value: z.coerce.number().nullable(),
      received_ms: z.coerce.number(),
    })
    .transform(
      (row): StandingVote => ({
        eventId: row.event_id,
        interactionId: row.interaction_id,
        visitorId: row.visitor_id,
        type: row.feedback_type,
        value: row.feedback_value,
        receivedMs: row.received_ms,
      }),
    ),
);

const KIND = sql`CASE WHEN feedback_type IN ('thumbs_up', 'thumbs_down') THEN 'thumb' ELSE feedback_type END`;
const IS_VOTE = sql`source = 'explicit' AND feedback_type IN ('thumbs_up', 'thumbs_down', 'rating', 'correction')`;

/** Half-open; without an end everything received since. */
export interface Received {
  from?: Date;
  before?: Date;
}

const within = ({ from, before }: Received) => sql`${IS_VOTE}
  ${from === undefined ? sql`` : sql`AND received_at >= ${from.toISOString()}`}
  ${before === undefined ? sql`` : sql`AND received_at < ${before.toISOString()}`}`;

/** By visitor the standing votes of those who have at least `atLeast` of them or of their history. */
export async function votesOf(
  db: Queryable,
  visitorIds: readonly string[],
  { atLeast, received = {} }: { atLeast: number; received?: Received },
): Promise<Map<string, StandingVote[]>> {
  if (visitorIds.length === 0) return new Map();
  const { rows } = await db.execute(sql`
    WITH many AS (
      SELECT visitor_id FROM feedback_events
       WHERE visitor_id IN (SELECT jsonb_array_elements_text(${JSON.stringify(visitorIds)}::jsonb))
         AND ${within(received)}
       GROUP BY visitor_id HAVING count(*) >= ${atLeast}
    )
    SELECT DISTINCT ON (interaction_id, visitor_id, ${KIND})
           event_id, interaction_id, visitor_id, feedback_type, feedback_value,
           extract(epoch FROM received_at) * 1000 AS received_ms
      FROM feedback_events
     WHERE visitor_id IN (SELECT visitor_id FROM many) AND ${within(received)}
     ORDER BY interaction_id, visitor_id, ${KIND}, at DESC, received_at DESC, event_id DESC`);
  return Map.groupBy(votesSchema.parse(rows), ({ visitorId }) => visitorId);
}

export interface BoundedVote extends StandingVote {
  rule: BoundRule;
}

/** Of all that these visitors voted until now, or until `before`. */
export async function boundedVotes(
  db: Queryable,
  visitorIds: readonly string[],
  { bounds, before }: { bounds: VoteBounds; before?: Date },
): Promise<BoundedVote[]> {
  const byVisitor = await votesOf(db, visitorIds, {
    atLeast: fewestBoundable(bounds),
    received: before === undefined ? {} : { before },
  });
  return [...byVisitor.values()].flatMap((votes) => {
    const rules = boundVotes(votes, bounds);
    return votes.flatMap((vote) => {
      const rule = rules.get(vote.eventId);
      return rule === undefined ? [] : [{ ...vote, rule }];
    });
  });
}

/**
 * Visitors with enough votes since `from` for some rule to bound one of them, by id after `after`. Whether
 * one does is for `boundVotes` to say.
 */
export async function busyVoters(
  db: Queryable,
  { from, after, atLeast, limit }: { from: Date; after: string; atLeast: number; limit: number },
): Promise<string[]> {
  const { rows } = await db.execute(sql`
    SELECT visitor_id FROM feedback_events
     WHERE visitor_id > ${after} AND ${within({ from })}
     GROUP BY visitor_id HAVING count(*) >= ${atLeast}
     ORDER BY visitor_id LIMIT ${limit}`);
  return z
    .array(z.object({ visitor_id: z.string() }))
    .parse(rows)
    .map((row) => row.visitor_id);
}

/** Of these visitors the ones who had a single answer before `before`: the identity was used once. */
export async function oneShotVisitors(
  db: Queryable,
  visitorIds: readonly string[],
  before: Date,
): Promise<Set<string>> {
  if (visitorIds.length === 0) return new Set();
  const { rows } = await db.execute(sql`
    SELECT visitor_id FROM interactions
     WHERE visitor_id IN (SELECT jsonb_array_elements_text(${JSON.stringify(visitorIds)}::jsonb))
       AND created_at < ${before.toISOString()}
     GROUP BY visitor_id HAVING count(*) = 1`);
  const found = z.array(z.object({ visitor_id: z.string() })).parse(rows);
  return new Set(found.map((row) => row.visitor_id));
}
