// Candidate and production answer the same question side by side, as they would answer a visitor. The newest
// turn stands first, under the question's field, so that both answers grow where they are looked for.
import { type KeyboardEvent, type SubmitEvent, useId, useRef, useState } from 'react';
import { answererName } from '../../core/preview.ts';
import type { PreviewSide } from '../../core/wire/preview.ts';
import { Markdown } from '../../homepage/chat/markdown.tsx';
import type { Api } from '../api/client.ts';
import { counted, seconds } from '../format.ts';
import { isWriting, type PreviewTurn, SIDES, spoken } from './preview-conversation.ts';
import { Empty, Section } from './section.tsx';
import { usePreview } from './use-preview.ts';

export function PreviewChat({ api, experimentId }: { api: Api; experimentId: string }) {
  const { turns, busy, ask, stop, clear } = usePreview(api, experimentId);
  return (
    <Section
      id="preview"
      title="Ask both, as visitors do"
      aside={
        turns.length > 0 &&
        !busy && (
          <button type="button" className="button" data-testid="preview-clear" onClick={clear}>
            Start over
          </button>
        )
      }
    >
      <p className="quiet">
        Both get your question under the settings that visitors get, and each remembers its own
        answers. Nothing of it is recorded, counted or learned from.
      </p>
      <Ask busy={busy} onAsk={ask} onStop={stop} />
      <p className="unseen" role="status" data-testid="preview-spoken">
        {spoken(turns.at(-1))}
      </p>
      {turns.length === 0 && (
        <Empty>
          Ask what your visitors ask, and what you would not want to be answered wrongly.
        </Empty>
      )}
      {turns.toReversed().map((turn) => (
        <Turn key={turn.id} turn={turn} />
      ))}
    </Section>
  );
}

interface AskProps {
  busy: boolean;
  onAsk: (message: string) => void;
  onStop: () => void;
}

function Ask({ busy, onAsk, onStop }: AskProps) {
  const id = useId();
  const [text, setText] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  const send = () => {
    const message = text.trim();
    if (busy || message === '') return;
    setText('');
    onAsk(message);
    input.current?.focus({ preventScroll: true });
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
    <form className="preview-ask" onSubmit={submit}>
      <label className="label" htmlFor={id}>
        Your question
      </label>
      <textarea
        id={id}
        ref={input}
        className="field"
        data-testid="preview-input"
        rows={2}
        maxLength={8000}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={key}
      />
      {busy ? (
        <button
          type="button"
          key="stop"
          className="button"
          data-testid="preview-stop"
          onClick={onStop}
        >
          Stop both
        </button>
      ) : (
        <button
          type="submit"
          key="send"
          className="button primary"
          data-testid="preview-send"
          disabled={text.trim() === ''}
        >
          Ask both
        </button>
      )}
    </form>
  );
}

function Turn({ turn }: { turn: PreviewTurn }) {
  const { state } = turn;
  return (
    <article className="preview-turn" data-testid="preview-turn">
      <h3 className="asked">{turn.message}</h3>
      {typeof state === 'object' ? (
        <p className="alarm" role="alert" data-testid="preview-problem">
          Not asked to the end. {state.failed}
        </p>
      ) : (
        state === 'stopped' && <p className="quiet">You stopped both.</p>
      )}
      <div className="preview-sides">
        {SIDES.map(({ arm, name }) => (
          <Side
            key={arm}
            arm={arm}
            name={name}
            side={turn.sides[arm]}
            answerer={answererName(
              turn.sides[arm],
              turn.sides[arm === 'control' ? 'treatment' : 'control'],
            )}
            writing={isWriting(turn, arm)}
          />
        ))}
      </div>
    </article>
  );
}

interface SideProps {
  arm: string;
  name: string;
  side: PreviewSide;
  answerer: string;
  writing: boolean;
}

function Side({ arm, name, side, answerer, writing }: SideProps) {
  return (
    <div
      className="preview-side"
      data-testid={`preview-${arm}`}
      data-writing={writing}
      aria-busy={writing}
    >
      <h4>
        <span className={arm === 'treatment' ? 'stage candidate' : 'stage production'}>{name}</span>{' '}
        <code>{answerer}</code>
      </h4>
      {side.response !== '' && (
        <div className="answer">
          <Markdown text={side.response} onCopied={ignore} />
        </div>
      )}
      {writing && side.response === '' && (
        <p className="waiting">
          <span className="unseen">Waiting for the first word.</span>
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        </p>
      )}
      {side.error !== null && (
        <p className="alarm">
          <span aria-hidden="true">✕ </span>
          {side.error.message}
        </p>
      )}
      {took(side) !== '' && <p className="quiet took">{took(side)}</p>}
    </div>
  );
}

/** What is copied here says nothing about a visitor. */
function ignore(): void {}

function took({
  first_token_ms: first,
  total_ms,
  finish_reason: finish,
  error,
  usage,
}: PreviewSide) {
  if (finish === null && error === null) return '';
  return [
    first === null ? null : `first word after ${seconds(first)}`,
    `${finish === null ? 'ended' : 'done'} after ${seconds(total_ms)}`,
    usage === null ? null : counted(usage.completion_tokens, 'token'),
    finish === 'length' ? 'cut at its longest' : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}
