// Where a question is written. Enter sends, Shift+Enter breaks the line; while an answer is being
// written the send button is a stop button, and Escape stops too.
import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { Icon } from './icons.tsx';

interface Props {
  busy: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

const LONGEST = 8000;

export function Composer({ busy, onAsk, onStop }: Props) {
  const [text, setText] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);

  useEffect(() => input.current?.focus({ preventScroll: true }), []);

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
    if (event.key === 'Escape' && busy) onStop();
    // While an input method composes a character, Enter chooses it and does not send.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <label className="unseen" htmlFor="question">
        Your question
      </label>
      <textarea
        id="question"
        ref={input}
        data-testid="chat-input"
        rows={1}
        maxLength={LONGEST}
        value={text}
        placeholder="Ask a question"
        onChange={(event) => setText(event.target.value)}
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
