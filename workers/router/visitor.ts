// Who is asking. A visitor is who the server says: a signed token, bound to the origin it was issued
// to, sent in the request because third-party cookies are blocked. Assignment hashes this id.

import { type EnrolmentFacts, takesPart } from '../../core/enrolment.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { learningOf, now, randomBytes, settingsOf } from '../env.ts';
import { type AppContext, bearer } from '../http.ts';
import { limit, networkOfRequest } from '../limits.ts';
import { issueVisitorToken, readVisitorToken, sameSecret } from '../tokens.ts';

export const TOO_FAST = 'You are asking faster than this service answers.';

export interface NewSession {
  id: string;
  visitor_token: string;
}

/** A new session; the visitor is kept when a valid token of theirs comes along, else new. */
export async function openSession(c: AppContext): Promise<NewSession> {
  const settings = settingsOf(c.env);
  const nowMs = now(c.env);
  const id = uuidv7(nowMs, randomBytes(10));
  const origin = c.req.header('origin') ?? '';
  const held = bearer(c);
  if (held !== undefined) {
    const known = await readVisitorToken(settings.TOKEN_KEYS, held, nowMs);
    checkOrigin(known.origin, origin);
    return { id, visitor_token: held };
  }
  await limit(
    c.env.IDENTITY_LIMIT,
    networkOfRequest(c),
    'Too many new visitors from this network. Try again later.',
  );
  const visitorId = uuidv7(nowMs, randomBytes(10));
  const token = await issueVisitorToken(settings.TOKEN_KEYS, { visitorId, origin }, nowMs);
  return { id, visitor_token: token };
}

/** Throws token_invalid, token_expired, origin_not_allowed or rate_limited. */
export async function knownVisitor(c: AppContext, token: string): Promise<string> {
  return (await knownIdentity(c, token)).visitorId;
}

/** The visitor with the age of their identity. Throws as `knownVisitor` does. */
export async function knownIdentity(
  c: AppContext,
  token: string,
): Promise<{ visitorId: string; issuedAtMs: number }> {
  const claims = await readVisitorToken(settingsOf(c.env).TOKEN_KEYS, token, now(c.env));
  checkOrigin(claims.origin, c.req.header('origin') ?? '');
  await limit(c.env.CHAT_LIMIT, claims.visitorId, TOO_FAST);
  return claims;
}

/** Whether this question may belong to an experiment. */
export function isEnrolled(c: AppContext, facts: Omit<EnrolmentFacts, 'nowMs'>): boolean {
  const { min_identity_age_seconds } = learningOf(c.env).ab_testing;
  return takesPart({ ...facts, nowMs: now(c.env) }, min_identity_age_seconds);
}

function checkOrigin(issuedTo: string, from: string): void {
  if (issuedTo !== '' && from !== '' && issuedTo !== from) {
    throw new AppError('origin_not_allowed', 'This visitor token was issued to another origin.');
  }
}

export async function isOperator(c: AppContext): Promise<boolean> {
  const expected = settingsOf(c.env).ADMIN_TOKEN;
  const given = bearer(c);
  return expected !== undefined && given !== undefined && sameSecret(given, expected);
}
