// One question with its answer: text, sources, what went wrong, and the ways to judge it.
// Used by the demo page for every turn.
import { memo } from 'react';
import { canBeJudged, isOpen, type Turn } from './conversation.ts';
import { FeedbackBar } from './feedback-bar.tsx';
import { Icon } from './icons.tsx';
import { Markdown } from './markdown.tsx';
import { SourceList } from './source-list.tsx';
import type { Noted, Readings } from './use-readings.ts';

interface Props {
  turn: Turn;
  isLast: boolean;
  readings: Readings;
  onRetry: (turn: Turn) => void;
}

export const TurnView = memo(function TurnView({ turn, isLast, readings, onRetry }: Props) {
  const open = isOpen(turn);
  const note = (event: Noted) => {
    if (turn.interactionId !== null) readings.note(turn.interactionId, event);
  };
  const copied = () => note({ type: 'copied' });

  return (
    <article className="turn" aria-label={`Question: ${turn.question}`}>
      <p className="question">{turn.question}</p>
      <section
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
        {turn.state.phase === 'stopped' && <p className="quiet">You stopped this answer.</p>}
      </section>
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
        <FeedbackBar
          answer={{ interactionId: turn.interactionId, feedbackToken: turn.feedbackToken }}
          text={turn.answer}
          modelVersion={turn.modelVersion}
          note={note}
        />
      )}
    </article>
  );
}, sameTurn);

// Only the turn itself changes while the page lives; its callbacks do not close over anything else
// that a finished turn would show.
function sameTurn(before: Props, after: Props): boolean {
  return before.turn === after.turn && before.isLast === after.isLast && !after.isLast;
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
