// What the gate measured promotes only as far as it was measured, and against the production of now.
import { expect, it } from 'vitest';
import { offlineOf } from './offline.ts';

const interval = { difference: 0.4, lower: 0.2, upper: 0.6, examples: 40 };
const measured = { phrasings: interval, groups: { ...interval, lower: -0.1 } };
const model = { status: 'registered', parent: 'old', reason: 'accepted', metrics: measured };
const asked = { production: 'old', minExamples: 5 };

it('is better where both were measured and the gate accepted it', () => {
  expect(offlineOf(model, asked)).toEqual({ better: true, reason: 'accepted' });
});

it.each([
  ['another production', { ...model, parent: 'older' }, 'compared with older, not with old'],
  ['no phrasings', { ...model, metrics: {} }, 'held-out phrasings were not measured'],
  [
    'too few phrasings for a gate that does not insist',
    { ...model, metrics: { ...measured, phrasings: { ...interval, examples: 4 } } },
    'only 4 of the 5 held-out phrasings needed',
  ],
  [
    'no groups, though it was accepted',
    { ...model, metrics: { ...measured, groups: null } },
    'held-out groups were not measured',
  ],
])('is not better with %s', (_what, given, reason) => {
  expect(offlineOf(given, asked)).toMatchObject({
    better: false,
    reason: expect.stringContaining(reason),
  });
});

it('is unknown of a model that nobody compared', () => {
  expect(offlineOf(undefined, asked)).toBeNull();
  expect(offlineOf({ ...model, parent: null }, asked)).toBeNull();
});
