// Latencies as counts in buckets 1 % wide, so that percentiles by stage and arm need no list of values and
// histograms add up. A percentile read from one is within 0.5 % of the value it stands for
// (Masson, Rim, Lee, "DDSketch", VLDB 2019, with a fixed γ of 1.01). Only positive values, any unit.

import { type NotEnough, notEnough } from './not-enough.ts';

export const BUCKET_GROWTH = 1.01;
const LOG_GROWTH = Math.log(BUCKET_GROWTH);

/** Bucket to count. Bucket i holds values in (1.01^(i−1), 1.01^i]. */
export type LogHistogram = Readonly<Record<string, number>>;

/** The bucket of a value, or null for one that is no positive number. */
export function bucketOf(value: number): number | null {
  if (!(value > 0) || !Number.isFinite(value)) return null;
  return Math.ceil(Math.log(value) / LOG_GROWTH);
}

/** The value a bucket stands for: off by at most 0.5 % from any value in it. */
export const bucketValue = (bucket: number): number =>
  (2 * BUCKET_GROWTH ** bucket) / (1 + BUCKET_GROWTH);

export function histogramOf(values: Iterable<number>): LogHistogram {
  const counts: Record<string, number> = {};
  for (const value of values) {
    const bucket = bucketOf(value);
    if (bucket !== null) counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

export function addHistograms(a: LogHistogram, b: LogHistogram): LogHistogram {
  const sum: Record<string, number> = { ...a };
  for (const [bucket, count] of Object.entries(b)) sum[bucket] = (sum[bucket] ?? 0) + count;
  return sum;
}

export const countOf = (histogram: LogHistogram): number =>
  Object.values(histogram).reduce((sum, count) => sum + count, 0);

/** The value below which a share `p` of the observations lies, p in [0, 1]. */
export function percentile(histogram: LogHistogram, p: number): number | NotEnough {
  const counts = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .toSorted((a, b) => a.bucket - b.bucket);
  const total = countOf(histogram);
  if (!(p >= 0 && p <= 1)) return notEnough(`a percentile is asked at ${p}, not between 0 and 1`);
  const valid = counts.every(({ bucket, count }) => Number.isInteger(bucket) && count >= 0);
  if (!valid || !Number.isFinite(total)) return notEnough('a histogram holds what is no count');
  if (total === 0) return notEnough('no observation has been made');
  let below = 0;
  for (const { bucket, count } of counts) {
    below += count;
    if (count > 0 && below > p * (total - 1)) return bucketValue(bucket);
  }
  return bucketValue(counts.findLast(({ count }) => count > 0)?.bucket ?? 0);
}

/** Type-7 quantile of a list (linear interpolation), as numpy and R have by default. */
export function quantile(values: readonly number[], p: number): number | NotEnough {
  if (!(p >= 0 && p <= 1)) return notEnough(`a quantile is asked at ${p}, not between 0 and 1`);
  if (values.length === 0) return notEnough('no observation has been made');
  if (!values.every(Number.isFinite)) return notEnough('an observation is no finite number');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export interface StageHistograms {
  stage: string;
  control: LogHistogram;
  treatment: LogHistogram;
}

export interface PercentileRatio {
  kind: 'percentile_ratio';
  /** Stages that have both arms: their percentiles, in the histograms' unit. */
  stages: { stage: string; weight: number; control: number; treatment: number }[];
  /** Σ w_k·ln(p_Bk/p_Ak), weights as everywhere: Mantel and Haenszel's by count. */
  logRatio: number;
}

/** Point estimate only: the rule on latency decides by the share of slow answers. */
export function percentileRatio(
  histograms: readonly StageHistograms[],
  p = 0.95,
): PercentileRatio | NotEnough {
  const stages = histograms.flatMap(({ stage, control, treatment }) => {
    const [a, b] = [percentile(control, p), percentile(treatment, p)];
    if (typeof a !== 'number' || typeof b !== 'number') return [];
    const [inA, inB] = [countOf(control), countOf(treatment)];
    return [{ stage, weight: (inA * inB) / (inA + inB), control: a, treatment: b }];
  });
  const total = stages.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0)) return notEnough('no stage has latencies in both arms');
  const weighted = stages.map((stage) => ({ ...stage, weight: stage.weight / total }));
  const logRatio = weighted.reduce(
    (sum, { weight, control, treatment }) => sum + weight * Math.log(treatment / control),
    0,
  );
  return { kind: 'percentile_ratio', stages: weighted, logRatio };
}
