// What of each visitor's votes counts in a simulated experiment, by the same bounds as the recorder's.
// Nearly everybody votes too seldom to meet any: they cost one row a visit here and nothing more.

import type { Arm } from '../../core/statistics/moments.ts';
import { boundVotes, fewestBoundable, type Vote, type VoteBounds } from '../../core/vote-bounds.ts';

/** Votes given one after the other on one visit, in one cell of the experiment. */
export interface Given {
  visitor: number;
  stage: string;
  arm: Arm;
  startMs: number;
  /** Between one vote and the next. */
  gapMs: number;
  ups: readonly boolean[];
}

export interface CountedCell {
  stage: string;
  arm: Arm;
  n: number;
  y: number;
}

/** Fits an event id that sorts as the votes were given. */
const VOTE_DIGITS = 9;

export class GivenVotes {
  private readonly bounds: VoteBounds;
  private readonly fewest: number;
  private readonly visits: Given[] = [];
  /** The visit before, of the same visitor; -1 for none. */
  private readonly before: number[] = [];
  private readonly newest: number[] = [];
  private readonly given: number[] = [];

  constructor(bounds: VoteBounds) {
    this.bounds = bounds;
    this.fewest = fewestBoundable(bounds);
  }

  /** What all votes of the visitor count for now, by cell; null where no vote can be bounded. */
  add(visit: Given): CountedCell[] | null {
    const { visitor } = visit;
    this.before.push(this.newest[visitor] ?? -1);
    this.newest[visitor] = this.visits.push(visit) - 1;
    const given = (this.given[visitor] ?? 0) + visit.ups.length;
    this.given[visitor] = given;
    return given < this.fewest ? null : this.count(visitor);
  }

  private count(visitor: number): CountedCell[] {
    const votes: (Vote & { visit: Given })[] = [];
    for (let at = this.newest[visitor] ?? -1; at !== -1; at = this.before[at] ?? -1) {
      const visit = this.visits[at];
      if (visit === undefined) break;
      for (const [index, up] of visit.ups.entries()) {
        votes.push({
          eventId: `${at}`.padStart(VOTE_DIGITS, '0') + `${index}`.padStart(VOTE_DIGITS, '0'),
          type: up ? 'thumbs_up' : 'thumbs_down',
          value: up ? 1 : -1,
          receivedMs: visit.startMs + index * visit.gapMs,
          visit,
        });
      }
    }
    const bounded = boundVotes(votes, this.bounds);
    const cells = new Map<string, CountedCell>();
    for (const { eventId, visit, type } of votes) {
      const key = `${visit.stage} ${visit.arm}`;
      const cell = cells.get(key) ?? { stage: visit.stage, arm: visit.arm, n: 0, y: 0 };
      cells.set(key, cell);
      if (bounded.has(eventId)) continue;
      cell.n += 1;
      if (type === 'thumbs_up') cell.y += 1;
    }
    return [...cells.values()];
  }
}
