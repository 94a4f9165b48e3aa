// The candidates under trial, read from a routing table: each owns a slice of the visitors and answers
// its share of that slice. Used by the live route, the loop and the history. Pure.
import type { RouteTable } from '../api/schema.ts';
import { basisPoints } from '../format.ts';

const EVERYONE = 10_000;
const MOST_TRIALS = 3;

export interface Trial {
  id: string | null;
  /** A model, or the id of settings that production's model is tried under. */
  candidate: string;
  /** What people call those settings. */
  settings?: string;
  shareBp: number;
  sliceBp: number;
}

/** A server from before there were slices names one candidate at most. */
export function trialsOf(table: RouteTable): Trial[] {
  if (table.experiments !== undefined) {
    return table.experiments.map(({ id, candidate, settings, share_bp, from_bp, to_bp }) => ({
      id,
      candidate,
      ...(settings ? { settings: settings.name } : {}),
      shareBp: share_bp,
      sliceBp: to_bp - from_bp,
    }));
  }
  if (!table.candidate) return [];
  const { candidate, share_bp } = table;
  return [{ id: null, candidate, shareBp: share_bp ?? 0, sliceBp: EVERYONE }];
}

/** Of all visitors. */
export const answeredBp = ({ shareBp, sliceBp }: Trial) => (shareBp * sliceBp) / EVERYONE;

export const triedBp = (trials: readonly Trial[]) =>
  trials.reduce((sum, trial) => sum + answeredBp(trial), 0);

export function shareText({ shareBp, sliceBp }: Trial): string {
  const share = basisPoints(shareBp);
  return sliceBp === EVERYONE ? share : `${share} of a slice of ${basisPoints(sliceBp)}`;
}

/** The widths a further trial could have; the gap itself is the server's to find. */
export function freeSlices(trials: readonly Trial[]): number[] {
  if (trials.length >= MOST_TRIALS) return [];
  const free = EVERYONE - trials.reduce((sum, { sliceBp }) => sum + sliceBp, 0);
  const usual = trials.length === 0 ? [EVERYONE, 5_000, 2_500] : [5_000, 2_500, 1_000];
  return usual.filter((width) => width <= free);
}
