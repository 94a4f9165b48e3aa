/**
 * Makes text that strangers wrote safe to print on a terminal, and cuts and measures it.
 * Every view uses it for cells, and `run.ts` passes all output through `neutralise` once more.
 * It must never drop a character silently: what is not shown as itself is shown as its code.
 */

// Cc holds ESC, BEL, CR and the one-byte C1 introducers; Cf the bidirectional overrides, tags and
// other invisible marks; Zl and Zp break lines in some terminals; Cs is half a character.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
// Joiners hold emoji and Persian words together and move no cursor.
const JOINERS = new Set(['\u200c', '\u200d']);
const MARKS_PER_LETTER = 4;
const STACKED_MARKS = new RegExp(`(\\p{M}{${MARKS_PER_LETTER}})\\p{M}+`, 'gu');
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const ZERO_WIDTH = /^[\p{M}\u200c\u200d]+$/u;
const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });

function visibleCode(character: string): string {
  if (JOINERS.has(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Shows everything a terminal could obey as `\u{1b}`; keeps line feeds, which callers lay out. */
export function neutralise(text: string): string {
  return text
    .replace(UNSAFE, (character) => (character === '\n' ? character : visibleCode(character)))
    .replace(STACKED_MARKS, (_all, kept: string) => `${kept}…`);
}

/** The same on one line: line ends and tabs become a space, so no text can fake a row. */
export function oneLine(text: string): string {
  return neutralise(text.replace(/\s*[\n\t]\s*|\r\n/g, ' ')).trim();
}

/** JSON escapes ESC by itself but not DEL, C1 or overrides: those go out as \uXXXX, same value. */
export function safeJson(document: unknown): string {
  const text = JSON.stringify(document, null, 2) ?? 'null';
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return character;
    return Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
    }).join('');
  });
}

/** Terminal columns that a text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of clusters.segment(text)) {
    if (ZERO_WIDTH.test(segment)) continue;
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

/** At most `columns` wide; a cut is shown by an ellipsis. */
export function cutTo(text: string, columns: number): string {
  // A hostile cell of megabytes must not be segmented whole just to be cut.
  const bounded = text.slice(0, columns * 16 + 64);
  if (bounded.length === text.length && displayWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const { segment } of clusters.segment(bounded)) {
    const next = width + displayWidth(segment);
    if (next > columns - 1) break;
    width = next;
    kept += segment;
  }
  return `${kept}…`;
}

/** Breaks text into lines of at most `columns`, at spaces where there are any. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of neutralise(text.replaceAll('\r\n', '\n').replaceAll('\t', ' ')).split(
    '\n',
  )) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const joined = line === '' ? word : `${line} ${word}`;
      if (displayWidth(joined) <= columns) {
        line = joined;
        continue;
      }
      if (line !== '') lines.push(line);
      const pieces = chop(word, columns);
      lines.push(...pieces.slice(0, -1));
      line = pieces.at(-1) ?? '';
    }
    lines.push(line);
  }
  return lines;
}

function chop(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  for (const { segment } of clusters.segment(word)) {
    const next = displayWidth(segment);
    if (width + next > columns) {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += segment;
    width += next;
  }
  return [...pieces, piece];
}
