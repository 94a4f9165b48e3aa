// The experiment under which everything is measured: a candidate for a quarter of the visitors, made
// by the product's own decisions.

import { decideRoute } from '../../core/route-commands.ts';
import { initialTable, type RoutingTable } from '../../core/routing.ts';

export const BASE = '2026-w41.1';
export const CANDIDATE = '2026-w42.1';
export const SHARE_BP = 2_500;

export function tableWithExperiment(nowMs: number): RoutingTable {
  const decision = decideRoute(
    initialTable(BASE),
    { action: 'start', modelId: CANDIDATE, shareBp: SHARE_BP },
    nowMs,
  );
  if (!decision.ok) throw new Error(`expected an experiment to start, got: ${decision.reason}`);
  return decision.next;
}

/** Visitors of a benchmark are seconds old, and are to take part in the experiment. */
export const YOUNG_TAKE_PART = 'learning: { ab_testing: { min_identity_age_seconds: 0 } }';
