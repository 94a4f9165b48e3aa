// One decision that cannot be taken back: a button, the question whether it is meant, and how it went.
import { useRef, useState } from 'react';
import { sentenceFor, toClientError } from '../client/index.ts';

interface Props {
  name: string;
  label: string;
  /** Asked before it is done. */
  question: string;
  done: string;
  /** False where the server knows nobody by this device's token any more. */
  act: () => Promise<boolean>;
}

const EXPIRED =
  'Who you were here has expired: this device has forgotten it, and what the server kept under it is out of reach from here.';

type Step = { at: 'idle' | 'asking' | 'acting' } | { at: 'over'; sentence: string };

export function Decision({ name, label, question, done, act }: Props) {
  const [step, go] = useState<Step>({ at: 'idle' });
  const opener = useRef<HTMLButtonElement>(null);
  const back = (next: Step) => {
    go(next);
    // The button that had the focus is gone: it must not fall to the top of the page.
    requestAnimationFrame(() => opener.current?.focus());
  };
  const run = async () => {
    go({ at: 'acting' });
    try {
      const isFound = await act();
      back({ at: 'over', sentence: isFound ? done : EXPIRED });
    } catch (thrown) {
      back({ at: 'over', sentence: sentenceFor(toClientError(thrown)) });
    }
  };
  const asking = step.at === 'asking' || step.at === 'acting';
  return (
    <div className="decision" data-testid={name}>
      {asking ? (
        <fieldset disabled={step.at === 'acting'} aria-label={label}>
          <span>{question} </span>
          <button
            type="button"
            className="button"
            data-testid={`${name}-yes`}
            // biome-ignore lint/a11y/noAutofocus: the question replaces the button that was pressed
            autoFocus
            onClick={() => void run()}
          >
            {label}
          </button>{' '}
          <button type="button" className="button" onClick={() => back({ at: 'idle' })}>
            Cancel
          </button>
        </fieldset>
      ) : (
        <button
          type="button"
          className="link"
          ref={opener}
          data-testid={`${name}-open`}
          onClick={() => go({ at: 'asking' })}
        >
          {label}
        </button>
      )}
      <span role="status"> {step.at === 'over' && step.sentence}</span>
    </div>
  );
}
