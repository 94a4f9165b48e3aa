// What of a written run can be replayed so that both sides must agree. Beyond it they would differ for reasons
// that are no mistakes, and a comparison would say nothing. Pure.

import { THRESHOLD_ANSWERS } from '../../core/latency.ts';
import { PATIENCE } from '../../core/patience.ts';
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
  const late = answers.find((line) => line.first_token_ms > PATIENCE.candidate.firstTokenMs);
  if (late !== undefined) {
    throw new RangeError(
      `answer ${late.id} begins after ${late.first_token_ms} ms, which the product counts as failed after ${PATIENCE.candidate.firstTokenMs}: lower first_token_p99.`,
    );
  }
  // From then on slow answers are counted: by the record from its next batch, in the simulator at once.
  const control = answers.filter(({ arm }) => arm === 'control').length;
  if (control < THRESHOLD_ANSWERS) return;
  throw new RangeError(
    `${control} answers in control, fewer than ${THRESHOLD_ANSWERS} can be replayed: lower users_per_day.`,
  );
}
