// Asks for the operator's token where the page was not opened through a #token=… link, or where the
// server refused the one it had. Before a deployed Worker stands Cloudflare Access, which needs none.
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
          That was refused. Use the token from the last start, or sign in by Cloudflare Access.
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
        <button
          type="button"
          className="button"
          data-testid="access-send"
          onClick={() => onToken('')}
        >
          I am signed in by Cloudflare Access
        </button>
      </form>
    </main>
  );
}
