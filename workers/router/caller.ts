// Who asks through the OpenAI-compatible endpoint: a visitor by token, a homepage's server by API key,
// or, on one machine, the operator. And for whom: a key's own users are kept apart by its prefix.

import { type HeldKey, type KeyScope, userOfKey } from '../../core/api-keys.ts';
import { AppError } from '../../core/errors.ts';
import { type AppContext, bearer } from '../http.ts';
import { isApiKey, knownKey } from '../keys/index.ts';
import { limit } from '../limits.ts';
import { isOperator, knownIdentity, TOO_FAST } from './visitor.ts';

export type Caller =
  | { kind: 'operator' }
  | { kind: 'visitor'; visitorId: string; issuedAtMs: number }
  | { kind: 'key'; key: HeldKey };

/** Throws what an unusable token or key gets. */
export async function callerOf(c: AppContext, scope: KeyScope): Promise<Caller> {
  const token = bearer(c);
  if (token === undefined) {
    throw new AppError('unauthorized', 'A bearer token is needed: a visitor token or an API key.');
  }
  if (await isOperator(c)) return { kind: 'operator' };
  if (isApiKey(token)) return { kind: 'key', key: await knownKey(c, token, scope) };
  return { kind: 'visitor', ...(await knownIdentity(c, token)) };
}

/** @param user the request's own `user`; a visitor is who the token says, whatever stands there */
export async function visitorOf(c: AppContext, caller: Caller, user?: string): Promise<string> {
  switch (caller.kind) {
    case 'visitor':
      return caller.visitorId;
    case 'operator':
      return user ? `operator:${user}` : 'operator';
    case 'key': {
      const visitorId = userOfKey(caller.key.prefix, user);
      // Those whom the key does not tell apart are many; together only the key's limit holds them.
      if (user) await limit(c.env.CHAT_LIMIT, visitorId, TOO_FAST);
      return visitorId;
    }
  }
}

/** Whether the answer may say which version gave it; who votes must not know. */
export const seesVersion = (caller: Caller): boolean =>
  caller.kind === 'operator' ||
  (caller.kind === 'key' && caller.key.scopes.includes('models:version'));
