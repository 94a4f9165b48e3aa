// Reads GFM's tables. Used by blocks.ts; pure.
import { readInline } from './inline.ts';
import type { Block, Cell } from './tree.ts';

const DIVIDER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

export function startsTable(line: string, under: string | undefined): boolean {
  if (!line.includes('|') || under === undefined || !DIVIDER.test(under)) return false;
  return cellsOf(line).length === cellsOf(under).length;
}

export function readTable(
  lines: readonly string[],
  at: number,
  startsBlock: (line: string) => boolean,
): [Block, number] {
  const header = cellsOf(lines[at] ?? '').map(readInline);
  const rows: Cell[][] = [];
  let next = at + 2;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (line.trim() === '' || startsBlock(line)) break;
    const cells = cellsOf(line);
    rows.push(header.map((_, column) => readInline(cells[column] ?? '')));
  }
  return [{ type: 'table', header, rows }, next];
}

function cellsOf(line: string): string[] {
  const cells = [''];
  for (const part of line.trim().split(/((?:\\.)|\|)/)) {
    // GFM reads \| as | within a cell, in code too; every other escape is left to the text.
    if (part === '|') cells.push('');
    else cells[cells.length - 1] += part === '\\|' ? '|' : part;
  }
  if (cells[0]?.trim() === '' && cells.length > 1) cells.shift();
  if (cells.at(-1)?.trim() === '' && cells.length > 1) cells.pop();
  return cells.map((cell) => cell.trim());
}
