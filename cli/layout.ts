/**
 * Lays values out as aligned, quiet text: tables, label-value lists, times and numbers.
 * Called by every view. Pure: text in, text out, no colour, no width of the real terminal.
 */
import { cutTo, displayWidth, oneLine, wrap } from './safe-text.ts';

export type Cell = string | number | null | undefined;
export type Column = { readonly title: string; readonly right?: boolean; readonly max?: number };

export const NOTHING = '-';
const CELL_COLUMNS = 60;
const TEXT_COLUMNS = 84;
// As long as a correction may be: an operator reads all of what may train the model.
const LONG_TEXT = 8000;

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 4 });

/** 1204 -> "1,204"; 0.12345 -> "0.1235". */
export function number(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : grouped.format(value);
}

/** A share of one as a percentage: 0.25 -> "25 %". */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NOTHING;
  return `${new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(share * 100)} %`;
}

/** An instant in UTC to the minute: "2026-10-17 02:00". */
export function minute(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return NOTHING;
  return new Date(iso).toISOString().slice(0, 16).replace('T', ' ');
}

/** The same with its zone, for use outside a column that names it. */
export function instant(iso: string | null | undefined): string {
  return iso === null || iso === undefined ? NOTHING : `${minute(iso)} UTC`;
}

export function bytes(value: number): string {
  const gib = value / 1024 ** 3;
  if (value < 1024 ** 2 / 10) return `${(value / 1024).toFixed(1)} KiB`;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${(value / 1024 ** 2).toFixed(1)} MiB`;
}

function cellText(cell: Cell, max: number): string {
  if (cell === null || cell === undefined || cell === '') return NOTHING;
  return cutTo(typeof cell === 'number' ? number(cell) : oneLine(cell), max);
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? space + text : text + space;
}

/** Rows under their titles; `empty` is the sentence for no rows. */
export function table(columns: readonly Column[], rows: readonly Cell[][], empty: string): string {
  if (rows.length === 0) return empty;
  const texts = rows.map((row) =>
    columns.map((column, index) => cellText(row[index], column.max ?? CELL_COLUMNS)),
  );
  const all = [columns.map((column) => column.title), ...texts];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index] ?? ''))),
  );
  return all
    .map((row) =>
      columns
        .map((column, index) => pad(row[index] ?? '', widths[index] ?? 0, column.right === true))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** "label  value" lines; long or many-lined values wrap under themselves. */
export function facts(entries: readonly (readonly [string, Cell])[], indent = '  '): string {
  const labels = entries.map(([label]) => cutTo(oneLine(label), CELL_COLUMNS));
  const width = Math.max(0, ...labels.map(displayWidth));
  return entries
    .map(([, value], index) => {
      const lines = textLines(value);
      const gap = ' '.repeat(width);
      return lines
        .map(
          (line, at) =>
            `${indent}${at === 0 ? pad(labels[index] ?? '', width, false) : gap}  ${line}`,
        )
        .map((line) => line.trimEnd())
        .join('\n');
    })
    .join('\n');
}

function textLines(value: Cell): string[] {
  if (value === null || value === undefined || value === '') return [NOTHING];
  if (typeof value === 'number') return [number(value)];
  const lines = wrap(value.slice(0, LONG_TEXT), TEXT_COLUMNS);
  const hidden = value.length - LONG_TEXT;
  // An operator must not take a cut text for the whole one.
  if (hidden > 0) lines.push(`… (${number(hidden)} more characters; --json has them all)`);
  return lines;
}

/** A titled block of the parts that are there. */
export function section(title: string, body: string): string {
  return `${title}\n${body}`;
}

export function page(...blocks: readonly (string | null)[]): string {
  return blocks.filter((block) => block !== null && block !== '').join('\n\n');
}
