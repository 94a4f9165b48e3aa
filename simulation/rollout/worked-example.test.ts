// The numbers of the worked examples in docs/rollouts.md.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseLearning } from '../../core/learning-config.ts';
import { rolloutPolicy } from '../../core/rollout/policy.ts';
import { runRollout } from './run.ts';
import { scenarioSchema } from './scenario.ts';

const { config } = parseLearning(
  readFileSync('learning.yaml', 'utf8'),
  'learning: { automation: { auto_rollout: true, auto_experiment: true } }',
);
const policy = rolloutPolicy(config, { firstShare: 0.1, promoteOn: 'improvement' });
const run = (name: string) => {
  const file = `simulation/rollout/scenarios/${name}.json`;
  return runRollout(scenarioSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), policy, 7);
};

it('a better model is in the last stage after 72.75 h and promoted after 96.75 h', () => {
  expect(run('better')).toMatchObject({
    outcome: 'promoted',
    lastStageHours: 72.75,
    hours: 96.75,
  });
});

it('a model that fails 5 % of answers is back after an hour and three quarters', () => {
  expect(run('errors-5')).toMatchObject({
    outcome: 'rolled_back',
    hours: 1.75,
    reason:
      'rolled back: error 5.08 % in treatment, 0.802 % in control: harm +534.2 %, at least +38.7 % at every look',
  });
});

it('an identical model ends inconclusive after 14 days, and says that it is not better', () => {
  const { outcome, hours, reason } = run('identical');
  expect({ outcome, hours }).toEqual({ outcome: 'inconclusive', hours: 336 });
  expect(reason).toContain('thumbs up 72 % in treatment, 72.2 % in control');
  expect(reason).toContain('more visitors like these would not');
});
