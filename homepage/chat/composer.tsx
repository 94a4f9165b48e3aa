// Where a question is written. Enter sends, Shift+Enter breaks the line; while an answer is being
// written the send button is a stop button, and Escape stops too.
import { type KeyboardEvent, type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './icons.tsx';

interface Props {
  busy: boolean;
  autoFocus: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

const LONGEST = 8000;

export function Composer({ busy, autoFocus, onAsk, onStop }: Props) {
  const id = useId();
  const [text, setText] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (autoFocus) input.current?.focus({ preventScroll: true });
  }, [autoFocus]);

  // The pressed button is replaced by the other one. Its focus goes to the question, but not on a
  // touch screen, where that would open the keyboard over the answer.
  const backToInput = () => {
    if (matchMedia('(pointer: fine)').matches) input.current?.focus({ preventScroll: true });
  };
  const stop = () => {
    onStop();
    backToInput();
  };
  const send = () => {
    const question = text.trim();
    if (busy || question === '') return;
    setText('');
    onAsk(question);
    backToInput();
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    send();
  };
  const key = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape' && busy) {
      event.stopPropagation();
      onStop();
    }
    // While an input method composes a character, Enter chooses it and does not send.
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    send();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <label className="unseen" htmlFor={id}>
        Your question
      </label>
      <textarea
        id={id}
        ref={input}
        data-testid="chat-input"
        rows={1}
        maxLength={LONGEST}
        value={text}
        placeholder="Ask a question"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
      />
      {busy ? (
        <button type="button" key="stop" className="round" data-testid="stop" onClick={stop}>
          <Icon name="stop" filled />
          <span className="unseen">Stop the answer</span>
        </button>
      ) : (
        <button type="submit" className="round" data-testid="send" disabled={text.trim() === ''}>
          <Icon name="send" />
          <span className="unseen">Send</span>
        </button>
      )}
    </form>
  );
}

/** React wraps the browser's event; the widget's renderer hands it over as it is. */
function isComposing(event: KeyboardEvent): boolean {
  const native: object = event.nativeEvent ?? event;
  return 'isComposing' in native && native.isComposing === true;
}
