// What an operator may do to a rollout. Pure: the same facts and policy as a look, so that an
// approval is checked against what is known now and not against what was shown a day ago.

import { z } from 'zod';
import { type Decision, end, enter, goUp, type Look, obstacleTo, step } from './decide.ts';
import type { Facts } from './facts.ts';
import type { Phase, RolloutState } from './state.ts';

const reason = z.string().trim().min(1).max(500);

export const rolloutCommandSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('start'), reason }),
  z.strictObject({ action: z.literal('approve'), reason }),
  z.strictObject({ action: z.literal('reject'), reason }),
  z.strictObject({ action: z.literal('pause'), reason }),
  z.strictObject({ action: z.literal('resume'), reason }),
  z.strictObject({ action: z.literal('rollback'), reason }),
  z.strictObject({ action: z.literal('stop'), reason }),
]);
export type RolloutCommand = z.infer<typeof rolloutCommandSchema>;

export type Commanded = ({ ok: true } & Decision) | { ok: false; reason: string };

const no = (why: string): Commanded => ({ ok: false, reason: why });
const yes = (decision: Decision): Commanded => ({ ok: true, ...decision });

/** Refused, with the reason, where the command does not fit the phase or the facts. */
export function command(
  state: RolloutState,
  { action, reason: why }: RolloutCommand,
  facts: Facts,
  look: Look,
): Commanded {
  const { at } = state;
  if (at.phase === 'ended') return no(`it is over: ${at.outcome.replaceAll('_', ' ')}, ${at.why}`);
  switch (action) {
    case 'start':
      if (at.phase !== 'planned') return no(`it is ${at.phase} already`);
      return yes(enter(state, facts, look));
    case 'approve':
      return approve(state, facts, look);
    case 'reject':
      if (at.phase !== 'planned' && at.phase !== 'waiting') {
        return no(`nothing waits for an approval; it is ${at.phase}`);
      }
      return yes(end(state, 'rejected', why, look));
    case 'pause': {
      if (at.phase !== 'running' && at.phase !== 'waiting') {
        return no(`only a running experiment can be paused; it is ${at.phase}`);
      }
      const { progress } = at;
      const paused: Phase = { phase: 'paused', progress, sinceMs: look.nowMs };
      return yes(step(state, paused, [], look, `paused: ${why}`));
    }
    case 'resume': {
      if (at.phase !== 'paused') return no(`it is not paused; it is ${at.phase}`);
      const progress = { ...at.progress, lookedAtMs: look.nowMs };
      return yes(step(state, { phase: 'running', progress }, [], look, `resumed: ${why}`));
    }
    case 'rollback':
      if (!('progress' in at)) return no(`it is not on traffic; it is ${at.phase}`);
      return yes(end(state, 'rolled_back', why, look));
    case 'stop':
      return yes(end(state, 'stopped', why, look));
    default:
      return action satisfies never;
  }
}

/** A rollback that is due wins over an approval that arrives with it. */
function approve(state: RolloutState, facts: Facts, look: Look): Commanded {
  const { at } = state;
  if (at.phase === 'planned') return yes(enter(state, facts, look));
  if (at.phase !== 'waiting') return no(`nothing waits for an approval; it is ${at.phase}`);
  if (facts.candidateDown !== null) return no(`the candidate is down: ${facts.candidateDown}`);
  if (facts.production !== at.progress.production) {
    return no(
      `production is ${facts.production} by now; the evidence was against ${at.progress.production}`,
    );
  }
  const obstacle = obstacleTo(at.progress, facts.evidence, look.policy);
  if (obstacle !== null) return no(`it may not go up now; ${obstacle}`);
  return yes(goUp(state, at.progress, at.step, look));
}
