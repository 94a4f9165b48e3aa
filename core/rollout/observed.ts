// From an experiment's sums in the record to what a look evaluates: only the stratum that runs now,
// because what was measured against an earlier production says nothing about this one. Pure.

import type { Cell, ExperimentSums, Metric } from '../experiment-sums.ts';
import type { MetricMoments } from '../statistics/guardrail.ts';
import { type Arm, type Moments, momentsFromSums } from '../statistics/moments.ts';
import { nullShare, type SplitGroup } from '../statistics/sample-ratio.ts';
import type { Observed } from './evidence.ts';

/** Answers are judged by a judge that may not be set up; then the metric cannot guard. */
const MAY_BE_UNMEASURED: readonly Metric[] = ['hallucination'];

export type Around = Pick<Observed, 'nowMs' | 'arrivals' | 'offline'> & {
  stratum: number;
  /** When the oldest answer that still waits for its verdict was given; null where none does. */
  oldestUnjudgedMs: number | null;
};

export function observedFrom(sums: ExperimentSums, around: Around): Observed {
  const { stratum, nowMs, arrivals, offline, oldestUnjudgedMs } = around;
  const metrics = metricsOf(sums, stratum);
  return {
    nowMs,
    arrivals,
    offline,
    judging: lateVerdicts(nowMs, oldestUnjudgedMs) ?? oneArmJudged(metrics.hallucination),
    metrics,
    waived: MAY_BE_UNMEASURED.filter((metric) => metrics[metric] === undefined),
    // Whoever asked is in the sums of errors, also where nothing failed.
    users: metrics.error?.users ?? { control: 0, treatment: 0 },
    splitGroups: splitGroupsOf(sums),
  };
}

const HOUR_MS = 3_600_000;
/** A Mac that was off for an evening catches up; what waits longer is not being judged. */
const LATE_HOURS = 6;

function lateVerdicts(nowMs: number, oldestMs: number | null): string | null {
  const hours = oldestMs === null ? 0 : (nowMs - oldestMs) / HOUR_MS;
  return hours > LATE_HOURS ? `an answer has waited ${Math.floor(hours)} h for the judge` : null;
}

/** With so many verdicts in one arm and none in the other, chance is out of the question. */
const MANY_VERDICTS = 100;

function oneArmJudged(moments: Moments | undefined): string | null {
  const verdicts = { control: 0, treatment: 0 };
  for (const { arm, n } of moments?.cells ?? []) verdicts[arm] += n;
  for (const [judged, other] of [
    ['control', 'treatment'],
    ['treatment', 'control'],
  ] as const) {
    if (verdicts[judged] >= MANY_VERDICTS && verdicts[other] === 0) {
      return `answers are judged in ${judged} alone`;
    }
  }
  return null;
}

/** A stage's name is its share in ten-thousandths. */
const stageOf = ({ shareBp }: Cell) => String(shareBp);

function metricsOf(sums: ExperimentSums, stratum: number): MetricMoments {
  const metrics: Record<string, Moments> = {};
  const here = sums.totals.filter((row) => row.stratum === stratum);
  for (const [metric, cells] of Map.groupBy(here, (row) => row.metric)) {
    const usersOf = (arm: Arm) =>
      sums.armUsers.find(
        (row) => row.metric === metric && row.stratum === stratum && row.arm === arm,
      )?.users ?? 0n;
    const moments = momentsFromSums({
      users: { control: Number(usersOf('control')), treatment: Number(usersOf('treatment')) },
      // In the order of the stages, whatever order the table gave them in.
      cells: cells
        .toSorted((a, b) => a.shareBp - b.shareBp || (a.arm < b.arm ? -1 : 1))
        .map((row) => ({
          stage: stageOf(row),
          arm: row.arm,
          users: Number(row.users),
          n: Number(row.n),
          y: Number(row.y),
        })),
      pairs: sums.moments
        .filter((row) => row.metric === metric)
        .filter(({ a, b }) => a.stratum === stratum && b.stratum === stratum)
        .map(({ a, b, yy, yn, ny, nn }) => ({
          first: { stage: stageOf(a), arm: a.arm },
          second: { stage: stageOf(b), arm: b.arm },
          yy: Number(yy),
          yn: Number(yn),
          ny: Number(ny),
          nn: Number(nn),
        })),
    });
    // Sums that do not fit together are as good as none, and none holds.
    if (!('kind' in moments)) metrics[metric] = moments;
  }
  return metrics;
}

/** Over all strata: who is in treatment does not depend on which model is production. */
function splitGroupsOf({ appearances }: ExperimentSums): SplitGroup[] {
  const groups = new Map<string, SplitGroup>();
  for (const { shareBp, lastShareBp, arm, users } of appearances) {
    const last = lastShareBp === null ? null : lastShareBp / 10_000;
    const share = nullShare(shareBp / 10_000, last);
    if (typeof share !== 'number') continue;
    const key = `${shareBp}:${lastShareBp ?? ''}`;
    const group = groups.get(key) ?? { control: 0, treatment: 0, share };
    group[arm] += Number(users);
    groups.set(key, group);
  }
  return [...groups.values()];
}
