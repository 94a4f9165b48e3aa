// The ways to judge one answer: thumbs, five stars, copy, correct it. Used under every finished answer.
import { useRef, useState } from 'react';
import type { AnswerRef, Verdict } from '../client/index.ts';
import { CopyButton } from './copy-button.tsx';
import { CorrectionForm } from './correction-form.tsx';
import { Icon } from './icons.tsx';
import { Stars } from './stars.tsx';
import { type Feedback, useFeedback } from './use-feedback.ts';
import type { Noted } from './use-readings.ts';

interface Props {
  answer: AnswerRef;
  text: string;
  modelVersion: string | null;
  note: (event: Noted) => void;
}

export function FeedbackBar({ answer, text, modelVersion, note }: Props) {
  const feedback = useFeedback(answer);
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
    note({ type: 'voted', positive: positive || liked });
    return await feedback.send(verdict);
  };
  const vote = (kind: 'thumbs_up' | 'thumbs_down') => {
    if (feedback.thumb !== kind) void send({ feedback_type: kind });
  };
  const correct = async (verdict: Verdict) => {
    if (await send(verdict)) closeForm();
  };

  return (
    <section className="judge" aria-label="Rate this answer">
      <div className="tools">
        <Thumb
          kind="up"
          pressed={feedback.thumb === 'thumbs_up'}
          onPress={() => vote('thumbs_up')}
        />
        <Thumb
          kind="down"
          pressed={feedback.thumb === 'thumbs_down'}
          onPress={() => vote('thumbs_down')}
        />
        <Stars
          value={feedback.stars}
          onRate={(value) => void send({ feedback_type: 'rating', value })}
        />
        <CopyButton
          text={text}
          label="Copy"
          testId="copy"
          onCopied={() => note({ type: 'copied' })}
        />
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
      <Status feedback={feedback} onRecorded={closeForm} />
      {modelVersion !== null && (
        <p className="quiet model">
          Answered by <code data-testid="model-version">{modelVersion}</code>
        </p>
      )}
    </section>
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

function Status({ feedback, onRecorded }: { feedback: Feedback; onRecorded: () => void }) {
  const { sending } = feedback;
  const again = async () => {
    if (await feedback.retry()) onRecorded();
  };
  return (
    <p className="status" data-testid="feedback-status" data-state={sending.state} role="status">
      {sending.state === 'sending' && 'Sending…'}
      {sending.state === 'recorded' && 'Thanks — recorded'}
      {sending.state === 'failed' && (
        <>
          <span className="alarm">Not recorded. {sending.sentence}</span>{' '}
          <button
            type="button"
            className="link"
            data-testid="feedback-retry"
            onClick={() => void again()}
          >
            Send again
          </button>
        </>
      )}
    </p>
  );
}
