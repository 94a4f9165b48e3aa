/**
 * Whether operators can sign in to a deployed Worker: the two settings of Cloudflare Access in
 * wrangler.toml, for each environment. Called by `bruno doctor`. Pure.
 */
import { ACCESS_AUD, ACCESS_TEAM } from '../../core/deployment.ts';
import { isLoopback } from '../access.ts';
import { type Check, fail, pass, skip } from './check.ts';
import { varsBySection } from './wrangler-vars.ts';

const NAME = 'operators';
const ADVICE =
  'set ACCESS_TEAM_DOMAIN (TEAM.cloudflareaccess.com) and ACCESS_AUD (the AUD tag of the Access application)';

/** On one machine it is no fault that nothing is deployed; asked about a deployed Worker, it is. */
export function accessCheck(wrangler: string | null, url: URL): Check {
  if (wrangler === null) return skip(NAME, 'no wrangler.toml to look at');
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [section, vars] of varsBySection(wrangler)) {
    const environment = vars.get('ENVIRONMENT');
    if (environment === undefined || environment === 'local') continue;
    const team = vars.get('ACCESS_TEAM_DOMAIN') ?? '';
    const audience = vars.get('ACCESS_AUD') ?? '';
    if (team === '' && audience === '') missing.push(environment);
    else if (!ACCESS_TEAM.test(team)) wrong.push(`ACCESS_TEAM_DOMAIN in [${section}]`);
    else if (!ACCESS_AUD.test(audience)) wrong.push(`ACCESS_AUD in [${section}]`);
  }
  if (wrong.length > 0) return fail(NAME, `not usable: ${wrong.join(', ')}`, ADVICE);
  if (missing.length === 0) return pass(NAME, 'sign in by Cloudflare Access where deployed');
  const found = `no Cloudflare Access for ${missing.join(', ')}: nobody could operate it there`;
  return isLoopback(url) ? skip(NAME, found) : fail(NAME, found, ADVICE);
}
