// The result for people and for programs: a text table, the lines below it, and the JSON object.
// Pure; the picture is drawn by chart.ts.

import { percent, type Seconds, STEPS } from './progress.ts';
import type { Outcome, WeekRow } from './weeks.ts';

export interface Result extends Outcome {
  model: string;
  seed: number;
  bank: string;
  seconds: Seconds;
}

const COLUMNS: readonly [string, (row: WeekRow, ceiling: number) => string][] = [
  ['week', (row) => String(row.week)],
  ['interactions', (row) => String(row.interactions)],
  ['quality', (row) => String(row.qualityExamples)],
  ['quality %', (row) => percent(row.qualityRate)],
  ['model', (row) => row.modelVersion],
  ['satisfied', (row) => percent(row.satisfaction)],
  ['held out', (row) => percent(row.heldOutSatisfaction)],
  ['ceiling', (_, ceiling) => percent(ceiling)],
  ['hallucinated', (row) => percent(row.hallucinationRate)],
  ['thumbs up', (row) => percent(row.thumbsUpRate)],
];

/** The table, one line a week, columns aligned. */
export function tableText({ weeks, ceiling }: Pick<Result, 'weeks' | 'ceiling'>): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    ...weeks.map((row, at) => COLUMNS.map(([, cell]) => cell(row, ceiling[at] ?? 0))),
  ];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const drawn = lines.map((cells) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '),
  );
  drawn.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return drawn.join('\n');
}

function conclusion({ weeks }: Pick<Result, 'weeks'>): string {
  const [first, last] = [weeks[0], weeks.at(-1)];
  if (first === undefined || last === undefined) return 'No week was run.';
  return (
    `Held-out questions answered right: ${percent(first.heldOutSatisfaction)} in week ${first.week} ` +
    `(${first.modelVersion}), ${percent(last.heldOutSatisfaction)} in week ${last.week} (${last.modelVersion}).`
  );
}

export function reportText(result: Result): string {
  const spent = STEPS.filter((step) => result.seconds[step] > 0).map(
    (step) => `${step} ${result.seconds[step]} s`,
  );
  return [
    `Bank ${result.bank}, model ${result.model}, seed ${result.seed}`,
    '',
    tableText(result),
    '',
    conclusion(result),
    'satisfied: visits answered with the fact; who was not often asks again, which lowers it.',
    'held out: the share right of questions that nobody has ever asked the product.',
    'ceiling: facts corrected so far, and the rest as right as the base was on them.',
    'The last row had no visits: it measures the model that came out of the last week.',
    ...result.notes,
    `Time: ${spent.join(', ')}`,
  ].join('\n');
}

/** The keys that scripts may rely on, and no others: notes are for people and stay out. */
export function resultJson({ weeks, ceiling, model, seed, bank, seconds }: Result): string {
  return JSON.stringify({ weeks, ceiling, model, seed, bank, seconds }, null, 2);
}
