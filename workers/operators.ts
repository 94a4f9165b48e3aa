// Who is an operator. On one machine: whoever holds the operator token. Deployed: whom Cloudflare
// Access let through, by the assertion that it signed; the header alone proves nothing, since a
// request may have come past Access.

import { accessVerifier, type Verify } from '../adapters/access/index.ts';
import { AppError } from '../core/errors.ts';
import { now, settingsOf } from './env.ts';
import { type AppContext, requireBearer } from './http.ts';

const ASSERTION = 'cf-access-jwt-assertion';

/** One for each isolate and team, because it keeps the team's keys. */
const verifiers = new Map<string, Verify>();

function verifierFor(team: string, audience: string): Verify {
  const name = `${team} ${audience}`;
  const known = verifiers.get(name);
  if (known) return known;
  const made = accessVerifier({ issuer: `https://${team}`, audience });
  verifiers.set(name, made);
  return made;
}

/** Who it is, for histories: an email address, a service token's name, or locally "operator". */
export async function requireOperator(c: AppContext): Promise<string> {
  const settings = settingsOf(c.env);
  if (settings.ENVIRONMENT === 'local') {
    await requireBearer(c, settings.ADMIN_TOKEN);
    return 'operator';
  }
  const { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audience } = settings;
  if (team === undefined || audience === undefined) {
    throw new AppError('unauthorized', 'Operators cannot sign in here.', {
      details: ['ACCESS_TEAM_DOMAIN and ACCESS_AUD are not set on this deployment'],
    });
  }
  const assertion = c.req.header(ASSERTION);
  if (assertion === undefined) {
    throw new AppError('unauthorized', 'Sign in through Cloudflare Access.', {
      details: [`no ${ASSERTION} header came with the request`],
    });
  }
  return verifierFor(team, audience)(assertion, now(c.env));
}
