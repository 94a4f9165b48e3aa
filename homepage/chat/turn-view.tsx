// One question with its answer: text, sources, what went wrong, and the ways to judge it.
import type { Noted } from '../client/index.ts';
import { canBeJudged, isOpen, type Turn } from './conversation.ts';
import { Feedback } from './feedback-bar.tsx';
import { Icon } from './icons.tsx';
import { Markdown } from './markdown.tsx';
import { SourceList } from './source-list.tsx';
import type { Theme } from './theme.ts';

interface Props {
  turn: Turn;
  isLast: boolean;
  baseUrl: string;
  theme: Theme | undefined;
  onNote: (interactionId: string, event: Noted) => void;
  onRetry: (turn: Turn) => void;
}

export function TurnView({ turn, isLast, baseUrl, theme, onNote, onRetry }: Props) {
  const open = isOpen(turn);
  const note = (event: Noted) => {
    if (turn.interactionId !== null) onNote(turn.interactionId, event);
  };
  const copied = () => note({ type: 'copied' });

  return (
    <article className="turn" aria-label={`Question: ${turn.question}`}>
      <h2 className="question">{turn.question}</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a landmark in every turn would be one too many */}
      <div
        role="group"
        className={open ? 'answer writing' : 'answer'}
        data-testid="answer"
        data-phase={turn.state.phase}
        data-interaction-id={turn.interactionId}
        aria-label="Answer"
        aria-live="polite"
        aria-busy={open}
        onCopy={copied}
      >
        {turn.state.phase === 'waiting' && <Waiting />}
        <Markdown text={turn.answer} onCopied={copied} />
        {turn.state.phase === 'stopped' && (
          <p className="quiet">
            You stopped this answer.{' '}
            {isLast && (
              <button
                type="button"
                className="link"
                data-testid="retry"
                onClick={() => onRetry(turn)}
              >
                Ask again
              </button>
            )}
          </p>
        )}
      </div>
      {turn.state.phase === 'failed' && (
        <div className="failed" role="alert">
          <p data-testid="chat-error">{turn.state.sentence}</p>
          {isLast && (
            <button
              type="button"
              className="button"
              data-testid="retry"
              onClick={() => onRetry(turn)}
            >
              <Icon name="retry" /> Try again
            </button>
          )}
        </div>
      )}
      {!open && turn.sources.length > 0 && (
        <SourceList sources={turn.sources} onOpened={() => note({ type: 'citation' })} />
      )}
      {canBeJudged(turn) && turn.interactionId !== null && turn.feedbackToken !== null && (
        <Feedback
          answer={{ interactionId: turn.interactionId, feedbackToken: turn.feedbackToken }}
          text={turn.answer}
          baseUrl={baseUrl}
          modelVersion={turn.modelVersion}
          onEvent={note}
          theme={theme}
        />
      )}
    </article>
  );
}

function Waiting() {
  return (
    <p className="waiting">
      <span className="unseen">The answer is on its way.</span>
      <span className="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
    </p>
  );
}
