// From runs to what is claimed of them: shares with their intervals, medians, and whether each goal of a
// scenario is met. Pure.

import type { Scenario } from '../../simulation/rollout/scenario.ts';
import type { Run } from './store.ts';

export interface Share {
  count: number;
  of: number;
  rate: number;
  /** 95 %. */
  lower: number;
  upper: number;
}

const Z = 1.959963984540054;

/** Wilson's interval (JASA 1927): holds its level near 0 and 1 too, where the normal one has no width. */
export function wilson(count: number, of: number): Share {
  if (of === 0) return { count, of, rate: Number.NaN, lower: 0, upper: 1 };
  const rate = count / of;
  const denominator = 1 + Z ** 2 / of;
  const centre = (rate + Z ** 2 / (2 * of)) / denominator;
  const half = (Z * Math.sqrt((rate * (1 - rate)) / of + Z ** 2 / (4 * of ** 2))) / denominator;
  const lower = count === 0 ? 0 : centre - half;
  const upper = count === of ? 1 : centre + half;
  return { count, of, rate, lower, upper };
}

const COUNTED = {
  promoted: (run: Run) => run.outcome === 'promoted',
  entered_last_stage: (run: Run) => run.lastStageHours !== null,
  rolled_back: (run: Run) => run.outcome === 'rolled_back',
  frozen: (run: Run) => run.outcome === 'frozen',
  inconclusive: (run: Run) => run.outcome === 'inconclusive' || run.outcome === 'running',
  stepped_in_outage: (run: Run) => run.steppedInOutage,
} as const;
export type Counted = keyof typeof COUNTED;

export interface Goal {
  outcome: Counted;
  bound: 'at_least' | 'at_most';
  value: number;
  share: Share;
  /** Missed only when the whole interval lies beyond; `unknown` before the first run. */
  result: 'met' | 'missed' | 'unknown';
}

export interface CellSummary {
  name: string;
  what: string;
  policy: Scenario['policy'];
  runs: number;
  wanted: number;
  shares: Record<Counted, Share>;
  /** Null where no run has one. */
  medianHours: number | null;
  medianHoursToLastStage: number | null;
  /** Runs in which a candidate that the scenario calls harmful reached everyone; null where it is not. */
  promotedThoughHarmful: Share | null;
  goals: Goal[];
  cpuSeconds: number;
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function goalsOf({ expect, policy }: Scenario, shares: Record<Counted, Share>): Goal[] {
  // Goals are the rule's; the fixed thresholds are there to be compared with.
  if (policy === 'literal') return [];
  return expect.flatMap((one) =>
    (['at_least', 'at_most'] as const).flatMap((bound): Goal[] => {
      const value = one[bound];
      if (value === undefined) return [];
      const share = shares[one.outcome];
      const isBeyond = bound === 'at_least' ? share.upper < value : share.lower > value;
      const result = share.of === 0 ? 'unknown' : isBeyond ? 'missed' : 'met';
      return [{ outcome: one.outcome, bound, value, share, result }];
    }),
  );
}

/** A scenario calls its candidate harmful by bounding how often it may be promoted. */
const isHarmful = ({ expect }: Scenario) =>
  expect.some(({ outcome, at_most }) => outcome === 'promoted' && at_most !== undefined);

export function summarize(
  scenario: Scenario,
  { runs, wanted }: { runs: readonly Run[]; wanted: number },
): CellSummary {
  const of = (counted: Counted) =>
    wilson(runs.filter((run) => COUNTED[counted](run)).length, runs.length);
  const shares = {
    promoted: of('promoted'),
    entered_last_stage: of('entered_last_stage'),
    rolled_back: of('rolled_back'),
    frozen: of('frozen'),
    inconclusive: of('inconclusive'),
    stepped_in_outage: of('stepped_in_outage'),
  };
  return {
    name: scenario.name,
    what: scenario.what,
    policy: scenario.policy,
    runs: runs.length,
    wanted,
    shares,
    medianHours: median(runs.map(({ hours }) => hours)),
    medianHoursToLastStage: median(
      runs.flatMap(({ lastStageHours }) => (lastStageHours === null ? [] : [lastStageHours])),
    ),
    promotedThoughHarmful: isHarmful(scenario) ? shares.promoted : null,
    goals: goalsOf(scenario, shares),
    cpuSeconds: runs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1_000,
  };
}

/** How many of the runs another code made, by that code. */
export function carriedIn(runs: readonly Run[]): Summary['carried'] {
  const counts = new Map<string, number>();
  for (const { code } of runs) {
    if (code !== undefined) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].map(([code, count]) => ({ code, runs: count }));
}

export interface Summary {
  schema: 1;
  seed: number;
  /** Of the sources that decide and simulate. */
  code: string;
  /** Runs of earlier codes that stand for this one (carry.ts). */
  carried: { code: string; runs: number }[];
  node: string;
  machine: string;
  cells: CellSummary[];
}
