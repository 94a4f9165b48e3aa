/**
 * The judge of answers as people read it. Pure.
 */
import type { JudgeAnswer } from '../experiment-schemas.ts';
import { facts, number, section } from '../layout.ts';

export function judgePage({ judge, measuring }: JudgeAnswer): string {
  const waits =
    measuring !== null && measuring.waiting > 0
      ? `${number(measuring.waiting)} of ${number(measuring.texts)} planted texts wait for it`
      : 'nothing planted waits';
  return section(
    `Judge ${judge.name}`,
    facts([
      ['kind', judge.kind === 'model' ? 'a model' : 'a deterministic check'],
      ['it', judge.says.join('\n')],
      ['measuring', waits],
    ]),
  );
}
