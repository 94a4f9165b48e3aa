// Percentiles are shown stage by stage and of one stratum; what an arm lacks is not made up.
import { expect, it } from 'vitest';
import { type Latency, latencyBucket } from '../latency.ts';
import { latenciesOfStages } from './latencies.ts';

const row = (latency: Latency, ms: number, answers: number, over = {}) => ({
  stratum: 1,
  shareBp: 1_000,
  arm: 'control' as const,
  latency,
  bucket: latencyBucket(ms * 1000),
  answers: BigInt(answers),
  ...over,
});
const treatment = { arm: 'treatment' as const };

it('gives percentiles in milliseconds for each stage, and the change of the 95th over all', () => {
  const found = latenciesOfStages(
    [
      row('total', 400, 90),
      row('total', 2_000, 10),
      row('total', 800, 90, treatment),
      row('total', 4_000, 10, treatment),
      row('total', 100, 50, { shareBp: 2_500 }),
      row('total', 999, 50, { stratum: 0 }),
    ],
    1,
  ).find(({ latency }) => latency === 'total');
  expect(found?.stages.map(({ share }) => share)).toEqual([0.1, 0.25]);
  const [first, second] = found?.stages ?? [];
  expect(first?.control?.answers).toBe(100);
  expect(first?.control?.p50_ms).toBeCloseTo(400, -1);
  expect(first?.control?.p95_ms).toBeGreaterThan(1_980);
  expect(first?.treatment?.p99_ms).toBeLessThan(4_040);
  expect(second?.treatment).toBeNull();
  expect(found?.p95_change).toBeGreaterThan(0.97);
  expect(found?.p95_change).toBeLessThan(1.03);
});

it('knows no change where no stage has both arms', () => {
  const found = latenciesOfStages([row('first_token', 400, 90)], 1);
  expect(found.map(({ p95_change }) => p95_change)).toEqual([null, null, null]);
  expect(found.map(({ stages }) => stages.length)).toEqual([1, 0, 0]);
});
