// Reads a Markdown text into blocks: paragraphs, headings, code, quotes, lists, tables. A subset of
// CommonMark and GFM without HTML and reference links, under a quarter of the size of a whole reader, which
// the widget's size asks for; reading.test.ts holds it against marked. Pure; never throws.
import { readInline } from './inline.ts';
import { readTable, startsTable } from './table.ts';
import type { Block, ListItem } from './tree.ts';

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const MARKER = /^( {0,3})([-*+]|\d{1,9}[.)])(?=[ \t]|$)/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const TASK = /^\[([ xX])\][ \t]+(?=\S)/;
// A hostile text can open quote in quote in quote; nobody reads beyond this.
const DEEPEST = 12;

export function readMarkdown(text: string): Block[] {
  return readBlocks(text.replace(/\r\n?/g, '\n').split('\n'), 0, 'paragraph');
}

type Words = 'paragraph' | 'plain';

function readBlocks(lines: readonly string[], depth: number, words: Words): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const [block, next] = readBlock(lines, at, depth, words);
    if (block !== null) blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(
  lines: readonly string[],
  at: number,
  depth: number,
  words: Words,
): [Block | null, number] {
  const line = lines[at] ?? '';
  if (isBlank(line)) return [null, at + 1];
  const fence = FENCE.exec(line);
  if (fence !== null) return readFence(lines, at, fence);
  const heading = HEADING.exec(line)?.[1];
  if (heading !== undefined) {
    const title = line
      .trim()
      .slice(heading.length)
      .trim()
      .replace(/(^|[ \t])#{1,100}$/, '');
    return [{ type: 'heading', depth: heading.length, inner: readInline(title.trim()) }, at + 1];
  }
  if (RULE.test(line)) return [{ type: 'rule' }, at + 1];
  if (depth < DEEPEST) {
    if (QUOTE.test(line)) return readQuote(lines, at, depth);
    if (MARKER.test(line)) return readList(lines, at, depth);
  }
  if (indentOf(line) >= 4) return readIndented(lines, at);
  if (startsTable(line, lines[at + 1])) return readTable(lines, at, startsBlock);
  return readParagraph(lines, at, words);
}

function readFence(
  lines: readonly string[],
  at: number,
  [line = '', mark = '', info = '']: RegExpExecArray,
): [Block, number] {
  const indent = indentOf(line);
  const code: string[] = [];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const trimmed = (lines[next] ?? '').trim();
    const closes =
      trimmed.length >= mark.length && trimmed === (mark[0] ?? '').repeat(trimmed.length);
    if (closes && indentOf(lines[next] ?? '') < 4) break;
    code.push(outdent(lines[next] ?? '', indent));
  }
  return [{ type: 'code', language: info.trim(), text: code.join('\n') }, next + 1];
}

function readIndented(lines: readonly string[], at: number): [Block, number] {
  let next = at;
  while (next < lines.length && (indentOf(lines[next] ?? '') >= 4 || isBlank(lines[next])))
    next += 1;
  const code = lines.slice(at, next).map((line) => outdent(line, 4));
  while (isBlank(code.at(-1)) && code.length > 0) code.pop();
  return [{ type: 'code', language: '', text: code.join('\n') }, next];
}

function readQuote(lines: readonly string[], at: number, depth: number): [Block, number] {
  const inside: string[] = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    // A line that only goes on with a paragraph belongs to the quote without its mark.
    const lazy = !isBlank(line) && !startsBlock(line) && goesOn(inside.at(-1));
    if (!QUOTE.test(line) && !lazy) break;
    inside.push(line.replace(QUOTE, ''));
  }
  return [{ type: 'quote', blocks: readBlocks(inside, depth + 1, 'paragraph') }, next];
}

function readList(lines: readonly string[], at: number, depth: number): [Block, number] {
  const first = MARKER.exec(lines[at] ?? '')?.[2] ?? '-';
  const kind = first.at(-1);
  const items: string[][] = [];
  let loose = false;
  let next = at;
  while (next < lines.length) {
    const marker = MARKER.exec(lines[next] ?? '');
    if (marker?.[2]?.at(-1) !== kind || RULE.test(lines[next] ?? '')) break;
    const [item, end] = readItem(lines, next, marker?.[0] ?? '');
    const blanks = item.length - trimEnd(item).length;
    items.push(trimEnd(item));
    next = end;
    const more = MARKER.exec(lines[next] ?? '')?.[2]?.at(-1) === kind;
    if (blanks > 0 && more) loose = true;
  }
  if (items.some(holdsGap)) loose = true;
  const words = loose ? 'paragraph' : 'plain';
  const ordered = /\d/.test(first);
  const start = ordered ? Number.parseInt(first, 10) : 1;
  const drawn = items.map((item) => readTask(item, depth, words));
  return [{ type: 'list', ordered, start, items: drawn }, next];
}

/** The lines of one item, without its indent, and where the next begins. */
function readItem(lines: readonly string[], at: number, marker: string): [string[], number] {
  const rest = (lines[at] ?? '').slice(marker.length);
  const space = indentOf(rest);
  const width = marker.length + (isBlank(rest) || space > 4 ? 1 : space);
  const item = [isBlank(rest) ? '' : outdent(rest, width - marker.length)];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (isBlank(line)) item.push('');
    else if (indentOf(line) >= width) item.push(outdent(line, width));
    else if (goesOn(item.at(-1)) && !startsBlock(line) && !MARKER.test(line))
      item.push(line.trimStart());
    else break;
  }
  return [item, next];
}

function readTask(lines: readonly string[], depth: number, words: Words): ListItem {
  const box = TASK.exec(lines[0] ?? '');
  if (box === null) return { checked: null, blocks: readBlocks(lines, depth + 1, words) };
  const rest = [(lines[0] ?? '').slice(box[0].length), ...lines.slice(1)];
  return { checked: box[1] !== ' ', blocks: readBlocks(rest, depth + 1, words) };
}

function readParagraph(lines: readonly string[], at: number, words: Words): [Block, number] {
  const text = [(lines[at] ?? '').trimStart()];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    const under = UNDERLINE.exec(line)?.[1];
    if (under !== undefined) {
      const depth = under.startsWith('=') ? 1 : 2;
      return [{ type: 'heading', depth, inner: readInline(text.join('\n').trim()) }, next + 1];
    }
    if (isBlank(line) || startsBlock(line) || startsTable(line, lines[next + 1])) break;
    text.push(line.trimStart());
  }
  return [{ type: words, inner: readInline(text.join('\n').trimEnd()) }, next];
}

/** True where a line ends the paragraph before it. */
function startsBlock(line: string): boolean {
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)) return true;
  const marker = MARKER.exec(line);
  if (marker === null || isBlank(line.slice(marker[0].length))) return false;
  return !/\d/.test(marker[2] ?? '') || (marker[2]?.length === 2 && marker[2].startsWith('1'));
}

/** True where a line can be gone on with: it is text, and not the end of something else. */
function goesOn(line: string | undefined): boolean {
  return line !== undefined && !isBlank(line) && !FENCE.test(line) && !HEADING.test(line);
}

/** A blank line between the blocks of an item, which makes the whole list a loose one. */
function holdsGap(item: readonly string[]): boolean {
  let fenced = false;
  return item.some((line, at) => {
    if (FENCE.test(line)) fenced = !fenced;
    return !fenced && isBlank(line) && at > 0 && indentOf(item[at + 1] ?? '') === 0;
  });
}

function trimEnd(lines: readonly string[]): string[] {
  const last = lines.findLastIndex((line) => !isBlank(line));
  return lines.slice(0, Math.max(last + 1, 1));
}

function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === '';
}

/** Columns of white space a line starts with; a tab reaches the next fourth one. */
function indentOf(line: string): number {
  let columns = 0;
  for (const char of line) {
    if (char === ' ') columns += 1;
    else if (char === '\t') columns += 4 - (columns % 4);
    else break;
  }
  return columns;
}

function outdent(line: string, columns: number): string {
  let seen = 0;
  let at = 0;
  while (seen < columns && (line[at] === ' ' || line[at] === '\t')) {
    seen += line[at] === '\t' ? 4 - (seen % 4) : 1;
    at += 1;
  }
  return ' '.repeat(Math.max(0, seen - columns)) + line.slice(at);
}
