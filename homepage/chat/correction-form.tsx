// Where a visitor writes the answer that would have been right, and says what was wrong with ours.
import { type KeyboardEvent, type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { type CorrectionType, correctionTypes, type Verdict } from '../client/index.ts';

interface Props {
  sending: boolean;
  onSend: (verdict: Verdict) => void;
  onClose: () => void;
}

const KINDS: Record<CorrectionType, string> = {
  factual_error: 'It is factually wrong',
  incomplete: 'Something is missing',
  style: 'It is badly written',
  tone: 'The tone is wrong',
  other: 'Something else',
};

export function CorrectionForm({ sending, onSend, onClose }: Props) {
  const [text, setText] = useState('');
  const [kind, setKind] = useState<CorrectionType>('factual_error');
  const id = useId();
  const input = useRef<HTMLTextAreaElement>(null);

  // The form opens because its button was pressed: the text is what comes next.
  useEffect(() => input.current?.focus(), []);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const corrected = text.trim();
    if (corrected === '' || sending) return;
    onSend({ feedback_type: 'correction', corrected_response: corrected, correction_type: kind });
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };

  return (
    <form className="correct" onSubmit={submit} onKeyDown={key}>
      <div>
        <label className="label" htmlFor={`${id}-kind`}>
          What is wrong?
        </label>
        <select
          id={`${id}-kind`}
          className="field"
          data-testid="correct-kind"
          value={kind}
          onChange={(event) =>
            setKind(correctionTypes.find((type) => type === event.currentTarget.value) ?? 'other')
          }
        >
          {Object.entries(KINDS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label className="label" htmlFor={`${id}-text`}>
          The right answer
        </label>
        <textarea
          id={`${id}-text`}
          className="field"
          data-testid="correct-text"
          rows={4}
          maxLength={8000}
          ref={input}
          value={text}
          placeholder="Write the whole answer as it should have been"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p className="quiet">
          A person reads every correction before the assistant learns from it.
        </p>
      </div>
      <div className="row">
        <button
          type="submit"
          className="button primary"
          data-testid="correct-send"
          disabled={sending || text.trim() === ''}
        >
          Send correction
        </button>
        <button type="button" className="button" data-testid="correct-cancel" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
