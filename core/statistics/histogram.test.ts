import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addHistograms,
  bucketOf,
  countOf,
  histogramOf,
  percentile,
  percentileRatio,
  quantile,
} from './histogram.ts';

const latencies = fc.array(fc.double({ min: 1e-3, max: 1e5, noNaN: true }), { minLength: 1 });

describe('a log histogram', () => {
  it('gives a percentile within half a percent of the value at its rank', () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
        const read = percentile(histogramOf(values), p);
        const ranked = values.toSorted((a, b) => a - b)[Math.floor(p * (values.length - 1))] ?? 0;
        expect(typeof read === 'number' && Math.abs(read / ranked - 1)).toBeLessThan(0.00498);
      }),
    );
  });

  it('adds up to the histogram of all values', () => {
    fc.assert(
      fc.property(latencies, latencies, (a, b) => {
        expect(addHistograms(histogramOf(a), histogramOf(b))).toEqual(histogramOf([...a, ...b]));
      }),
    );
  });

  it('has no bucket for what is no latency', () => {
    expect([0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(countOf(histogramOf([0, -1, Number.NaN]))).toBe(0);
    expect(percentile({}, 0.95)).toMatchObject({ kind: 'not_enough' });
    expect(percentile({ 1: Number.NaN }, 0.95)).toMatchObject({ kind: 'not_enough' });
    expect(percentile({ 1: 3 }, Number.NaN)).toMatchObject({ kind: 'not_enough' });
    expect(quantile([], 0.5)).toMatchObject({ kind: 'not_enough' });
    expect(quantile([1, Number.NaN], 0.5)).toMatchObject({ kind: 'not_enough' });
  });
});

describe('the p95 ratio', () => {
  const spread = (from: number) =>
    histogramOf(Array.from({ length: 1_000 }, (_, i) => from * (1 + i / 1_000)));

  it('is taken within stages: a slow day does not look like a slow model', () => {
    const ratio = percentileRatio([
      { stage: 'quiet', control: spread(1), treatment: spread(1.1) },
      { stage: 'busy', control: spread(10), treatment: spread(11) },
      { stage: 'control alone', control: spread(99), treatment: {} },
    ]);
    if (ratio.kind === 'not_enough') throw new Error(ratio.reason);
    expect(Math.exp(ratio.logRatio)).toBeCloseTo(1.1, 1);
    expect(ratio.stages.map(({ stage }) => stage)).toEqual(['quiet', 'busy']);
  });

  it('weighs stages as the rates are weighed: by what both arms have', () => {
    const at = (value: number, times: number) => histogramOf(Array<number>(times).fill(value));
    const ratio = percentileRatio([
      { stage: 's1', control: at(1, 900), treatment: at(2, 100) },
      { stage: 's2', control: at(1, 500), treatment: at(4, 500) },
    ]);
    if (ratio.kind === 'not_enough') throw new Error(ratio.reason);
    expect(ratio.stages.map(({ weight }) => weight)).toEqual([90 / 340, 250 / 340]);
    expect(ratio.logRatio / Math.LN2).toBeCloseTo((90 + 2 * 250) / 340, 1);
  });

  it('of nothing is not enough', () => {
    expect(percentileRatio([])).toMatchObject({ kind: 'not_enough' });
  });
});
