import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decidePruning, type Needs, neededFor, type StoredModel } from './pruning.ts';

const DAY = 86_400_000;
const T0 = Date.parse('2026-11-18T10:00:00Z');
const NEEDS: Needs = {
  production: 'production',
  previous: 'previous',
  inExperiment: new Set(['tried']),
  heldOut: new Set(['held']),
  inTraining: new Set(['measured']),
};
const rule = { keepLast: 2, keepDays: 30 };

const model = (id: string, days: number, over: Partial<StoredModel> = {}): StoredModel => ({
  id,
  status: 'registered',
  createdAtMs: T0 - days * DAY,
  files: 6,
  prunedAtMs: null,
  ...over,
});
const decide = (...models: StoredModel[]) =>
  Object.fromEntries(
    decidePruning(models, NEEDS, { rule, nowMs: T0 }).map(({ id, kept }) => [id, kept]),
  );

test('what is old, not among the newest and needed by nothing goes', () => {
  const found = decide(
    model('newest', 40),
    model('second', 41),
    model('third', 42),
    model('fourth', 43),
  );
  expect(found).toEqual({
    newest: 'one of the newest 2',
    second: 'one of the newest 2',
    third: null,
    fourth: null,
  });
});

test('what is younger than the days stays, to the day', () => {
  const found = decide(model('a', 1), model('b', 2), model('c', 29.9), model('d', 30));
  expect(found).toMatchObject({ c: 'younger than 30 days', d: null });
});

test.each([
  ['production', 'in production'],
  ['previous', 'what production would go back to'],
  ['tried', 'in an experiment'],
  ['held', 'held out, or will be'],
  ['measured', 'a training job is measured against it'],
])('%s never goes, however old', (id, reason) => {
  const found = decide(model('x', 100), model('y', 101), model(id, 900));
  expect(found[id]).toBe(reason);
});

test('a base, a refused one, one without files and one that lost them are not in question', () => {
  const found = decide(
    model('base', 900, { status: 'base' }),
    model('refused', 900, { status: 'refused' }),
    model('empty', 900, { files: 0 }),
    model('gone', 900, { prunedAtMs: T0 - DAY }),
  );
  expect(found).toEqual({});
});

test('no models, ages or rule ever let a needed one go, or one too many of the newest', () => {
  const names = ['production', 'previous', 'tried', 'held', 'measured', 'a', 'b', 'c', 'd', 'e'];
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 10, maxLength: 10 }),
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 400 }),
      (ages, keepLast, keepDays) => {
        const models = names.map((id, index) => model(id, ages[index] ?? 0));
        const found = decidePruning(models, NEEDS, { rule: { keepLast, keepDays }, nowMs: T0 });
        const going = found.filter(({ kept }) => kept === null);
        return (
          found.length === names.length &&
          going.every(({ id }) => neededFor(id, NEEDS) === null) &&
          going.every(({ createdAtMs }) => T0 - createdAtMs >= keepDays * DAY) &&
          found.slice(0, keepLast).every(({ kept }) => kept !== null)
        );
      },
    ),
  );
});
