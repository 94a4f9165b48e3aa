// One simulated rollout, written down event by event and look by look: the loop of rollout/run.ts with
// everything said aloud. The same scenario, policy and seed give the same lines.

import { decide } from '../../core/rollout/decide.ts';
import { evidenceOf, type Observed } from '../../core/rollout/evidence.ts';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { plannedState } from '../../core/rollout/state.ts';
import type { Scenario } from '../rollout/scenario.ts';
import { SLOT_MS } from '../rollout/traffic.ts';
import type { Line } from './events.ts';
import { lookSums } from './look-sums.ts';
import { writtenWorld } from './written-record.ts';

/** What the simulator calls the model that the candidate is compared with. */
export const PRODUCTION = 'production';

/** As the record gives it: a metric of which nothing was counted is not there. */
function asRecorded(observed: Observed): Observed {
  const counted = Object.entries(observed.metrics).filter(
    ([, moments]) => moments !== undefined && moments.cells.length > 0,
  );
  return { ...observed, metrics: Object.fromEntries(counted) };
}

export function writeRun(
  { scenario, policy, seed }: { scenario: Scenario; policy: RolloutPolicy; seed: number },
  write: (line: Line) => void,
): void {
  write({ kind: 'run', schema: 1, scenario: scenario.name, seed, policy });
  const world = writtenWorld(scenario, seed, write);
  let state = plannedState(0);
  let shareBp: number | null = null;
  // A day more than the longest run, so that the engine itself has to end it.
  const slots = ((policy.rules.maximumHours + 24) * 3_600_000) / SLOT_MS;
  for (let slot = 0; slot <= slots; slot += 1) {
    const observed = asRecorded(world.observed(slot));
    const facts = {
      evidence: evidenceOf(observed, policy.rules),
      candidateDown: null,
      production: PRODUCTION,
      routed: true,
      placeInLine: null,
    };
    const { next, effects, reason } = decide(state, facts, { policy, nowMs: slot * SLOT_MS });
    state = next;
    for (const effect of effects) {
      if (effect.kind === 'start' || effect.kind === 'share') shareBp = effect.shareBp;
      if (effect.kind === 'promote' || effect.kind === 'take_off') shareBp = null;
    }
    const sums = lookSums(observed);
    write({ kind: 'look', slot, state, reason, share_bp: shareBp, sums });
    const { phase } = state.at;
    if (phase === 'ended' || phase === 'frozen') return;
    world.pass(slot, shareBp ?? 0);
  }
}
