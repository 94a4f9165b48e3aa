// The summary in words: a table for the terminal, and the page bench/DECISIONS.md. Pure.

import { COMPARED } from './carry.ts';
import type { CellSummary, Goal, Share, Summary } from './summary.ts';

const number = (value: number, digits: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
export const count = (value: number) => value.toLocaleString('en-US');

/** "2.7 %"; more digits only near the ends, where they tell something. */
export function percent(rate: number): string {
  if (!Number.isFinite(rate)) return '-';
  const value = rate * 100;
  return `${number(value, value === 0 || value === 100 ? 0 : 1)} %`;
}

const interval = ({ lower, upper }: Share) => `${number(lower * 100, 1)}–${number(upper * 100, 1)}`;
const withInterval = (share: Share) =>
  share.of === 0 ? '-' : `${percent(share.rate)} (${interval(share)})`;
const hours = (value: number | null) => (value === null ? '-' : `${Number(value.toFixed(2))} h`);
const words = (name: string) => name.replaceAll('_', ' ');

export const goalText = ({ outcome, bound, value }: Goal) =>
  `${words(outcome)} ${bound === 'at_least' ? '≥' : '≤'} ${Number((value * 100).toFixed(2))} %`;

const goalResult = (goal: Goal) => `${goalText(goal)}: ${goal.result}`;

const HEADINGS = [
  'scenario',
  'runs',
  'promoted',
  'entered last stage',
  'rolled back',
  'frozen',
  'inconclusive',
  'median end',
  'median last stage',
  'goals',
];

const row = (cell: CellSummary): string[] => [
  cell.name,
  cell.runs === cell.wanted ? count(cell.runs) : `${count(cell.runs)} of ${count(cell.wanted)}`,
  withInterval(cell.shares.promoted),
  withInterval(cell.shares.entered_last_stage),
  withInterval(cell.shares.rolled_back),
  withInterval(cell.shares.frozen),
  withInterval(cell.shares.inconclusive),
  hours(cell.medianHours),
  hours(cell.medianHoursToLastStage),
  cell.goals.map(goalResult).join('; ') || '-',
];

function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  );
  return rows.map((cells) =>
    cells
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join(' | ')
      .trimEnd(),
  );
}

const rulesCells = ({ cells }: Summary) => cells.filter(({ policy }) => policy === 'sequential');

export function summaryText(summary: Summary): string {
  const parts = (['sequential', 'literal'] as const).flatMap((policy) => {
    const cells = summary.cells.filter((cell) => cell.policy === policy);
    if (cells.length === 0) return [];
    const title = policy === 'sequential' ? 'The rule' : 'Fixed thresholds';
    return [title, ...aligned([HEADINGS, ...cells.map(row)]), ''];
  });
  return [...parts, verdictOf(summary)].join('\n');
}

/** One sentence over all goals. */
export function verdictOf(summary: Summary): string {
  const goals = summary.cells.flatMap(({ name, goals: own }) =>
    own.map((goal) => ({ name, goal })),
  );
  const missed = goals.filter(({ goal }) => goal.result === 'missed');
  const unknown = goals.filter(({ goal }) => goal.result === 'unknown').length;
  const met = goals.length - missed.length - unknown;
  const list = missed.map(({ name, goal }) => `${name} (${goalText(goal)})`).join(', ');
  const rest = unknown > 0 ? `, ${unknown} not measured yet` : '';
  return `${met} of ${goals.length} goals met${rest}${list === '' ? '' : `; missed: ${list}`}.`;
}

/** Padded as the formatter pads tables, so that the page passes its check as it is. */
function table(rows: readonly string[][]): string[] {
  const [head = [], ...body] = rows;
  const width = (column: number) =>
    Math.max(3, ...rows.map((cells) => (cells[column] ?? '').length));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(width(column))).join(' | ')} |`;
  return [line(head), line(head.map((_, column) => '-'.repeat(width(column)))), ...body.map(line)];
}

/** Both rules side by side, on what each scenario is about. */
function besideRows(summary: Summary): string[][] {
  return rulesCells(summary).map((cell) => {
    const literal = summary.cells.find(
      ({ name, policy }) => name === cell.name && policy === 'literal',
    );
    const of = (one: CellSummary | undefined) =>
      one === undefined || one.runs === 0
        ? ['-', '-', '-']
        : [
            percent(one.shares.entered_last_stage.rate),
            percent(one.shares.rolled_back.rate),
            hours(one.medianHours),
          ];
    return [cell.name, cell.what, ...of(cell), ...of(literal)];
  });
}

const carriedText = ({ code, runs }: Summary['carried'][number]) =>
  `${count(runs)} of them were made by code ${code} and carried over, because the first ${COMPARED} of each scenario came out the same with this one.`;

export function summaryMarkdown(summary: Summary, drawing: string): string {
  const runs = summary.cells.reduce((sum, cell) => sum + cell.runs, 0);
  const wanted = summary.cells.reduce((sum, cell) => sum + cell.wanted, 0);
  const cpu = summary.cells.reduce((sum, cell) => sum + cell.cpuSeconds, 0);
  const whole = runs === wanted ? count(runs) : `${count(runs)} of ${count(wanted)}`;
  return [
    '# Whether rollouts decide rightly',
    '',
    'Made by `npm run bench:decisions`; do not edit. Simulated visitors, the product’s own `core/statistics` and `core/rollout`, a look every',
    `quarter of an hour, the shipped defaults. ${whole} runs, ${number(cpu / 3_600, 2)} h of CPU time; seed ${summary.seed}, code ${summary.code}, Node ${summary.node}, ${summary.machine}.`,
    ...summary.carried.map(carriedText),
    'What the scenarios are and how to add one: [decisions/README.md](decisions/README.md).',
    '',
    `**${verdictOf(summary)}** A goal is missed only when the 95 % interval (Wilson) of the measured rate lies beyond it.`,
    '',
    `![Shares of outcomes by scenario](${drawing})`,
    '',
    '## The rule',
    '',
    'Shares in percent of the runs, with 95 % intervals. _Entered last stage_ is the start of 95 %; _median end_ is when it was decided.',
    '',
    ...table([HEADINGS, ...rulesCells(summary).map(row)]),
    '',
    '## Beside a rule of fixed thresholds',
    '',
    'Point estimates of pooled requests against fixed tolerances every quarter of an hour, a t-test to promote (`core/rollout/literal.ts`).',
    '',
    ...table([
      [
        'scenario',
        'what',
        'last stage',
        'rolled back',
        'median end',
        'literal: last stage',
        'literal: rolled back',
        'literal: median end',
      ],
      ...besideRows(summary),
    ]),
    '',
  ].join('\n');
}
