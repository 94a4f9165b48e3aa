// A block of code with its language and a button that copies it. Used by the Markdown drawing.
import { CopyButton } from './copy-button.tsx';

interface Props {
  code: string;
  language: string;
  onCopied: () => void;
}

export function CodeBlock({ code, language, onCopied }: Props) {
  const name = language.trim().split(/\s+/)[0] ?? '';
  return (
    <figure className="code">
      <figcaption>
        <span>{name || 'code'}</span>
        <CopyButton text={code} label="Copy code" testId="copy-code" onCopied={onCopied} />
      </figcaption>
      {/* Long lines scroll sideways: the block can be reached and scrolled from the keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must take focus */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}
