// How long an experiment's answers took, by stage and arm, for display: percentiles of the histograms that the
// recorder keeps. The rule decides by the share of slow answers; total time decides nothing. Pure.

import type { z } from 'zod';
import type { ExperimentSums } from '../experiment-sums.ts';
import { LATENCIES } from '../latency.ts';
import {
  countOf,
  type LogHistogram,
  percentile,
  percentileRatio,
} from '../statistics/histogram.ts';
import { ARMS, type Arm } from '../statistics/moments.ts';
import type { latencyViewSchema } from '../wire/experiments.ts';

type LatencyView = z.infer<typeof latencyViewSchema>;

/** Of one stratum, because another was measured against another production; by share in ascending order. */
export function latenciesOfStages(
  histograms: ExperimentSums['histograms'],
  stratum: number,
): LatencyView[] {
  const here = histograms.filter((row) => row.stratum === stratum);
  return LATENCIES.map((latency) => {
    const rows = here.filter((row) => row.latency === latency);
    const shares = [...new Set(rows.map(({ shareBp }) => shareBp))].toSorted((a, b) => a - b);
    const stages = shares.map((shareBp) => {
      const [control, treatment] = ARMS.map((arm) => histogramAt(rows, shareBp, arm));
      return { shareBp, control: control ?? {}, treatment: treatment ?? {} };
    });
    const ratio = percentileRatio(
      stages.map(({ shareBp, ...arms }) => ({ stage: String(shareBp), ...arms })),
    );
    return {
      latency,
      p95_change: 'stages' in ratio ? Math.expm1(ratio.logRatio) : null,
      stages: stages.map(({ shareBp, control, treatment }) => ({
        share: shareBp / 10_000,
        control: percentilesOf(control),
        treatment: percentilesOf(treatment),
      })),
    };
  });
}

function histogramAt(rows: ExperimentSums['histograms'], shareBp: number, arm: Arm): LogHistogram {
  const own = rows.filter((row) => row.shareBp === shareBp && row.arm === arm);
  return Object.fromEntries(own.map(({ bucket, answers }) => [bucket, Number(answers)]));
}

/** Within 0.5 % of an answer that was given. */
function percentilesOf(histogram: LogHistogram): LatencyView['stages'][number]['control'] {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((p) => percentile(histogram, p));
  if (typeof p50 !== 'number' || typeof p95 !== 'number' || typeof p99 !== 'number') return null;
  const ms = (us: number) => us / 1000;
  return { answers: countOf(histogram), p50_ms: ms(p50), p95_ms: ms(p95), p99_ms: ms(p99) };
}
