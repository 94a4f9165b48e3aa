// Addresses of the console.
import { expect, it } from 'vitest';
import { tokenFromHash, withoutToken } from './token.ts';
import { experimentHref, viewOf } from './view.ts';

it('an experiment has an address, and every other fragment is the loop', () => {
  const id = 'rollout-2026-w42.1-1';
  expect(viewOf(experimentHref(id))).toEqual({ name: 'experiment', id });
  expect(viewOf('#route')).toEqual({ name: 'loop' });
  expect(viewOf('#experiment=')).toEqual({ name: 'loop' });
  expect(viewOf('')).toEqual({ name: 'loop' });
});

it('a link may carry the token and an experiment, and keeps the experiment when the token is taken', () => {
  const hash = '#token=abc&experiment=rollout-m-1';
  expect(tokenFromHash(hash)).toBe('abc');
  expect(viewOf(withoutToken(hash))).toEqual({ name: 'experiment', id: 'rollout-m-1' });
  expect(withoutToken('#token=abc')).toBe('');
});
