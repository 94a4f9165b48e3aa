/**
 * How `bruno` passes Cloudflare Access, which stands before a deployed Worker: with the token that
 * `cloudflared access token` prints for a person, or with a service token's two parts. Pure; called
 * by settings. Messages name the variables, never what is in them.
 */
import { UsageError } from './errors.ts';

export type AccessHeaders = Readonly<Record<string, string>>;

/** Headers for Cloudflare's edge, or null where the environment names none. */
export function accessHeaders(
  env: Readonly<Record<string, string | undefined>>,
  url: URL,
): AccessHeaders | null {
  const person = printable(env.BRUNO_ACCESS_TOKEN, 'BRUNO_ACCESS_TOKEN');
  const id = printable(env.BRUNO_ACCESS_CLIENT_ID, 'BRUNO_ACCESS_CLIENT_ID');
  const secret = printable(env.BRUNO_ACCESS_CLIENT_SECRET, 'BRUNO_ACCESS_CLIENT_SECRET');
  if (person === null && id === null && secret === null) return null;
  if ((id === null) !== (secret === null)) {
    throw new UsageError(
      'BRUNO_ACCESS_CLIENT_ID and BRUNO_ACCESS_CLIENT_SECRET go together: set both or neither',
    );
  }
  if (person !== null && id !== null) {
    throw new UsageError('Set BRUNO_ACCESS_TOKEN or a service token, not both');
  }
  if (url.protocol !== 'https:' && !isLoopback(url)) {
    throw new UsageError(`Access is passed over https only, and ${url.origin} is not`);
  }
  if (person !== null) return { 'cf-access-token': person };
  return { 'cf-access-client-id': id ?? '', 'cf-access-client-secret': secret ?? '' };
}

export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function printable(text: string | undefined, name: string): string | null {
  const value = text?.trim() ?? '';
  if (value === '') return null;
  if (/^[\x21-\x7e]{1,8192}$/.test(value)) return value;
  throw new UsageError(`${name} must hold printable characters without spaces`);
}
