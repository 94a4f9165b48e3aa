// What is said of the next step: where to, when at the earliest, and what is missing.
import { expect, it } from 'vitest';
import type { RolloutPolicy } from '../rollout/policy.ts';
import type { RolloutState } from '../rollout/state.ts';
import {
  evidence,
  HOUR_MS,
  harm,
  policy,
  progress,
  running,
  state,
  T0,
  waiting,
} from '../rollout/testing.ts';
import { nextStepOf } from './next.ts';

const next = (of: RolloutState, over: { policy?: RolloutPolicy; evidence?: null } = {}) =>
  nextStepOf({
    state: of,
    policy: over.policy ?? policy(),
    evidence: over.evidence === null ? null : evidence(),
    place: 2,
  });
const missing = (of: ReturnType<typeof next>) =>
  of.needs.filter(({ met }) => !met).map(({ what, says }) => `${what}: ${says}`);

it('a running one says the step, its earliest time and what is missing', () => {
  const found = next(running({ stageRunningMs: 23.99 * HOUR_MS, runningMs: 48 * HOUR_MS }));
  expect(found.says).toMatch(/^It goes to 25 % by itself at the first look that finds everything/);
  expect(found.says).toContain('rolled back without asking');
  expect(found.says).toContain('ends in 12 days of running time');
  expect(found.earliestMs).toBe(T0 + 0.01 * HOUR_MS);
  expect(missing(found)).toEqual(['24 hours in this stage: 23.9 of 24 hours']);
});

it('has its longest time anew in the last stage', () => {
  const last = { stage: 3, stageRunningMs: 12 * HOUR_MS, runningMs: 348 * HOUR_MS };
  expect(next(running(last)).says).toContain('ends in 13.5 days of running time');
});

it('asks where nothing goes up by itself, and names no time once the hours are over', () => {
  const found = next(running({ stageRunningMs: 25 * HOUR_MS }), {
    policy: policy({ autoAdvance: false, onHarm: 'hold' }),
  });
  expect(found.says).toMatch(/^It asks you to let it go to 25 %/);
  expect(found.says).toContain('changes nothing by itself');
  expect(found.earliestMs).toBeNull();
  expect(missing(found)).toEqual([]);
});

it('before the last stage it lists what promotes, by what was chosen', () => {
  const at = running({ stage: 2, stageRunningMs: 25 * HOUR_MS });
  const what = (promoteOn: 'improvement' | 'non_inferior' | 'no_evidence_of_harm') =>
    next(at, { policy: policy({ promoteOn, quietHours: 168 }) })
      .needs.slice(6)
      .map((need) => need.what);
  expect(what('improvement')).toEqual([
    'better on live traffic',
    'harm above every ceiling excluded',
  ]);
  expect(what('non_inferior')).toEqual(['harm above every ceiling excluded', 'better offline']);
  expect(what('no_evidence_of_harm')).toEqual([
    '168 hours without a metric that looks harmed',
    'better offline',
  ]);
  expect(missing(next(at, { policy: policy({ promoteOn: 'improvement' }) }))).toEqual([
    'better on live traffic: the primary metric is not measured',
    'harm above every ceiling excluded: error: not measured yet',
  ]);
});

it('what looks harmed, silent or broken stands against it in the words of the rule', () => {
  const seen = evidence({
    harm: harm({ amber: true, result: 'inconclusive', reason: 'amber, not proven: error' }),
    unhealthy: 'nothing recorded in control for 60 minutes',
    splitBroken: 'the split is broken',
    users: { control: 9_000, treatment: 412 },
  });
  const of = running({ stageRunningMs: 25 * HOUR_MS });
  expect(missing(nextStepOf({ state: of, policy: policy(), evidence: seen, place: null }))).toEqual(
    [
      '1,000 visitors in treatment: 412 of 1,000 visitors',
      'no metric looks harmed: amber, not proven: error',
      'data arrive: nothing recorded in control for 60 minutes',
      'visitors are split as configured: the split is broken',
    ],
  );
});

it('without evidence it says that there is none', () => {
  expect(missing(next(running(), { evidence: null }))).toEqual([
    '24 hours in this stage: 0 of 24 hours',
    'data: no data could be read',
  ]);
});

it('says of every other phase who has to do what', () => {
  const says = (of: RolloutState, over?: Parameters<typeof next>[1]) => next(of, over).says;
  const planned = state({ phase: 'planned', sinceMs: T0, remindedAtMs: T0 });
  expect(says(planned)).toContain('waits for an operator to start it');
  expect(says(planned, { policy: policy({}, { startsItself: true }) })).toContain('by itself');
  expect(says(state({ phase: 'queued', sinceMs: T0 }))).toBe(
    'It starts at 10 % as soon as visitors are free for it. It is number 2 in the line.',
  );
  expect(says(waiting('advance'))).toContain('waits for you to let it go to 25 %');
  expect(says(waiting('finish', { stage: 3 }))).toContain('to everyone');
  expect(says(state({ phase: 'paused', progress: progress(), sinceMs: T0 }))).toContain(
    'when you resume it',
  );
  expect(says(state({ phase: 'frozen', progress: progress(), why: 'x' }))).toContain(
    'Stop it or roll it back',
  );
  const over = state({ phase: 'ended', outcome: 'promoted', why: 'held', atMs: T0 });
  expect(says(over)).toBe('It is over; nothing follows.');
});
