// One simulated rollout from its start to its end: visitors, the sums the recorder would keep, a look
// every quarter of an hour and whatever `decide` makes of it. The same scenario and seed give the same
// rollout.

import { decide } from '../../core/rollout/decide.ts';
import type { Facts } from '../../core/rollout/facts.ts';
import { type RolloutPolicy, shareBpOf } from '../../core/rollout/policy.ts';
import { type Outcome, plannedState } from '../../core/rollout/state.ts';
import type { Scenario } from './scenario.ts';
import { SLOT_MS } from './traffic.ts';
import { World } from './world.ts';

export interface RunResult {
  seed: number;
  outcome: Outcome | 'frozen' | 'running';
  /** Hours since the start. */
  hours: number;
  /** When the last stage, 95 %, was entered; null if never. */
  lastStageHours: number | null;
  steppedInOutage: boolean;
  reason: string;
}

const HOURS_PER_SLOT = SLOT_MS / 3_600_000;

export function runRollout(scenario: Scenario, policy: RolloutPolicy, seed: number): RunResult {
  const world = new World(scenario, seed);
  let state = plannedState(0);
  let shareBp = 0;
  let lastStageHours: number | null = null;
  let steppedInOutage = false;
  const { rules } = policy;
  const last = shareBpOf(policy, rules.shares.length - 1);
  // A day more than the longest run, so that the engine itself has to end it.
  const slots = (rules.maximumHours + 24) / HOURS_PER_SLOT;
  for (let slot = 0; slot <= slots; slot += 1) {
    const nowMs = slot * SLOT_MS;
    const hours = slot * HOURS_PER_SLOT;
    const facts: Facts = {
      evidence: world.evidence(slot, rules),
      candidateDown: null,
      production: 'production',
      routed: true,
      placeInLine: null,
    };
    const { next, effects, reason } = decide(state, facts, { policy, nowMs });
    state = next;
    for (const effect of effects) {
      if (effect.kind !== 'start' && effect.kind !== 'share' && effect.kind !== 'promote') continue;
      if (effect.kind !== 'promote') shareBp = effect.shareBp;
      if (shareBp === last) lastStageHours ??= hours;
      if (world.isOut(hours)) steppedInOutage = true;
    }
    const result = { seed, hours, lastStageHours, steppedInOutage, reason };
    if (state.at.phase === 'ended') return { ...result, outcome: state.at.outcome };
    if (state.at.phase === 'frozen') return { ...result, outcome: 'frozen' };
    world.pass(slot, shareBp);
  }
  const hours = slots * HOURS_PER_SLOT;
  return { seed, outcome: 'running', hours, lastStageHours, steppedInOutage, reason: 'no end' };
}
