// Draws an answer's Markdown as elements. Text is only ever a text node; addresses have been checked
// by the reader. Must never set inner HTML.
import { Fragment, type ReactNode, useMemo } from 'react';
import { readMarkdown } from '../markdown/blocks.ts';
import type { Block, Inline } from '../markdown/tree.ts';
import { CodeBlock } from './code-block.tsx';

interface Props {
  text: string;
  onCopied: () => void;
}

export function Markdown({ text, onCopied }: Props) {
  const blocks = useMemo(() => readMarkdown(text), [text]);
  return <>{all(blocks, (block) => drawBlock(block, onCopied))}</>;
}

// A growing text only changes at its end: the place of a piece is its identity.
function all<Piece>(pieces: readonly Piece[], draw: (piece: Piece) => ReactNode): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return pieces.map((piece, index) => <Fragment key={index}>{draw(piece)}</Fragment>);
}

const words = (inner: readonly Inline[]): ReactNode => all(inner, drawInline);

function drawBlock(block: Block, onCopied: () => void): ReactNode {
  const within = (blocks: readonly Block[]) => all(blocks, (one) => drawBlock(one, onCopied));
  switch (block.type) {
    case 'paragraph':
      return <p>{words(block.inner)}</p>;
    case 'plain':
      return words(block.inner);
    case 'heading':
      // The question is a heading of the second level: an answer's own stand below it.
      return block.depth <= 2 ? <h3>{words(block.inner)}</h3> : <h4>{words(block.inner)}</h4>;
    case 'code':
      return <CodeBlock code={block.text} language={block.language} onCopied={onCopied} />;
    case 'quote':
      return <blockquote>{within(block.blocks)}</blockquote>;
    case 'list': {
      const items = all(block.items, (item) => (
        <li>
          {item.checked !== null && (item.checked ? '☑ ' : '☐ ')}
          {within(item.blocks)}
        </li>
      ));
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return <Table header={block.header} rows={block.rows} />;
    case 'rule':
      return <hr />;
    default:
      return block satisfies never;
  }
}

type Cells = readonly (readonly Inline[])[];

function Table({ header, rows }: { header: Cells; rows: readonly Cells[] }) {
  return (
    // A wide table scrolls sideways: it can be reached and scrolled from the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must take focus
    // biome-ignore lint/a11y/useSemanticElements: a landmark in every turn would be one too many
    <div role="group" className="table" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {all(header, (cell) => (
              <th scope="col">{words(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all(rows, (row) => (
            <tr>
              {all(row, (cell) => (
                <td>{words(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function drawInline(piece: Inline): ReactNode {
  switch (piece.type) {
    case 'text':
      return piece.text;
    case 'code':
      return <code>{piece.text}</code>;
    case 'strong':
      return <strong>{words(piece.inner)}</strong>;
    case 'em':
      return <em>{words(piece.inner)}</em>;
    case 'del':
      return <del>{words(piece.inner)}</del>;
    case 'link':
      return (
        <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
          {words(piece.inner)}
        </a>
      );
    case 'br':
      return <br />;
    default:
      return piece satisfies never;
  }
}
