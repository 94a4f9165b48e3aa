// What of a written run can be replayed so that both sides must agree. Beyond it they would differ for reasons
// that are no mistakes, and a comparison would say nothing. Pure.

import { THRESHOLD_ANSWERS } from '../../core/latency.ts';
import type { WrittenRun } from './events.ts';
import { MOST_ANSWERS } from './timing.ts';

/** Throws RangeError that says what to change. */
export function checkReplayable({ answers }: Pick<WrittenRun, 'answers'>): void {
  const crowd = [...Map.groupBy(answers, ({ slot, arm }) => `${slot} ${arm}`).values()].find(
    ({ length }) => length > MOST_ANSWERS,
  );
  const [first] = crowd ?? [];
  if (first !== undefined) {
    throw new RangeError(
      `${crowd?.length} answers of one arm in quarter ${first.slot}, at most ${MOST_ANSWERS} can be replayed: lower users_per_day.`,
    );
  }
  // From then on slow answers are counted: by the record from its next batch, in the simulator at once.
  const control = answers.filter(({ arm }) => arm === 'control').length;
  if (control < THRESHOLD_ANSWERS) return;
  throw new RangeError(
    `${control} answers in control, fewer than ${THRESHOLD_ANSWERS} can be replayed: lower users_per_day.`,
  );
}
