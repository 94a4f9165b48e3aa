import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latenciesOf, latencyBucket, percentile95, type TimedAnswer } from './latency.ts';

const answer = (over: Partial<TimedAnswer> = {}): TimedAnswer => ({
  status: 'complete',
  fault: null,
  firstTokenMs: 200,
  totalMs: 1_200,
  completionTokens: 11,
  ...over,
});

test('time to the first token, and for each token after it', () => {
  expect(latenciesOf(answer())).toEqual({
    first_token: 200_000,
    output_token: 100_000,
    total: 1_200_000,
  });
});

test('what was not measured is not counted as nothing', () => {
  const { output_token, total } = latenciesOf(answer({ status: 'partial' }));
  expect([output_token, total]).toEqual([null, null]);
  expect(latenciesOf(answer({ completionTokens: 1 })).output_token).toBeNull();
  expect(latenciesOf(answer({ completionTokens: null })).output_token).toBeNull();
  expect(latenciesOf(answer({ firstTokenMs: null })).first_token).toBeNull();
});

test('a service at fault was slow for everyone; a version at fault was slow itself', () => {
  expect(latenciesOf(answer({ fault: 'service' })).first_token).toBeNull();
  expect(latenciesOf(answer({ fault: 'model' })).first_token).toBe(200_000);
});

test('a bucket is one per cent wide, and a longer time is never in a lower one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600_000_000 }), fc.nat(1_000_000), (us, more) => {
      const bucket = latencyBucket(us);
      expect(latencyBucket(us + more)).toBeGreaterThanOrEqual(bucket);
      if (us < 2) return;
      expect(1.01 ** (bucket - 1)).toBeLessThan(us * (1 + 1e-9));
      expect(1.01 ** bucket).toBeGreaterThanOrEqual(us * (1 - 1e-9));
    }),
  );
});

test('the percentile is a value that was seen', () => {
  expect(percentile95([])).toBeUndefined();
  expect(percentile95([7])).toBe(7);
  expect(percentile95(Array.from({ length: 2_000 }, (_, index) => 2_000 - index))).toBe(1_900);
});
