// The proof in small: a homepage of few visitors, seconds instead of an hour. Bounds are far from what is
// measured (DECISIONS.md), and the seeds are fixed, so that only another rule or another world fails here.

import { expect, it } from 'vitest';
import { scenarioPolicy } from '../../simulation/rollout/policy.ts';
import { runRollout } from '../../simulation/rollout/run.ts';
import type { Scenario } from '../../simulation/rollout/scenario.ts';
import { readScenario } from './cells.ts';
import { summarize } from './summary.ts';

const RUNS = 4;

const shares = (name: string, over: Partial<Scenario> = {}) => {
  const scenario = { ...readScenario(name), ...over };
  const policy = scenarioPolicy(scenario);
  const runs = Array.from({ length: RUNS }, (_, seed) => ({
    ...runRollout(scenario, policy, 500 + seed),
    cpuMs: 0,
  }));
  return summarize(scenario, { runs, wanted: RUNS }).shares;
};

it.each(['down', 'errors-5', 'latency-20', 'thumbs-minus-10'])('takes %s off', (name) => {
  const { rolled_back, promoted } = shares(name);
  expect(rolled_back.count).toBeGreaterThanOrEqual(3);
  expect(promoted.count).toBe(0);
});

it('leaves the same model be, and gives it to nobody in a week', () => {
  const { rolled_back, promoted } = shares('identical', { users_per_day: 600, days: 7 });
  expect(rolled_back.count + promoted.count).toBeLessThanOrEqual(2);
});

it('gives most visitors the better model', () => {
  expect(shares('better').entered_last_stage.count).toBeGreaterThanOrEqual(2);
});

it('freezes a split that loses 5 % of the candidate’s visitors', () => {
  expect(shares('split-5').frozen.count).toBeGreaterThanOrEqual(3);
});

it('never goes up while nothing is recorded', () => {
  expect(shares('outage').stepped_in_outage.count).toBe(0);
});

it('takes the same model back under fixed thresholds, where it was left alone', () => {
  expect(shares('identical', { policy: 'literal' }).rolled_back.count).toBeGreaterThanOrEqual(3);
});
