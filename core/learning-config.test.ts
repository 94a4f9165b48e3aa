import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLearning } from './learning-config.ts';

const shipped = readFileSync('learning.yaml', 'utf8');

test('the shipped file is valid and holds the documents\u2019 values', () => {
  const { config, changed } = parseLearning(shipped);
  expect(config.training).toMatchObject({
    lora_rank: 16,
    lora_alpha: 32,
    learning_rate: 2e-4,
    epochs: 3,
  });
  expect(config.curation).toMatchObject({ min_quality_score: 0.5, similarity_threshold: 0.85 });
  expect(config.automation).toEqual({
    auto_finetune: true,
    auto_experiment: false,
    auto_rollout: false,
    rollback_on_regression: true,
  });
  expect(changed).toEqual([]);
});

test.each(['learning.tiny.yaml', 'learning.local.yaml'])(
  '%s is valid over it, and each change is listed',
  (file) => {
    const { changed } = parseLearning(shipped, readFileSync(file, 'utf8'));
    expect(changed.map((change) => change.path)).toContain('learning.curation.min_interactions');
  },
);

test('holding out is off, and pruning keeps much, also where the file says nothing of either', () => {
  const { config } = parseLearning(shipped);
  expect(config.ab_testing.holdout).toEqual({ enabled: false, share: 0.02, weeks: 4 });
  expect(config.models).toEqual({ prune: true, keep_last: 8, keep_days: 60 });
  const silent = shipped
    .replace(/ {4}holdout:.*\n( {6}.*\n)+/, '')
    .replace(/ {2}models:.*\n( {4}.*\n)+/, '');
  expect(silent).not.toMatch(/holdout|keep_last/);
  expect(parseLearning(silent).config).toEqual(config);
});

test.each([
  ['lora_rank: 16', 'lora_rank: 0', 'learning.training.lora_rank'],
  ['lora_rank: 16', 'lora_rank: 16\n    lora_rnk: 8', 'lora_rnk'],
  ['method: lora', 'method: qlora', 'only "lora" is built'],
  ['method: dpo', 'method: ppo', 'only "dpo" is built'],
  ['balance_topics: false', 'balance_topics: true', 'balance_topics is not built yet'],
  ['auto_rollout: false', 'auto_rollout: maybe', 'learning.automation.auto_rollout'],
  ['min_quality_score: 0.5', 'min_quality_score: 1.5', 'learning.curation.min_quality_score'],
  ['min_interactions: 1000', 'min_interactions: 20000', 'must not exceed max_interactions'],
  ['[0.1, 0.25, 0.5, 1.0]', '[0.1, 0.5, 0.25, 1.0]', 'rollout_stages must rise'],
  ['[0.1, 0.25, 0.5, 1.0]', '[0.1, 0.25, 0.5]', 'the last of rollout_stages must be 1'],
  ['min_sample_size: 1000', 'min_sample_size: 5', 'learning.ab_testing.min_sample_size'],
  ['confidence_level: 0.95', 'confidence_level: 95', 'learning.ab_testing.confidence_level'],
  ['promote_on: improvement', 'promote_on: hope', 'learning.ab_testing.promote_on'],
  ['max_experiments: 1', 'max_experiments: 4', 'learning.ab_testing.max_experiments'],
  ['min_session_duration: 10', 'min_session_duration: -1', 'min_session_duration'],
  ['initial_traffic_split: 0.1', 'initial_traffic_split: 1.2', 'initial_traffic_split'],
  ['share: 0.02', 'share: 0.2', 'learning.ab_testing.holdout.share'],
  ['weeks: 4', 'weeks: 0', 'learning.ab_testing.holdout.weeks'],
  ['keep_last: 8', 'keep_last: 1', 'learning.models.keep_last'],
  ['keep_days: 60', 'keep_days: 0', 'learning.models.keep_days'],
])('refuses %o changed to %o, naming it', (from, to, message) => {
  expect(shipped).toContain(from);
  expect(() => parseLearning(shipped.replace(from, to))).toThrow(message);
});

test('text that is no YAML, and YAML that is no mapping, are refused by file', () => {
  expect(() => parseLearning('learning: [')).toThrow('learning.yaml is not valid YAML');
  expect(() => parseLearning('- 1')).toThrow('must hold a mapping');
  expect(() => parseLearning(shipped, 'learning:\n  trainng: {}')).toThrow('trainng');
});
