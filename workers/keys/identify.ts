// POST /api/identify: a homepage's server says which of its users a visitor is, so that a person who is
// two visitors can be left out where arms are compared. It changes no assignment, now or later.

import { Hono } from 'hono';
import { userOfKey } from '../../core/api-keys.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { IdentityEvent } from '../../core/wire/events.ts';
import { identifyRequestSchema } from '../../core/wire/identify.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { now, randomBytes, settingsOf } from '../env.ts';
import { type App, bearer, readJson } from '../http.ts';
import { push } from '../outbox.ts';
import { readVisitorToken } from '../tokens.ts';
import { isApiKey, knownKey } from './index.ts';

export const identify = new Hono<App>().post('/api/identify', async (c) => {
  const token = bearer(c);
  if (token === undefined || !isApiKey(token)) {
    throw new AppError('unauthorized', 'An API key with the scope identify is needed as bearer.');
  }
  const key = await knownKey(c, token, 'identify');
  const body = parseWire(identifyRequestSchema, await readJson(c, LIMITS.feedbackBytes));
  const at = now(c.env);
  // Not bound to this request's origin: it comes from a server, for a visitor of its pages.
  const { visitorId } = await readVisitorToken(
    settingsOf(c.env).TOKEN_KEYS,
    body.visitor_token,
    at,
  );
  const event: IdentityEvent = {
    kind: 'identity',
    v: 1,
    event_id: uuidv7(at, randomBytes(10)),
    visitor_id: visitorId,
    person_id: userOfKey(key.prefix, body.user),
    at,
  };
  try {
    await push(c.env, [event]);
  } catch (cause) {
    throw new AppError('dependency_unavailable', 'This cannot be taken right now. Try again.', {
      retryAfterSeconds: 5,
      internalMessage: 'events queue refused a batch',
      cause,
    });
  }
  return c.json({ status: 'recorded', event_id: event.event_id }, 202);
});
