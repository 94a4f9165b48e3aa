// What an experiment that ended without a verdict would still have needed, in words. A guess, for the
// operator who decides whether to try again; see core/statistics/users-needed.ts.

import { isNotEnough } from '../statistics/not-enough.ts';
import type { Policy } from '../statistics/policy.ts';
import { count } from '../statistics/sentences.ts';
import { usersNeeded } from '../statistics/users-needed.ts';
import type { Evidence } from './facts.ts';

/** Null where it is not users that were missing, or the primary was never measured. */
export function missingUsers(evidence: Evidence | null, policy: Policy): string | null {
  if (evidence === null || policy.promoteOn !== 'improvement') return null;
  const primary = policy.metrics.find(({ role }) => role === 'primary');
  const harm = evidence.harm.guardrails.find(({ metric }) => metric === primary?.metric)?.harm;
  if (!harm) return null;
  const { variance, tau } = harm.effect;
  const users = evidence.users.control + evidence.users.treatment;
  const alpha = policy.alpha.promote;
  const needed = usersNeeded({ effect: -harm.harm, variance, users, tau, alpha });
  if (isNotEnough(needed)) return 'more visitors like these would not establish an improvement';
  if (needed.more === 0) return null;
  return `about ${count(needed.more)} more visitors would have established an effect of this size`;
}
