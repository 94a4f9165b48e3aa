// Reads the inside of a Markdown paragraph: emphasis, code, links, bare addresses, line breaks.
// HTML is text here, images become links, and an address that is not safe leaves only its words.
// Pure; used by blocks.ts. Pairing of emphasis lies in emphasis.ts.
import { type Bracket, DEEPEST, depthOf, type Piece, pair, runAt } from './emphasis.ts';
import { plainText, safeUrl } from './safe-text.ts';
import type { Inline } from './tree.ts';

const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SPECIAL = /[\\`*_~![\]<\n]|https?:\/\//g;
const AUTOLINK = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/y;
const BARE = /https?:\/\/[^\s<]{1,2000}/y;
const TARGET =
  /\([ \n]*(?:<([^<>\n]{0,2000})>|((?:[^\s()\\]|\\.|\([^\s()]{0,500}\)){0,2000}))(?:[ \n]+(?:"[^"]{0,500}"|'[^']{0,500}'))?[ \n]*\)/y;

export function readInline(text: string): Inline[] {
  const pieces: Piece[] = [];
  const say = (words: string) => {
    if (words !== '') pieces.push({ type: 'text', text: words });
  };
  const hopeless = new Set<number>();
  let at = 0;
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    const next = found?.index ?? text.length;
    if (next > at) say(plainText(text.slice(at, next)));
    if (found === null) break;
    at = next;
    const char = text[at] ?? '';
    switch (char) {
      case '\\':
        at = escaped(text, at, pieces);
        break;
      case '`':
        at = codeAt(text, at, pieces, hopeless);
        break;
      case '*':
      case '_':
      case '~': {
        const run = runAt(text, at, char);
        pieces.push(run);
        at += run.length;
        break;
      }
      case '\n':
        at = breakAt(text, at, pieces);
        break;
      case '<':
        at = matchLink(AUTOLINK, text, at, pieces) ?? literal(pieces, text, at);
        break;
      case '!':
        if (text[at + 1] === '[') {
          pieces.push({ type: 'bracket', text: '![', at, active: true });
          at += 2;
        } else at = literal(pieces, text, at);
        break;
      case '[':
        pieces.push({ type: 'bracket', text: '[', at, active: true });
        at += 1;
        break;
      case ']':
        at = closeBracket(text, at, pieces);
        break;
      default:
        at = bareAt(text, at, pieces) ?? literal(pieces, text, at);
    }
  }
  return pair(pieces);
}

function literal(pieces: Piece[], text: string, at: number): number {
  pieces.push({ type: 'text', text: text[at] ?? '' });
  return at + 1;
}

function escaped(text: string, at: number, pieces: Piece[]): number {
  const next = text[at + 1] ?? '';
  if (next === '\n') {
    pieces.push({ type: 'br' });
    return at + 2;
  }
  if (!ESCAPABLE.test(next)) return literal(pieces, text, at);
  pieces.push({ type: 'text', text: next });
  return at + 2;
}

function breakAt(text: string, at: number, pieces: Piece[]): number {
  const hard = text.slice(Math.max(0, at - 2), at) === '  ';
  const last = pieces.at(-1);
  if (last?.type === 'text') last.text = last.text.replace(/ {1,100}$/, '');
  pieces.push(hard ? { type: 'br' } : { type: 'text', text: '\n' });
  return at + 1;
}

function codeAt(text: string, at: number, pieces: Piece[], hopeless: Set<number>): number {
  let open = at;
  while (text[open] === '`') open += 1;
  const length = open - at;
  for (let end = open; !hopeless.has(length) && end < text.length; ) {
    const start = text.indexOf('`', end);
    if (start < 0) break;
    end = start;
    while (text[end] === '`') end += 1;
    if (end - start !== length) continue;
    const code = text.slice(open, start).replaceAll('\n', ' ');
    const padded = /^ .*[^ ].* $/.test(code) || /^ [^ ] $/.test(code);
    pieces.push({ type: 'code', text: padded ? code.slice(1, -1) : code });
    return end;
  }
  hopeless.add(length);
  pieces.push({ type: 'text', text: '`'.repeat(length) });
  return open;
}

function matchLink(pattern: RegExp, text: string, at: number, pieces: Piece[]): number | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  const href = safeUrl(match?.[1]);
  if (match === null || href === null) return null;
  pieces.push({ type: 'link', href, inner: [{ type: 'text', text: match[1] ?? '' }] });
  return at + match[0].length;
}

/** An address written as it is. Punctuation that ends the sentence is not part of it. */
function bareAt(text: string, at: number, pieces: Piece[]): number | null {
  if (/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return null;
  BARE.lastIndex = at;
  let address = BARE.exec(text)?.[0] ?? '';
  for (;;) {
    const last = address.at(-1) ?? '';
    const open = address.split('(').length;
    if (/[?!.,:;*_~'"\]`]/.test(last) || (last === ')' && address.split(')').length > open)) {
      address = address.slice(0, -1);
    } else break;
  }
  const href = safeUrl(address);
  if (href === null) return null;
  pieces.push({ type: 'link', href, inner: [{ type: 'text', text: address }] });
  return at + address.length;
}

function closeBracket(text: string, at: number, pieces: Piece[]): number {
  const start = pieces.findLastIndex((piece) => piece.type === 'bracket' && piece.active);
  const opener = pieces[start];
  TARGET.lastIndex = at + 1;
  const match = opener?.type === 'bracket' ? TARGET.exec(text) : null;
  if (opener?.type !== 'bracket' || match === null) {
    if (opener?.type === 'bracket') opener.active = false;
    return literal(pieces, text, at);
  }
  const inner = pair(pieces, start + 1);
  pieces.pop();
  const href = safeUrl(
    plainText((match[1] ?? match[2] ?? '').replace(/\\(?=[!-/:-@[-`{-~])/g, '')),
  );
  if (href === null || depthOf(inner) >= DEEPEST) pieces.push(...inner);
  else pieces.push({ type: 'link', href, inner: wordsOf(opener, inner, href) });
  // A link holds no link: what opened before this one is text from now on.
  if (opener.text === '[') {
    for (const piece of pieces)
      if (piece.type === 'bracket' && piece.text === '[') piece.active = false;
  }
  return at + 1 + match[0].length;
}

function wordsOf(opener: Bracket, inner: Inline[], href: string): Inline[] {
  return opener.text === '![' && inner.length === 0 ? [{ type: 'text', text: href }] : inner;
}
