// What each arm of an experiment answers with: a model and the settings beside its weights. The one place
// where an arm becomes that. Pure.

import type { Arm } from './statistics/moments.ts';
import { type AnswerSettings, CURRENT_SETTINGS } from './visitor-prompt.ts';

export interface ArmAnswers {
  model: string;
  settings: AnswerSettings;
}

/** Undefined where both are the same: the candidate has become production. */
export function armsOf({
  candidate,
  production,
}: {
  candidate: string;
  production: string;
}): Record<Arm, ArmAnswers> | undefined {
  if (candidate === production) return undefined;
  return {
    control: { model: production, settings: CURRENT_SETTINGS },
    treatment: { model: candidate, settings: CURRENT_SETTINGS },
  };
}
