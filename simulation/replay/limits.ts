// What of a written run can be replayed so that both sides must agree. Beyond it they would differ for reasons
// that are no mistakes, and a comparison would say nothing. Pure.

import { CLOSED, settle } from '../../core/breaker.ts';
import { THRESHOLD_ANSWERS } from '../../core/latency.ts';
import { PATIENCE } from '../../core/patience.ts';
import { ARMS } from '../../core/statistics/moments.ts';
import type { AnswerLine, WrittenRun } from './events.ts';
import { timesOf } from './timing.ts';

function opensBreaker(lines: readonly AnswerLine[]): boolean {
  let breaker = CLOSED;
  for (const { line, atMs } of timesOf(lines)) {
    breaker = settle(breaker, line.breaks ? 'failed' : 'ok', atMs + line.total_ms);
    if (breaker.phase === 'open') return true;
  }
  return false;
}

/** Throws RangeError that says what to change. */
export function checkReplayable({ answers }: Pick<WrittenRun, 'answers'>): void {
  for (const [slot, own] of Map.groupBy(answers, (line) => line.slot)) {
    const arm = ARMS.find((name) => opensBreaker(own.filter((line) => line.arm === name)));
    if (arm === undefined) continue;
    throw new RangeError(
      `so many failures of ${arm} in quarter ${slot} open its breaker, which the simulator knows nothing of: lower its error, or users_per_day.`,
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
