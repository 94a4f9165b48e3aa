// Latencies as experiments count them, in whole microseconds, and the buckets they are kept in. Pure.

import { bucketOf } from './statistics/histogram.ts';

/** Total time is shown only: a better answer is often a longer one. */
export const LATENCIES = ['first_token', 'output_token', 'total'] as const;
export type Latency = (typeof LATENCIES)[number];
/** Those that have a threshold of slowness, taken from the control and then frozen. */
export const GUARDED = ['first_token', 'output_token'] as const;

/** Control requests that a threshold is taken from. */
export const THRESHOLD_ANSWERS = 2_000;

/** Of the histograms in core/statistics/histogram.ts; everything up to 1 microsecond is in bucket 0. */
export const latencyBucket = (us: number): number => (us <= 1 ? 0 : (bucketOf(us) ?? 0));

/** The empirical 95th percentile: the smallest value that at least 95 % do not exceed. */
export function percentile95(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1];
}

export interface TimedAnswer {
  status: 'complete' | 'partial' | 'error';
  fault: 'model' | 'service' | null;
  firstTokenMs: number | null;
  totalMs: number;
  completionTokens: number | null;
}

/**
 * Null where there is nothing to measure: no first token; an answer that was not completed, or of one
 * token, for the time per further token. A service at fault was slow for everyone.
 */
export function latenciesOf(answer: TimedAnswer): Record<Latency, number | null> {
  const { status, fault, firstTokenMs, totalMs, completionTokens } = answer;
  if (fault === 'service') return { first_token: null, output_token: null, total: null };
  const complete = status === 'complete';
  const further = (completionTokens ?? 0) - 1;
  return {
    first_token: firstTokenMs === null ? null : firstTokenMs * 1000,
    output_token:
      complete && firstTokenMs !== null && further > 0
        ? Math.floor((Math.max(0, totalMs - firstTokenMs) * 1000) / further)
        : null,
    total: complete ? totalMs * 1000 : null,
  };
}
