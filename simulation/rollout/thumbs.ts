// The sums of the one metric whose events a visitor makes: not all of a visitor's votes count, and what
// counts may be taken back by a later one, as in the recorder.

import {
  type Arm,
  addChange,
  emptyMoments,
  type Moments,
  type UserCell,
} from '../../core/statistics/moments.ts';
import type { VoteBounds } from '../../core/vote-bounds.ts';
import { type Given, GivenVotes } from './given-votes.ts';

export class Thumbs {
  readonly moments: Moments = emptyMoments();
  private readonly standings: UserCell[][] = [];
  private readonly votes: GivenVotes;

  constructor(bounds: VoteBounds) {
    this.votes = new GivenVotes(bounds);
  }

  give(visit: Given): void {
    const { visitor, stage, arm, ups } = visit;
    if (ups.length === 0) return;
    const all = this.votes.add(visit);
    if (all === null) {
      const y = ups.filter(Boolean).length;
      this.change(visitor, { stage, arm, n: ups.length, y });
      return;
    }
    for (const { stage: at, arm: of, n, y } of all) {
      const held = this.heldIn(visitor, at, of);
      this.change(visitor, { stage: at, arm: of, n: n - held.n, y: y - held.y });
    }
  }

  /** May take something back; who then has nothing in a cell is no user of it. */
  private change(visitor: number, change: UserCell): void {
    if (change.n === 0 && change.y === 0) return;
    const before = this.standings[visitor] ?? [];
    const after = addChange(this.moments, before, change);
    const kept = change.n < 0 ? after.filter(({ n }) => n > 0) : after;
    if (kept.length < after.length) this.forget(change, kept);
    this.standings[visitor] = kept;
  }

  private heldIn(visitor: number, stage: string, arm: Arm): { n: number; y: number } {
    const own = this.standings[visitor]?.find((cell) => cell.stage === stage && cell.arm === arm);
    return own ?? { n: 0, y: 0 };
  }

  private forget({ stage, arm }: UserCell, kept: readonly UserCell[]): void {
    const cell = this.moments.cells.find((one) => one.stage === stage && one.arm === arm);
    if (cell !== undefined) cell.users -= 1;
    if (!kept.some((one) => one.arm === arm)) this.moments.users[arm] -= 1;
  }
}
