import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';
import { scenarioPolicy } from './policy.ts';
import { runRollout } from './run.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';

const file = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

const shipped = (name: string, over: Partial<Scenario> = {}): Scenario => ({
  ...scenarioSchema.parse(file(`./scenarios/${name}.json`)),
  ...over,
});

// Rollouts pinned to the last digit, but for the words of their end: what only makes the simulator faster
// leaves them as they are, and another simulated world makes them anew.
const golden = z
  .object({
    scenario: z.string(),
    users_per_day: z.int(),
    result: z.object({ seed: z.int() }).loose(),
  })
  .array()
  .parse(file('./golden.json'));

describe('a simulated rollout', () => {
  it.each(golden)(
    'is the same to the last digit for $scenario with $users_per_day visitors',
    (one) => {
      const scenario = shipped(one.scenario, { users_per_day: one.users_per_day });
      const rules = { ...DEFAULT_POLICY, promoteOn: scenario.promote_on, autoAdvance: true };
      const policy = { ...scenarioPolicy(scenario), rules };
      const { reason: _words, ...result } = runRollout(scenario, policy, one.result.seed);
      expect(result).toEqual(one.result);
    },
  );

  it('starts at the share that the plan finds for its traffic', () => {
    expect(scenarioPolicy(shipped('identical')).rules.shares).toEqual([0.1, 0.25, 0.5, 0.95]);
    expect(scenarioPolicy(shipped('small-improvement')).rules.shares).toEqual([0.5, 0.95]);
  });

  it('goes by fixed thresholds where the scenario says so, which takes back the same model', () => {
    const scenario = shipped('identical', { policy: 'literal' });
    const policy = scenarioPolicy(scenario);
    const results = [1, 2, 3, 4, 5].map((seed) => runRollout(scenario, policy, seed));
    const takenBack = results.filter(({ outcome }) => outcome === 'rolled_back');
    expect(takenBack.length).toBeGreaterThanOrEqual(3);
    expect(takenBack[0]?.hours).toBeLessThan(72);
  });
});
