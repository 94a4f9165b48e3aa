// What becomes of a rollout whose change of the routing table was refused, because somebody changed the
// table by hand in the same moment. Pure.

import { type Decision, end, type Look, step } from './decide.ts';
import type { Effect, Phase, RolloutState } from './state.ts';

/** Null where the next look finds out by itself. */
export function afterRefusal(
  state: RolloutState,
  { kind }: Exclude<Effect, { kind: 'tell' }>,
  refusal: { sentence: string; isProduction: boolean },
  look: Look,
): Decision | null {
  const why = `the routing table refused it: ${refusal.sentence}`;
  if (kind === 'promote') {
    // Its own state is over already, its candidate is still on traffic.
    const stopped = end(state, 'stopped', why, look);
    return { ...stopped, effects: [{ kind: 'take_off' }, ...stopped.effects] };
  }
  if (kind !== 'start') return null;
  if (refusal.isProduction) return end(state, 'stopped', why, look);
  const queued: Phase = { phase: 'queued', sinceMs: look.nowMs };
  return step(state, queued, [], look, `waits for a free slice; ${why}`);
}
