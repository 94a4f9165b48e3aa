// How many more users until an effect as large as the one seen would be established. A guess that assumes
// the effect stays and users keep coming in the same proportion to both arms; for display and for the note of
// an inconclusive end.

import { oneSidedHalfWidth, type Scale } from './confidence-sequence.ts';
import { normalQuantile } from './normal.ts';
import { isPositive, type NotEnough, notEnough } from './not-enough.ts';

const LARGEST_FACTOR = 1e9;

/** The largest variance at which c(V) + z·√V ≤ effect: what must be reached for this power. */
export function varianceFor(
  effect: number,
  { tau, alpha, power }: Omit<Scale, 'variance'> & { power: number },
): number | NotEnough {
  if (!isPositive(effect)) return notEnough('there is no effect in the direction looked for');
  if (!isPositive(tau) || !(alpha > 0 && alpha < 1) || !(power > 0 && power < 1)) {
    return notEnough('tau, alpha or power is out of range');
  }
  const z = normalQuantile(power);
  const needs = (variance: number) =>
    oneSidedHalfWidth({ variance, tau, alpha }) + z * Math.sqrt(variance);
  let low = effect ** 2 / 1e6;
  let high = effect ** 2;
  for (let step = 0; step < 200 && high / low > 1 + 1e-13; step += 1) {
    const middle = Math.sqrt(low * high);
    if (needs(middle) <= effect) low = middle;
    else high = middle;
  }
  return low;
}

export interface UsersNeeded {
  kind: 'users_needed';
  /** Users in both arms beyond those there are; 0 if it would be established already. */
  more: number;
}

/** `effect` and `variance` on one scale, `users` in both arms so far; power 0.5 unless said. */
export function usersNeeded(request: {
  effect: number;
  variance: number;
  users: number;
  tau: number;
  alpha: number;
  power?: number;
}): UsersNeeded | NotEnough {
  const { effect, variance, users, tau, alpha, power = 0.5 } = request;
  if (!isPositive(variance) || !isPositive(users)) return notEnough('there are no users yet');
  const needed = varianceFor(effect, { tau, alpha, power });
  if (typeof needed !== 'number') return needed;
  const factor = variance / needed;
  if (!(factor < LARGEST_FACTOR)) return notEnough('the effect is too small to establish');
  return { kind: 'users_needed', more: Math.max(0, Math.ceil(users * (factor - 1))) };
}
