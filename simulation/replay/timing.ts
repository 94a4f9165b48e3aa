// When the answers of a quarter of an hour are asked. The simulator has no time within one; its record takes
// them as given at the end. Each arm's are spread evenly and the last comes shortly before the look: so
// silence is as long as in the simulator, and a few failures do not look like a model that is down. Pure.

import { SLOT_MS } from '../rollout/traffic.ts';
import type { AnswerLine } from './events.ts';

/** Less than the half minute by which a silence would be rounded to another one. */
const BEFORE_LOOK_MS = 20_000;

export interface Asked {
  line: AnswerLine;
  /** Since the quarter began. */
  atMs: number;
}

/** Of one quarter, in the order of their times. */
export function timesOf(lines: readonly AnswerLine[]): Asked[] {
  return [...Map.groupBy(lines, ({ arm }) => arm).values()]
    .flatMap((own) => {
      const last = SLOT_MS - BEFORE_LOOK_MS;
      const gap = Math.floor(last / own.length);
      return own.map((line, index) => ({ line, atMs: last - (own.length - 1 - index) * gap }));
    })
    .toSorted((a, b) => a.atMs - b.atMs || a.line.id - b.line.id);
}
