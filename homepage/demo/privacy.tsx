// Says what happens with a chat, and lets the visitor keep it out of training. Used by the demo page.
interface Props {
  optOut: boolean;
  onChange: (optOut: boolean) => void;
}

export function Privacy({ optOut, onChange }: Props) {
  return (
    <div className="privacy">
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          data-testid="training-opt-out"
          aria-checked={optOut}
          checked={optOut}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>Don't use my chats for training</span>
      </label>
      <p className="quiet">
        {optOut
          ? 'New questions and your votes on them are kept out of training.'
          : 'Chats and votes are stored and may train this assistant. Leave out personal data.'}
      </p>
    </div>
  );
}
