// The operator's token: taken from a #token=… link or typed in, kept for this tab only. Used by the
// gate. The link's fragment is removed at once, so that it stays in no history and no screenshot.
const KEY = 'bruno.operator-token';

/** The token in a fragment such as `#token=abc&view=x`, or null. */
export function tokenFromHash(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token')?.trim() ?? '';
  return token === '' ? null : token;
}

/** What else the fragment says, such as which experiment is meant; empty where it says nothing. */
export function withoutToken(hash: string): string {
  const others = new URLSearchParams(hash.replace(/^#/, ''));
  others.delete('token');
  return others.size === 0 ? '' : `#${others}`;
}

export function takeToken(): string | null {
  const fresh = tokenFromHash(location.hash);
  if (fresh !== null) {
    const rest = withoutToken(location.hash);
    history.replaceState(null, '', location.pathname + location.search + rest);
    sessionStorage.setItem(KEY, fresh);
  }
  return fresh ?? sessionStorage.getItem(KEY);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function dropToken(): void {
  sessionStorage.removeItem(KEY);
}
