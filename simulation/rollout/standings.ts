// What each simulated visitor has in each cell of one metric, as numbers in a row: a fortnight has some
// five hundred thousand of them, and as objects they cost more to collect than to compute with.

import {
  addEvent,
  type CellKey,
  type Moments,
  type UserCell,
} from '../../core/statistics/moments.ts';

interface Block extends CellKey {
  /** n and y of visitor v at 2v and 2v + 1. Their first event in the cell makes n more than zero. */
  counts: Int32Array;
}

const NOWHERE: readonly UserCell[] = [];
const FIRST_VISITORS = 16_384;

export class Standings {
  private readonly blocks: Block[] = [];
  private readonly own = { n: 0, y: 0 };

  /** One visitor's change, into the sums and into their standing. n above zero. */
  add(moments: Moments, visitor: number, change: Readonly<UserCell>): void {
    const block = this.blockOf(change, visitor);
    const { own } = this;
    own.n = block.counts[2 * visitor] ?? 0;
    own.y = block.counts[2 * visitor + 1] ?? 0;
    addEvent(moments, change, own.n > 0 ? own : null, this.othersOf(visitor, block));
    block.counts[2 * visitor] = own.n + change.n;
    block.counts[2 * visitor + 1] = own.y + change.y;
  }

  private othersOf(visitor: number, own: Block): readonly UserCell[] {
    let others: UserCell[] | null = null;
    for (const block of this.blocks) {
      const n = block.counts[2 * visitor] ?? 0;
      if (n === 0 || block === own) continue;
      const held = { stage: block.stage, arm: block.arm, n, y: block.counts[2 * visitor + 1] ?? 0 };
      if (others === null) others = [held];
      else others.push(held);
    }
    return others ?? NOWHERE;
  }

  private blockOf({ stage, arm }: CellKey, visitor: number): Block {
    let found: Block | undefined;
    for (const block of this.blocks) {
      if (block.arm === arm && block.stage === stage) found = block;
    }
    if (found === undefined) {
      found = { stage, arm, counts: new Int32Array(2 * FIRST_VISITORS) };
      this.blocks.push(found);
    }
    if (2 * visitor >= found.counts.length) {
      const grown = new Int32Array(Math.max(2 * found.counts.length, 4 * visitor));
      grown.set(found.counts);
      found.counts = grown;
    }
    return found;
  }
}
