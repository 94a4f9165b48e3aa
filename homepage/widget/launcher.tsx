// The chat behind a button in the corner of a page: a panel that opens above everything else and
// keeps its conversation when it is closed. On a phone it takes the whole screen.
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { Chat, type ChatProps } from '../chat/chat.tsx';
import { Icon } from '../chat/icons.tsx';
import { themeAttribute } from '../chat/theme.ts';

export function Launcher({ title = 'Ask the assistant', ...chat }: ChatProps) {
  const [state, setState] = useState<'new' | 'open' | 'closed'>('new');
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const isOpen = state === 'open';

  const close = () => {
    setState('closed');
    opener.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close();
  };

  return (
    <section className="bruno dock" aria-label={title} {...themeAttribute(chat.theme)}>
      <button
        ref={opener}
        type="button"
        className="launch"
        data-testid="widget-open"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => (isOpen ? close() : setState('open'))}
      >
        <Icon name="chat" />
        <span>{title}</span>
      </button>
      <div
        id={id}
        className="panel"
        role="dialog"
        aria-label={title}
        hidden={!isOpen}
        onKeyDown={key}
      >
        <header>
          <p className="title">{title}</p>
          <button type="button" className="tool" data-testid="widget-close" onClick={close}>
            <Icon name="close" />
            <span className="unseen">Close</span>
          </button>
        </header>
        {state !== 'new' && <Chat {...chat} title="Chat" autoFocus />}
      </div>
    </section>
  );
}
