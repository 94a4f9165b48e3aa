/**
 * Messages that could not be written, as an operator reads them. Reasons name fields and rules, never
 * what a visitor wrote. Pure.
 */
import { minute, number, table } from '../layout.ts';
import type { DeadLetter } from '../schemas.ts';

export function deadLetterList(letters: readonly DeadLetter[]): string {
  const rows = letters.map((letter) => [
    letter.id,
    letter.kind,
    letter.interaction_id,
    letter.attempts,
    minute(letter.first_at),
    letter.reason,
  ]);
  const listed = table(
    [
      { title: 'id' },
      { title: 'kind', max: 20 },
      { title: 'answer' },
      { title: 'failed', right: true },
      { title: 'first (UTC)' },
      { title: 'reason', max: 200 },
    ],
    rows,
    'No dead letters wait.',
  );
  if (letters.length === 0) return listed;
  const noun = letters.length === 1 ? 'dead letter waits' : 'dead letters wait';
  return `${listed}\n\n${number(letters.length)} ${noun}. Mend the cause, then bruno deadletter replay.`;
}
