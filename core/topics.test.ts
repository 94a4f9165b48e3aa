import { expect, test } from 'vitest';
import { topicOf } from './topics.ts';

test.each([
  ['How do I roll back with Argo CD?', 'gitops'],
  ['Which alerts fire on the SLO?', 'observability'],
  ['Why is my pod in CrashLoopBackOff?', 'kubernetes-troubleshooting'],
  ['How do I renew the certificates of nginx?', 'infrastructure'],
  ['Who are you?', 'general'],
  ['', 'general'],
])('%j is about %s', (question, topic) => {
  expect(topicOf(question)).toBe(topic);
});

test('a question of two topics takes the first that is listed', () => {
  expect(topicOf('Does Prometheus run in Kubernetes?')).toBe('observability');
});

test('only whole words count', () => {
  expect(topicOf('What is a digital logistician?')).toBe('general');
});
