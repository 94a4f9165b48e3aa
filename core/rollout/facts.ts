// What a look at an experiment found. Gathered by the experiment's object, or by the simulator; read by
// decide.ts.

import type { HarmVerdict } from '../statistics/guardrail.ts';
import type { Arm } from '../statistics/moments.ts';
import type { PromotionFacts } from '../statistics/promotion.ts';

export interface Evidence {
  harm: HarmVerdict;
  /** How visitors are split other than they should be; null while the split is as configured. */
  splitBroken: string | null;
  /** Why the data cannot be trusted now: old, empty or lopsided; null when they can. */
  unhealthy: string | null;
  /** Different visitors of each arm since the experiment began. */
  users: Record<Arm, number>;
  offline: PromotionFacts['offline'];
}

export interface Facts {
  /** Null when it could not be gathered, which holds. */
  evidence: Evidence | null;
  /** Why the router takes the candidate for down; null while it answers. */
  candidateDown: string | null;
  /** The model in production now. */
  production: string;
  /** False when the routing table no longer sends anyone to the candidate. */
  routed: boolean;
  /** Null when a slice is free for this experiment, else its place in the line, from 1. */
  placeInLine: number | null;
}
