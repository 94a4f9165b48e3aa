// Asks before something changes for visitors: says what will happen, takes the operator's reason, does
// it once (the same request id, however often it is tried) and shows the result. Used by every action.
import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { newEventId } from '../homepage/client/event-id.ts';
import { ApiError, messageOf } from './api/client.ts';

export interface Action {
  title: string;
  /** One sentence: who will notice what. */
  effect: string;
  verb: string;
  needsReason: boolean;
  /** Performs it and resolves to a sentence that says what is now so. */
  perform(input: { reason: string; requestId: string }): Promise<string>;
}

type Stage =
  | { name: 'asking'; problem: string | null }
  | { name: 'working' }
  | { name: 'done'; result: string };

export function ActionDialog({ action, onClose }: { action: Action; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [stage, setStage] = useState<Stage>({ name: 'asking', problem: null });
  const [requestId] = useState(newEventId);
  const id = useId();

  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (stage.name !== 'asking') return;
    setStage({ name: 'working' });
    try {
      const result = await action.perform({ reason: reason.trim(), requestId });
      setStage({ name: 'done', result });
    } catch (thrown) {
      setStage({ name: 'asking', problem: problemOf(thrown) });
    }
  };
  const ready = !action.needsReason || reason.trim() !== '';

  return (
    <dialog ref={dialog} data-testid="action-dialog" aria-labelledby={`${id}t`} onClose={onClose}>
      <h2 id={`${id}t`} className="title">
        {action.title}
      </h2>
      {stage.name === 'done' ? (
        <div className="dialog-body">
          <p data-testid="action-result" role="status">
            {stage.result}
          </p>
          <p className="row">
            <button
              type="button"
              className="button primary"
              data-testid="action-close"
              onClick={() => dialog.current?.close()}
            >
              Close
            </button>
          </p>
        </div>
      ) : (
        <form className="dialog-body" onSubmit={(event) => void submit(event)}>
          <p>{action.effect}</p>
          {action.needsReason && (
            <div>
              <label className="label" htmlFor={`${id}r`}>
                Why? It is kept in the history.
              </label>
              <textarea
                id={`${id}r`}
                className="field"
                data-testid="action-reason"
                rows={2}
                maxLength={500}
                required
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </div>
          )}
          {stage.name === 'asking' && stage.problem !== null && (
            <p className="alarm" role="alert" data-testid="action-problem">
              {stage.problem}
            </p>
          )}
          <p className="row">
            <button
              type="submit"
              className="button primary"
              data-testid="action-confirm"
              disabled={!ready || stage.name === 'working'}
            >
              {stage.name === 'working' ? 'Working…' : action.verb}
            </button>
            <button
              type="button"
              className="button"
              data-testid="action-cancel"
              onClick={() => dialog.current?.close()}
            >
              Leave it as it is
            </button>
          </p>
        </form>
      )}
    </dialog>
  );
}

/** A refusal changed nothing; where no answer came, nobody knows. */
function problemOf(thrown: unknown): string {
  const unanswered = thrown instanceof ApiError && thrown.status === 0;
  return `${unanswered ? 'It may have been done all the same.' : 'Nothing was changed.'} ${messageOf(thrown)}`;
}
