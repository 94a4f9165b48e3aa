// Says what happens with a chat, and lets the visitor keep it out of training.
interface Props {
  optOut: boolean;
  /** Where the page says more about it. */
  policyUrl: string | null;
  onChange: (optOut: boolean) => void;
}

export function Privacy({ optOut, policyUrl, onChange }: Props) {
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
    </div>
  );
}
