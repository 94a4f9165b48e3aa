// The ways to judge one answer: thumbs, five stars, copy, correct it. Stands under every answer of
// <Chat>, and alone as <Feedback> under an answer that a page has drawn itself.
import { useRef, useState } from 'react';
import { type AnswerRef, assistantAt, type Noted, type Verdict } from '../client/index.ts';
import { CopyButton } from './copy-button.tsx';
import { CorrectionForm } from './correction-form.tsx';
import { Icon } from './icons.tsx';
import { Stars } from './stars.tsx';
import { type Theme, themeAttribute } from './theme.ts';
import { type Feedback as Judging, useFeedback } from './use-feedback.ts';

export interface FeedbackProps {
  answer: AnswerRef;
  /** The answer's words, for the copy button; without them there is none. */
  text?: string | undefined;
  /** Where the Worker is; left out, the page's own origin. */
  baseUrl?: string | undefined;
  theme?: Theme | undefined;
  modelVersion?: string | null | undefined;
  /** Hears of copies and votes, for trackers of the page's own. */
  onEvent?: ((event: Noted) => void) | undefined;
}

/** What was said stands with its answer: a page that puts another one in its place begins anew. */
export const Feedback = (props: FeedbackProps) => (
  <Bar key={props.answer.interactionId} {...props} />
);

function Bar({ answer, text, baseUrl, theme, modelVersion, onEvent }: FeedbackProps) {
  const { outbox } = assistantAt(baseUrl);
  const feedback = useFeedback(answer, outbox);
  const [correcting, setCorrecting] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const closeForm = () => {
    if (!correcting) return;
    setCorrecting(false);
    opener.current?.focus();
  };

  const send = async (verdict: Verdict) => {
    const positive = verdict.feedback_type === 'thumbs_up';
    const liked = verdict.feedback_type === 'rating' && verdict.value >= 4;
    onEvent?.({ type: 'voted', positive: positive || liked });
    return await feedback.send(verdict);
  };
  const correct = async (verdict: Verdict) => {
    if (await send(verdict)) closeForm();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a landmark in every turn would be one too many
    <div
      role="group"
      className="bruno judge"
      aria-label="Rate this answer"
      {...themeAttribute(theme)}
    >
      <div className="tools">
        <Thumb
          kind="up"
          pressed={feedback.thumb === 'thumbs_up'}
          onPress={() => void send({ feedback_type: 'thumbs_up' })}
        />
        <Thumb
          kind="down"
          pressed={feedback.thumb === 'thumbs_down'}
          onPress={() => void send({ feedback_type: 'thumbs_down' })}
        />
        <Stars
          value={feedback.stars}
          onRate={(value) => void send({ feedback_type: 'rating', value })}
        />
        {text !== undefined && (
          <CopyButton
            text={text}
            label="Copy"
            testId="copy"
            onCopied={() => onEvent?.({ type: 'copied' })}
          />
        )}
        <button
          ref={opener}
          type="button"
          className="tool"
          data-testid="correct-open"
          aria-expanded={correcting}
          onClick={() => setCorrecting(!correcting)}
        >
          <Icon name="pencil" />
          <span>{feedback.corrected ? 'Correct again' : 'Correct this answer'}</span>
        </button>
      </div>
      {correcting && (
        <CorrectionForm
          sending={feedback.sending.state === 'sending'}
          onSend={(verdict) => void correct(verdict)}
          onClose={closeForm}
        />
      )}
      <Status feedback={feedback} />
      {typeof modelVersion === 'string' && (
        <p className="quiet model">
          Answered by <code data-testid="model-version">{modelVersion}</code>
        </p>
      )}
    </div>
  );
}

function Thumb(props: { kind: 'up' | 'down'; pressed: boolean; onPress: () => void }) {
  return (
    <button
      type="button"
      className="tool"
      data-testid={`thumb-${props.kind}`}
      aria-pressed={props.pressed}
      onClick={props.onPress}
    >
      <Icon name={props.kind} filled={props.pressed} />
      <span>{props.kind === 'up' ? 'Helpful' : 'Not helpful'}</span>
    </button>
  );
}

function Status({ feedback }: { feedback: Judging }) {
  const { sending } = feedback;
  return (
    <p className="status" data-testid="feedback-status" data-state={sending.state} role="status">
      {sending.state === 'sending' && 'Sending…'}
      {sending.state === 'recorded' && 'Thanks — recorded'}
      {sending.state === 'refused' && (
        <span className="alarm">Not recorded. {sending.sentence}</span>
      )}
      {sending.state === 'waiting' && (
        <>
          <span>Kept on this device until it can be sent.</span>{' '}
          <button
            type="button"
            className="link"
            data-testid="feedback-retry"
            onClick={() => void feedback.retry()}
          >
            Send now
          </button>
        </>
      )}
    </p>
  );
}
