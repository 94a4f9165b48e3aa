// The groups of the sample ratio from what is known of each visitor: in which stages, and in which arm. A
// visitor counts once a stage until first seen in treatment, and then no more.

import type { Arm } from './moments.ts';
import type { NotEnough } from './not-enough.ts';
import { nullShare, type SplitGroup } from './sample-ratio.ts';

/** A stage and its configured share of treatment, in the order in which stages ran. */
export interface StageShare {
  stage: string;
  share: number;
}

/** Groups by their null share. Stages that are not listed are left out. */
export function splitGroups(
  visitors: Iterable<readonly { stage: string; arm: Arm }[]>,
  shares: readonly StageShare[],
): SplitGroup[] | NotEnough {
  const groups = new Map<number, SplitGroup>();
  for (const seen of visitors) {
    let last: number | null = null;
    for (const { stage, share } of shares) {
      const here = seen.filter((cell) => cell.stage === stage);
      if (here.length === 0) continue;
      const chance: number | NotEnough = nullShare(share, last);
      if (typeof chance !== 'number') return chance;
      const arm = here.some((cell) => cell.arm === 'treatment') ? 'treatment' : 'control';
      // Nobody can move at an unchanged share, so these say nothing.
      if (chance > 0 && chance < 1) count(groups, chance, arm);
      if (arm === 'treatment') break;
      last = share;
    }
  }
  return [...groups.values()];
}

function count(groups: Map<number, SplitGroup>, share: number, arm: Arm): void {
  const group = groups.get(share) ?? { control: 0, treatment: 0, share };
  group[arm] += 1;
  groups.set(share, group);
}
