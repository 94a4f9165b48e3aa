// Asks for the operator's token where the page was not opened through a #token=… link, or where the
// server refused the one it had.
import { type SubmitEvent, useState } from 'react';

interface Props {
  refused: boolean;
  onToken: (token: string) => void;
}

export function Gate({ refused, onToken }: Props) {
  const [token, setToken] = useState('');
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  };
  return (
    <main className="gate">
      <h1>Bruno Loop</h1>
      <p>
        The console is for operators. Open it with the link that <code>npm start</code> prints, or
        enter the operator token. It is kept in this tab only.
      </p>
      {refused && (
        <p className="alarm" role="alert" data-testid="token-refused">
          That token was refused. Use the one from the last start.
        </p>
      )}
      <form onSubmit={submit}>
        <label className="label" htmlFor="token">
          Operator token
        </label>
        <input
          id="token"
          className="field"
          type="password"
          data-testid="token-input"
          autoComplete="off"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button
          type="submit"
          className="button primary"
          data-testid="token-send"
          disabled={token.trim() === ''}
        >
          Open the console
        </button>
      </form>
    </main>
  );
}
