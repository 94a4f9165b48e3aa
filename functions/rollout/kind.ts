// What an experiment tries: a model, or settings on the model in production. The engine treats them alike; what
// differs is here.

import { type AnswerSettings, isSettingsId } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import type { PromoteOn } from '../../core/statistics/policy.ts';
import { type Env, learningOf } from '../../workers/env.ts';

/** What is tried, by what its candidate is called. */
export type ExperimentKind = 'model' | 'settings';
export const kindOf = (candidate: string): ExperimentKind =>
  isSettingsId(candidate) ? 'settings' : 'model';

/**
 * What cannot be told where both arms share their model: a failure of the model is no arm's harm, so it is
 * counted for neither. Nor can what is compared with sources, where one arm is given none.
 */
export function waivedIn(kind: ExperimentKind, settings?: AnswerSettings): readonly string[] {
  if (kind === 'model') return [];
  return settings?.body.max_sources === 0 ? ['error', 'hallucination'] : ['error'];
}

/**
 * What may promote, as asked for or as learning.yaml says. Settings have no gate: nothing was measured offline, so
 * only what live traffic proves can promote them. Throws AppError invalid_request.
 */
export function promoteOnFor(
  env: Env,
  kind: ExperimentKind,
  asked: PromoteOn | undefined,
): PromoteOn {
  if (kind === 'model') return asked ?? learningOf(env).ab_testing.promote_on;
  if (asked === undefined || asked === 'improvement') return 'improvement';
  throw new AppError(
    'invalid_request',
    `Settings can be promoted on "improvement" only: "${asked}" asks for better offline, and settings have no offline comparison.`,
    { details: [`promote_on: expected "improvement" for settings, not "${asked}"`] },
  );
}
