// Draws an answer's Markdown as React elements: a small subset, from marked's lexer. Text is only ever
// a text node; HTML in an answer is shown as the text it is; images become links; only http(s) and
// mailto addresses are links. Must never set inner HTML.
import { lexer, type MarkedToken, type Token } from 'marked';
import { Fragment, memo, type ReactNode } from 'react';
import { CodeBlock } from './code-block.tsx';
import { plainText, safeUrl } from './safe-text.ts';

interface Props {
  text: string;
  onCopied: () => void;
}

export const Markdown = memo(function Markdown({ text, onCopied }: Props) {
  return <>{draw(lexer(text), onCopied)}</>;
});

// Our lexer has no extensions, so a token is one of marked's own kinds; what is not is shown raw.
const KNOWN = new Set(
  'space def html text escape br hr list_item checkbox paragraph heading code codespan blockquote list table strong em del link image'.split(
    ' ',
  ),
);

function isKnown(token: Token): token is MarkedToken {
  return KNOWN.has(token.type);
}

function draw(tokens: readonly Token[] | undefined, onCopied: () => void): ReactNode {
  return (tokens ?? []).map((token, index) => (
    // The tokens of a growing text only change at its end: their place is their identity.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <Fragment key={index}>{isKnown(token) ? one(token, onCopied) : token.raw}</Fragment>
  ));
}

function one(token: MarkedToken, onCopied: () => void): ReactNode {
  const inner = (tokens: readonly Token[] | undefined) => draw(tokens, onCopied);
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'paragraph':
      return <p>{inner(token.tokens)}</p>;
    case 'heading':
      // The page owns the outline: an answer's headings are at most the third level.
      return token.depth <= 2 ? <h3>{inner(token.tokens)}</h3> : <h4>{inner(token.tokens)}</h4>;
    case 'code':
      return <CodeBlock code={token.text} language={token.lang ?? ''} onCopied={onCopied} />;
    case 'codespan':
      return <code>{plainText(token.text)}</code>;
    case 'blockquote':
      return <blockquote>{inner(token.tokens)}</blockquote>;
    case 'list': {
      const items = token.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as for all tokens
        <li key={index}>{inner(item.tokens)}</li>
      ));
      const start = token.start === '' ? 1 : token.start;
      return token.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return (
        <div className="table">
          <table>
            <thead>
              <tr>
                {token.header.map((cell) => (
                  <th key={cell.text}>{inner(cell.tokens)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {token.rows.map((row, r) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as for all tokens
                <tr key={r}>
                  {row.map((cell, c) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: as for all tokens
                    <td key={c}>{inner(cell.tokens)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'strong':
      return <strong>{inner(token.tokens)}</strong>;
    case 'em':
      return <em>{inner(token.tokens)}</em>;
    case 'del':
      return <del>{inner(token.tokens)}</del>;
    case 'link':
      return <SafeLink href={token.href}>{inner(token.tokens)}</SafeLink>;
    case 'image':
      return <SafeLink href={token.href}>{plainText(token.text) || token.href}</SafeLink>;
    case 'br':
      return <br />;
    case 'hr':
      return <hr />;
    case 'text':
      return 'tokens' in token && token.tokens ? inner(token.tokens) : plainText(token.text);
    case 'escape':
      return token.text;
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ ';
    default:
      return token.raw;
  }
}

function SafeLink({ href, children }: { href: string; children: ReactNode }) {
  const url = safeUrl(href);
  if (url === null) return <>{children}</>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
