// Which answers are judged, and by whom. An experiment's judge and its rate are fixed at its start, so
// that no comparison mixes two judges; which of its answers are judged is a hash of each, so that
// neither the order of delivery nor a repeat changes it. Called by functions/judging. Pure.

import { unitHash } from './assignment.ts';
import { isHoldoutId } from './holdout.ts';
import type { Arm } from './statistics/moments.ts';
import type { InteractionEvent } from './wire/events.ts';

/** The check of core/support-check.ts: a change of what it finds is another judge. */
export const SUPPORT_CHECK = 'support-check/1';
/** The prompt of core/judge-prompt.ts: the same. */
export const PROMPT_VERSION = 'prompt-1';

export interface Judge {
  /** Stands with every verdict. */
  name: string;
  /** Asked through the model server; null for the deterministic check. */
  model: string | null;
}

export interface JudgeKeys {
  rate: number;
  model: string | null;
}

/** The judge of experiments that start now. */
export const judgeOf = ({ model }: JudgeKeys): Judge =>
  model === null ? { name: SUPPORT_CHECK, model } : { name: `${model}/${PROMPT_VERSION}`, model };

/** False for a judge of another version of this program: its experiments' answers are judged no more. */
export const canJudge = ({ name, model }: Judge): boolean =>
  name === judgeOf({ rate: 0, model }).name;

/**
 * The part of each arm's answers that is judged, so that both arms have equal counts and `rate` of all
 * answers are judged. An arm too small for its half is judged whole, and the other makes up for it.
 */
export function judgedRates(shareBp: number, rate: number): Record<Arm, number> {
  const treatment = shareBp / 10_000;
  const control = 1 - treatment;
  const part = (own: number, other: number) =>
    own === 0 ? 0 : Math.min(1, Math.max(rate / 2, rate - other) / own);
  return { control: part(control, treatment), treatment: part(treatment, control) };
}

export interface PlacedInExperiment {
  experimentId: string;
  arm: Arm;
  shareBp: number;
}

/** Where an answer is in an experiment and may be judged; undefined where it is not, or cannot be. */
export function judgeable(event: InteractionEvent): PlacedInExperiment | undefined {
  const { experiment_id: experimentId, arm, share_bp: shareBp } = event;
  if (experimentId === null || arm === 'none' || typeof shareBp !== 'number') return undefined;
  // What the loop gains is told by thumbs and errors.
  if (isHoldoutId(experimentId)) return undefined;
  if (event.status !== 'complete' || event.fault === 'service') return undefined;
  return hasSources(event.sources) ? { experimentId, arm, shareBp } : undefined;
}

/** A title alone supports nothing. */
export const hasSources = (sources: InteractionEvent['sources']): boolean =>
  sources.some(({ text }) => text !== undefined && text.trim() !== '');

export function isSampled(
  interactionId: string,
  placed: PlacedInExperiment,
  rate: number,
): boolean {
  const { experimentId, arm, shareBp } = placed;
  return unitHash(interactionId, `judged ${experimentId}`) < judgedRates(shareBp, rate)[arm];
}
