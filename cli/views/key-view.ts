/**
 * API keys for people: a list, and what to know about one just made or revoked. Pure.
 */
import type { z } from 'zod';
import { facts, instant, minute, page, section, table } from '../layout.ts';
import type { ApiKey, ApiKeyMade, apiKeyRevoked } from '../schemas.ts';

export function keyList(keys: readonly ApiKey[]): string {
  return table(
    [
      { title: 'id' },
      { title: 'name' },
      { title: 'prefix' },
      { title: 'scopes' },
      { title: 'status' },
      { title: 'created (UTC)' },
      { title: 'expires (UTC)' },
      { title: 'revoked (UTC)' },
      { title: 'why' },
    ],
    keys.map((key) => [
      key.id,
      key.name,
      key.prefix,
      key.scopes.join(' '),
      key.status,
      minute(key.created_at),
      key.expires_at ? minute(key.expires_at) : 'never',
      minute(key.revoked_at),
      key.revoke_reason,
    ]),
    'No API keys yet: make one with bruno key create NAME --scope chat.',
  );
}

export function keyMade(made: ApiKeyMade): string {
  return page(
    `${made.key}\n\nThis is the only time it is shown. Keep it where the homepage's server keeps its secrets.`,
    section(
      `Key ${made.id}`,
      facts([
        ['name', made.name],
        ['may', made.scopes.join(', ')],
        ['its users', `${made.prefix}:USER, or ${made.prefix}:default without one`],
        ['expires', made.expires_at ? instant(made.expires_at) : 'never'],
      ]),
    ),
  );
}

export function keyRevoked({ id, changed, recorded }: z.infer<typeof apiKeyRevoked>): string {
  const what = changed
    ? `Key ${id} is revoked: it opens nothing within seconds.`
    : `Key ${id} was revoked before.`;
  return recorded ? what : `${what} The record is away and will hear of it when it is back.`;
}
