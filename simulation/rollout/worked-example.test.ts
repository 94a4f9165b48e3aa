// The numbers of the worked examples in docs/rollouts.md.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseLearning } from '../../core/learning-config.ts';
import { rolloutPolicy } from '../../core/rollout/policy.ts';
import { harmVerdict } from '../../core/statistics/guardrail.ts';
import { runRollout } from './run.ts';
import { scenarioSchema } from './scenario.ts';
import { World } from './world.ts';

const { config } = parseLearning(
  readFileSync('learning.yaml', 'utf8'),
  'learning: { automation: { auto_rollout: true, auto_experiment: true } }',
);
const policy = rolloutPolicy(config, { firstShare: 0.1, promoteOn: 'improvement' });
const scenarioOf = (name: string) =>
  scenarioSchema.parse(
    JSON.parse(readFileSync(`simulation/rollout/scenarios/${name}.json`, 'utf8')),
  );
const run = (name: string) => runRollout(scenarioOf(name), policy, 7);

it('a better model is in the last stage after 72.75 h and promoted after 96.75 h', () => {
  expect(run('better')).toMatchObject({
    outcome: 'promoted',
    lastStageHours: 72.75,
    hours: 96.75,
  });
});

it('after 12 h the better model looks slower to write, by what may as well be nothing', () => {
  const world = new World(scenarioOf('better'), 7);
  for (let slot = 0; slot < 48; slot += 1) world.pass(slot, 1_000);
  const { metrics, users } = world.observed(48);
  expect(users).toEqual({ control: 4_490, treatment: 487 });
  expect(harmVerdict(metrics, policy.rules).reason).toBe(
    'amber, not proven: slow output token 5.95 % in treatment, 4.9 % in control: harm +21.4 %, at least -18 % at every look',
  );
});

it('a model that fails 5 % of answers is back after an hour and three quarters', () => {
  expect(run('errors-5')).toMatchObject({
    outcome: 'rolled_back',
    hours: 1.75,
    reason:
      'rolled back: error 5.08 % in treatment, 0.802 % in control: harm +534.2 %, at least +46.5 % at every look',
  });
});

it('an identical model ends inconclusive after 14 days, and says that it is not better', () => {
  const { outcome, hours, reason } = run('identical');
  expect({ outcome, hours }).toEqual({ outcome: 'inconclusive', hours: 336 });
  expect(reason).toContain('thumbs up 72 % in treatment, 72.2 % in control');
  expect(reason).toContain('more visitors like these would not');
});
