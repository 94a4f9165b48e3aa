// What the loop gained: production against the held-out model, week by week and over all weeks so far.
// Each week is a stage of its own and never pooled with another: both models are others in it. Over
// several weeks it is the mean of their differences, with one visitor's weeks taken together. Pure.

import type { ExperimentSums, Metric } from './experiment-sums.ts';
import { weekOfStratum } from './holdout.ts';
import { analyze, type MetricAnalysis } from './statistics/analysis.ts';
import { rollbackAlpha } from './statistics/guardrail.ts';
import { type Arm, emptyMoments, type Moments, momentsFromSums } from './statistics/moments.ts';
import { isNotEnough } from './statistics/not-enough.ts';
import { DEFAULT_POLICY } from './statistics/policy.ts';
import { type SplitGroup, sampleRatio } from './statistics/sample-ratio.ts';

/** Latencies are left out: what is slow was frozen when the slice began, and machines change in a year. */
export const GAIN_METRICS = ['thumbs_up', 'error'] as const satisfies readonly Metric[];

export interface GainWeek {
  week: string;
  /** Of this week alone. */
  alone: MetricAnalysis;
  /** Of it and all weeks before: what was known when it ended. */
  soFar: MetricAnalysis;
}

export interface Gain {
  metric: (typeof GAIN_METRICS)[number];
  /** Oldest first. */
  weeks: GainWeek[];
}

export function gainOf(sums: ExperimentSums): Gain[] {
  const strata = [...new Set(sums.totals.map(({ stratum }) => stratum))].toSorted((a, b) => a - b);
  return GAIN_METRICS.map((metric) => ({
    metric,
    weeks: strata.map((stratum) => ({
      week: weekOfStratum(stratum),
      alone: analysisOf(sums, metric, [stratum]),
      soFar: analysisOf(
        sums,
        metric,
        strata.filter((one) => one <= stratum),
      ),
    })),
  }));
}

function analysisOf(sums: ExperimentSums, metric: Metric, strata: readonly number[]) {
  const policy = DEFAULT_POLICY;
  return analyze({
    metric,
    moments: momentsOf(sums, metric, strata),
    rule: policy.metrics.find((rule) => rule.metric === metric) ?? null,
    policy,
    alpha: rollbackAlpha(policy, GAIN_METRICS.length),
  });
}

function momentsOf(sums: ExperimentSums, metric: Metric, strata: readonly number[]): Moments {
  const isMeant = (row: { stratum: number }) => strata.includes(row.stratum);
  const stage = (stratum: number) => weekOfStratum(stratum);
  // Who comes for several weeks is in several: the largest week errs towards too few.
  const usersOf = (arm: Arm) =>
    sums.armUsers
      .filter((row) => row.metric === metric && row.arm === arm && isMeant(row))
      .reduce((most, { users }) => Math.max(most, Number(users)), 0);
  const moments = momentsFromSums({
    users: { control: usersOf('control'), treatment: usersOf('treatment') },
    cells: sums.totals
      .filter((row) => row.metric === metric && isMeant(row))
      .toSorted((a, b) => a.stratum - b.stratum || (a.arm < b.arm ? -1 : 1))
      .map(({ stratum, arm, users, n, y }) => ({
        stage: stage(stratum),
        arm,
        users: Number(users),
        n: Number(n),
        y: Number(y),
      })),
    pairs: sums.moments
      .filter(({ a, b }) => isMeant(a) && isMeant(b))
      .filter((row) => row.metric === metric)
      .map(({ a, b, yy, yn, ny, nn }) => ({
        first: { stage: stage(a.stratum), arm: a.arm },
        second: { stage: stage(b.stratum), arm: b.arm },
        yy: Number(yy),
        yn: Number(yn),
        ny: Number(ny),
        nn: Number(nn),
      })),
  });
  // Sums that do not fit together are as good as none.
  return 'kind' in moments ? emptyMoments() : moments;
}

/** Whether the two arms have as many visitors as the split should give them; null while nobody came. */
export function splitOf(sums: ExperimentSums): { broken: boolean; p: number } | null {
  const group: SplitGroup = { control: 0, treatment: 0, share: 0.5 };
  for (const { arm, lastShareBp, users } of sums.appearances) {
    // Each visitor once, in the week they first came: nobody ever changes the arm.
    if (lastShareBp === null) group[arm] += Number(users);
  }
  const found = sampleRatio([group]);
  if (isNotEnough(found)) return null;
  return { broken: found.p <= DEFAULT_POLICY.alpha.sampleRatio, p: found.p };
}
