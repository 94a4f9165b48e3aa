// The candidate's gate verdict, read as what may promote it without proof from live traffic: better on
// held-out phrasings, no worse on held-out groups, and against the model that is production now. Pure.

import { z } from 'zod';
import type { PromotionFacts } from '../statistics/promotion.ts';

const intervalSchema = z.looseObject({ lower: z.number() });
const metricsSchema = z.looseObject({ phrasings: intervalSchema.nullish().catch(null) });

export interface Gated {
  status: string;
  /** What it was compared with. */
  parent: string | null;
  reason: string;
  metrics: unknown;
}

export function offlineOf(model: Gated | undefined, production: string): PromotionFacts['offline'] {
  if (model === undefined || model.parent === null) return null;
  if (model.parent !== production) {
    return {
      better: false,
      reason: `it was compared with ${model.parent}, not with ${production}`,
    };
  }
  // An accepted one is no worse on held-out groups: the gate refuses it otherwise.
  const { phrasings } = metricsSchema.catch({}).parse(model.metrics);
  if (!phrasings) return { better: false, reason: 'held-out phrasings were not measured' };
  return { better: model.status === 'registered' && phrasings.lower > 0, reason: model.reason };
}
