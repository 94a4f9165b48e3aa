// Pairs runs of *, _ and ~ into emphasis, by CommonMark's rules for delimiter runs
// (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis) and GFM's for ~~.
// Used by inline.ts, which finds the runs. Pure.
import type { Inline } from './tree.ts';

export interface Run {
  type: 'run';
  char: string;
  count: number;
  length: number;
  opens: boolean;
  closes: boolean;
}
export interface Bracket {
  type: 'bracket';
  text: '[' | '![';
  at: number;
  active: boolean;
}
export type Piece = Inline | Run | Bracket;

const SPACE = /\s/u;
const MARK = /[\p{P}\p{S}]/u;

export function runAt(text: string, at: number, char: string): Run {
  let end = at;
  while (text[end] === char) end += 1;
  const before = text[at - 1] ?? ' ';
  const after = text[end] ?? ' ';
  const left = !SPACE.test(after) && (!MARK.test(after) || SPACE.test(before) || MARK.test(before));
  const right =
    !SPACE.test(before) && (!MARK.test(before) || SPACE.test(after) || MARK.test(after));
  // An underscore within a word is part of a name, as in kube_state_metrics.
  const strict = char === '_';
  const opens = left && (!strict || !right || MARK.test(before));
  const closes = right && (!strict || !left || MARK.test(after));
  const usable = char !== '~' || end - at <= 2;
  const length = end - at;
  return {
    type: 'run',
    char,
    count: length,
    length,
    opens: opens && usable,
    closes: closes && usable,
  };
}

// A model's text may nest without end; nobody reads beyond this, and the drawing must not overflow.
export const DEEPEST = 12;
// How far back a partner is looked for, which keeps a hostile text from costing the square of its length.
const FARTHEST = 1000;

/** Everything after `from`, with its pairs joined and what found no partner left as text. */
export function pair(pieces: Piece[], from = 0): Inline[] {
  const list = pieces.splice(from);
  for (let at = 0; at < list.length; at += 1) {
    const closer = list[at];
    if (closer?.type !== 'run' || !closer.closes) continue;
    while (closer.count > 0) {
      const start = findOpener(list, at, closer);
      const opener = list[start];
      if (opener?.type !== 'run') break;
      const used = usedBy(opener, closer);
      const inner = asInline(list.slice(start + 1, at));
      if (depthOf(inner) >= DEEPEST) break;
      const type = closer.char === '~' ? 'del' : used === 2 ? 'strong' : 'em';
      opener.count -= used;
      closer.count -= used;
      list.splice(start + 1, at - start - 1, { type, inner });
      at = start + 2;
      if (opener.count === 0) {
        list.splice(start, 1);
        at -= 1;
      }
    }
  }
  return asInline(list);
}

function findOpener(list: readonly Piece[], before: number, closer: Run): number {
  for (let at = before - 1; at >= Math.max(0, before - FARTHEST); at -= 1) {
    const piece = list[at];
    if (piece?.type !== 'run' || piece.char !== closer.char || !piece.opens) continue;
    if (piece.count === 0 || !fits(piece, closer)) continue;
    return at;
  }
  return -1;
}

function fits(opener: Run, closer: Run): boolean {
  if (closer.char === '~') return opener.count === closer.count;
  const either = opener.closes || closer.opens;
  const third = (opener.length + closer.length) % 3 === 0;
  return !(either && third && (opener.length % 3 !== 0 || closer.length % 3 !== 0));
}

function usedBy(opener: Run, closer: Run): number {
  if (closer.char === '~') return closer.count;
  return opener.count >= 2 && closer.count >= 2 ? 2 : 1;
}

function asInline(pieces: readonly Piece[]): Inline[] {
  const out: Inline[] = [];
  for (const piece of pieces) {
    if (piece.type === 'run') push(out, piece.char.repeat(piece.count));
    else if (piece.type === 'bracket' || piece.type === 'text') push(out, piece.text);
    else out.push(piece);
  }
  return out;
}

function push(out: Inline[], text: string): void {
  const last = out.at(-1);
  if (text === '') return;
  if (last?.type === 'text') out[out.length - 1] = { type: 'text', text: last.text + text };
  else out.push({ type: 'text', text });
}

export function depthOf(inner: readonly Inline[]): number {
  let deepest = 0;
  for (const one of inner) {
    if ('inner' in one) deepest = Math.max(deepest, 1 + depthOf(one.inner));
  }
  return deepest;
}
