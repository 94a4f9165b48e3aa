// The page's small Markdown reader, held against marked on what assistants write, and against
// hostile texts. What is left out on purpose (HTML, reference links) is said at the end.
import fc from 'fast-check';
import { lexer, type MarkedToken, type Token } from 'marked';
import { describe, expect, it } from 'vitest';
import { readMarkdown } from './blocks.ts';
import { plainText, safeUrl } from './safe-text.ts';
import type { Block, Inline } from './tree.ts';

const ANSWERS = [
  'Use `kubectl drain` on **the node**, then *wait*. Watch kube_state_metrics and my_var_x.',
  '# Drain\n\n1. Cordon it:\n\n   ```sh\n   kubectl cordon n1\n   ```\n\n2. Drain it.\n\nDone.',
  '- one\n- two\n  - deep\n    1. deeper\n- three',
  '- a\n\n- b\n\n  more of b\n\ntext',
  '* item **bold**\n* item `code`\n\n1) first\n2) second',
  '3. three\n4. four',
  '| what | `how` |\n| --- | :-: |\n| a \\| b | **c** |\n| d |\n\nafter',
  'Text before\n| a | b |\n|---|---|\n| 1 | 2 |',
  '> quoted\n> again\nand lazily\n\n> - list\n> - in it',
  'Title\n=====\n\nSub\n---\n\ntext',
  'a\n***\nb\n\n- - -\n\n___',
  '```yaml\nkey: "<b>"\n\n  more: 1\n```\nnext\n~~~\nother ``` mark\n~~~',
  '    indented\n    code\n\ntext',
  '```python\nunfinished = True',
  'See [the docs](https://example.org/a_b_c "T") and <https://example.org/x>, ![pic](https://example.org/p.png).',
  'A bare https://example.org/a_(b)?c=d&e=f, and (https://example.org/y).',
  'snake_case_name, __init__ and __all__; 2 * 3 * 4; a*b*c; **un closed; * not a list',
  '***both*** and **bold *in it* too** and *a **b** c* and ~~gone~~',
  'one\\\ntwo  \nthree\nfour \\* \\_ \\` C:\\path',
  '`` a ` b `` and ` c ` and `unclosed',
  'R&amp;D &lt;b&gt; & more &copy?',
  '- [ ] open\n- [x] done',
  'Intro:\n- right after\n- it\n\nIntro:\n1. and\n2. so',
  'In\n2024. it was\n- not',
  '## Heading ##\n### Third `code`\n#not one',
  '1. a\n   - b\n\n     c\n2. d',
  '* a\n+ b\n- c',
  '“**Quoted**”, (*so*), **ends:** then.',
];

describe('the reader', () => {
  it.each(ANSWERS)('reads as marked does: %j', (text) => {
    expect(ours(readMarkdown(text))).toBe(theirs(lexer(text)));
  });
  it('reads every beginning of an answer, as a stream shows it', () => {
    for (const text of ANSWERS) {
      for (let end = 0; end <= text.length; end += 1) readMarkdown(text.slice(0, end));
    }
  });
  it('takes any text without failing, and makes no unsafe address of it', () => {
    const piece = fc.constantFrom(
      ...'*|**|_|~~|`|```|[|](|)|![|<|>|\n|\n\n|  |    |- |1. |# ||| a |\\|javascript:x|http://a|---'.split(
        '|',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const href of addresses(readMarkdown(pieces.join(''))))
          expect(safeUrl(href)).toBe(href);
      }),
      { numRuns: 2000 },
    );
  });
  it.each(['*a ', '> ', '[', '![', '**a', '`', '- ', '](', '_a*', '|', '[a](', '~~a '])(
    'is not overwhelmed by %j again and again',
    (piece) => {
      const drawn = readMarkdown(piece.repeat(3000));
      expect(JSON.stringify(drawn).length).toBeLessThan(500_000);
    },
  );
  it('shows HTML and unsafe links as the text they are', () => {
    expect(readMarkdown('<img src=x onerror=alert(1)>\n\n[go](javascript:alert(1))')).toEqual([
      { type: 'paragraph', inner: [{ type: 'text', text: '<img src=x onerror=alert(1)>' }] },
      { type: 'paragraph', inner: [{ type: 'text', text: 'go' }] },
    ]);
  });
});

/** Both trees as one plain notation. */
function ours(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      switch (block.type) {
        case 'paragraph':
          return `<p>${inline(block.inner)}</p>`;
        case 'plain':
          return inline(block.inner);
        case 'heading':
          return `<h${block.depth}>${inline(block.inner)}</h>`;
        case 'code':
          return `<pre ${block.language}>${block.text}</pre>`;
        case 'quote':
          return `<q>${ours(block.blocks)}</q>`;
        case 'list': {
          const items = block.items.map(
            ({ checked, blocks: inner }) => `<li ${checked ?? ''}>${ours(inner)}</li>`,
          );
          return `<list ${block.ordered ? block.start : ''}>${items.join('')}</list>`;
        }
        case 'table':
          return table(
            block.header.map(inline),
            block.rows.map((row) => row.map(inline)),
          );
        case 'rule':
          return '<hr>';
        default:
          return block satisfies never;
      }
    })
    .join('');
}

function inline(pieces: readonly Inline[]): string {
  return pieces
    .map((piece) => {
      switch (piece.type) {
        case 'text':
          return piece.text;
        case 'code':
          return `<code>${piece.text}</code>`;
        case 'br':
          return '<br>';
        case 'link':
          return `<a ${piece.href}>${inline(piece.inner)}</a>`;
        default:
          return `<${piece.type}>${inline(piece.inner)}</${piece.type}>`;
      }
    })
    .join('');
}

const table = (header: string[], rows: string[][]) =>
  `<table>${[header, ...rows].map((row) => row.join('|')).join('/')}</table>`;

const MARKED = new Set(
  'space def html text escape br hr list_item checkbox paragraph heading code codespan blockquote list table strong em del link image'.split(
    ' ',
  ),
);
const isMarked = (token: Token): token is MarkedToken => MARKED.has(token.type);

function theirs(tokens: readonly Token[] = []): string {
  return tokens
    .map((token) => {
      if (!isMarked(token)) return token.raw;
      switch (token.type) {
        case 'space':
        case 'checkbox':
          return '';
        case 'paragraph':
          return `<p>${theirs(token.tokens)}</p>`;
        case 'heading':
          return `<h${token.depth}>${theirs(token.tokens)}</h>`;
        case 'code':
          return `<pre ${token.lang ?? ''}>${token.text}</pre>`;
        case 'blockquote':
          return `<q>${theirs(token.tokens)}</q>`;
        case 'list': {
          const items = token.items.map(
            (item) => `<li ${item.task ? (item.checked ?? '') : ''}>${theirs(item.tokens)}</li>`,
          );
          return `<list ${token.ordered ? token.start : ''}>${items.join('')}</list>`;
        }
        case 'table':
          return table(
            token.header.map((cell) => theirs(cell.tokens)),
            token.rows.map((row) => row.map((cell) => theirs(cell.tokens))),
          );
        case 'hr':
          return '<hr>';
        case 'br':
          return '<br>';
        case 'codespan':
          return `<code>${plainText(token.text)}</code>`;
        case 'link':
        case 'image': {
          const words = token.type === 'link' ? theirs(token.tokens) : plainText(token.text);
          const href = safeUrl(token.href);
          return href === null ? words : `<a ${href}>${words}</a>`;
        }
        case 'strong':
        case 'em':
        case 'del':
          return `<${token.type}>${theirs(token.tokens)}</${token.type}>`;
        case 'text':
          return 'tokens' in token && token.tokens ? theirs(token.tokens) : plainText(token.text);
        case 'escape':
          return token.text;
        default:
          return token.raw;
      }
    })
    .join('');
}

function addresses(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(addresses);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'href' in value && typeof value.href === 'string' ? [value.href] : [];
  return [...own, ...Object.values(value).flatMap(addresses)];
}
