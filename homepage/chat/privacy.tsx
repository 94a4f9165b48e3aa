// Says what happens with a chat, lets the visitor keep it out of training, and take it all back.
import { Decision } from './decision.tsx';

interface Props {
  optOut: boolean;
  /** Something was asked from here before. */
  hasEarlier: boolean;
  /** Where the page says more about it. */
  policyUrl: string | null;
  onChange: (optOut: boolean) => void;
  /** Also what was said before, for good. */
  onRefuse: () => Promise<boolean>;
  onErase: () => Promise<boolean>;
}

export function Privacy({ optOut, hasEarlier, policyUrl, onChange, onRefuse, onErase }: Props) {
  return (
    <div className="privacy">
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          data-testid="training-opt-out"
          aria-checked={optOut}
          checked={optOut}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <span>Don't use my chats for training</span>
      </label>
      <p className="quiet">
        {optOut
          ? 'New questions and your votes on them are kept out of training.'
          : 'Chats and votes are stored and may train this assistant. Leave out personal data.'}
        {policyUrl !== null && (
          <>
            {' '}
            <a href={policyUrl} target="_blank" rel="noopener">
              Privacy
            </a>
          </>
        )}
      </p>
      <div className="quiet">
        {optOut && hasEarlier && (
          <Decision
            name="refuse-training"
            label="Keep earlier chats out too"
            question="Nothing you said or will say here trains the assistant. This cannot be undone."
            done="Nothing of yours is used for training from now on."
            act={onRefuse}
          />
        )}{' '}
        <Decision
          name="erase"
          label="Delete my data"
          question="All your chats and votes are deleted. This cannot be undone."
          done="Deleted. What you ask next comes from somebody new."
          act={onErase}
        />
      </div>
    </div>
  );
}
