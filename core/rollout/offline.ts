// The candidate's gate verdict, read as what may promote it without proof from live traffic: better on
// held-out phrasings, no worse on held-out groups, and against the model that is production now. Pure.

import { z } from 'zod';
import type { PromotionFacts } from '../statistics/promotion.ts';

const intervalSchema = z.looseObject({ lower: z.number(), examples: z.int() });
const measured = intervalSchema.nullish().catch(null);
const metricsSchema = z.looseObject({ phrasings: measured, groups: measured });

export interface Gated {
  status: string;
  /** What it was compared with. */
  parent: string | null;
  reason: string;
  metrics: unknown;
}

/** `minExamples`: of held-out phrasings, as the gate asks for them. */
export function offlineOf(
  model: Gated | undefined,
  { production, minExamples }: { production: string; minExamples: number },
): PromotionFacts['offline'] {
  if (model === undefined || model.parent === null) return null;
  if (model.parent !== production) {
    return {
      better: false,
      reason: `it was compared with ${model.parent}, not with ${production}`,
    };
  }
  const { phrasings, groups } = metricsSchema.catch({}).parse(model.metrics);
  if (!phrasings) return { better: false, reason: 'held-out phrasings were not measured' };
  // A gate that does not insist (`require_held_out`) accepts what it could not measure, and says so.
  if (phrasings.examples < minExamples) {
    const had = `only ${phrasings.examples} of the ${minExamples} held-out phrasings needed were measured`;
    return { better: false, reason: had };
  }
  // An accepted one that was measured is no worse on held-out groups: the gate refuses it otherwise.
  if (!groups) return { better: false, reason: 'held-out groups were not measured' };
  return { better: model.status === 'registered' && phrasings.lower > 0, reason: model.reason };
}
