// What an operator may do to an experiment at this moment: each action is put to the engine's own rule and
// what it would do is not done. So a page offers nothing that the engine refuses by its phase. Pure.

import { command } from '../rollout/command.ts';
import type { Look } from '../rollout/decide.ts';
import type { Facts } from '../rollout/facts.ts';
import type { RolloutState } from '../rollout/state.ts';
import { EXPERIMENT_ACTIONS } from '../wire/experiments.ts';

export interface OfferedAction {
  action: (typeof EXPERIMENT_ACTIONS)[number];
  /** Why it would be refused as things are now, in the engine's words; null where it would be done. */
  refusal: string | null;
}

/** An approval that is waited for is offered also while the evidence stands against it, with what it says. */
export function actionsNow(state: RolloutState, facts: Facts, look: Look): OfferedAction[] {
  return EXPERIMENT_ACTIONS.flatMap((action): OfferedAction[] => {
    const would = command(state, { action, reason: 'asked only' }, facts, look);
    if (would.ok) return [{ action, refusal: null }];
    const isAwaited = action === 'approve' && state.at.phase === 'waiting';
    return isAwaited ? [{ action, refusal: would.reason }] : [];
  });
}
