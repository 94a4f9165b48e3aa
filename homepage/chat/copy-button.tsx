// Copies a text and says whether it worked. Used for whole answers and for blocks of code.
import { useEffect, useState } from 'react';
import { Icon } from './icons.tsx';

interface Props {
  text: string;
  label: string;
  testId: string;
  onCopied: () => void;
}

export function CopyButton({ text, label, testId, onCopied }: Props) {
  const [said, say] = useState<string | null>(null);

  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => say(null), 2500);
    return () => clearTimeout(timer);
  }, [said]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
      onCopied();
    } catch {
      say('Select the text to copy it');
    }
  };

  return (
    <button type="button" className="tool" data-testid={testId} onClick={() => void copy()}>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}
