// An experiment in words, as an operator reads it.
import { describe, expect, it } from 'vitest';
import type { ExperimentSummary, Metric } from '../api/experiment-schema.ts';
import {
  change,
  changeRange,
  feedbackByStage,
  groupsOf,
  neededText,
  rate,
  sentence,
  statusOf,
  stepsOf,
  verdictOf,
} from './words.ts';

const summary = (over: Partial<ExperimentSummary> = {}): ExperimentSummary => ({
  id: 'rollout-m-1',
  model_id: 'm',
  status: 'running',
  share: 0.1,
  outcome: null,
  reason: 'hold: 3 of 24 h in this stage',
  place: null,
  promote_on: 'improvement',
  created_at: '2026-10-18T02:00:00Z',
  updated_at: '2026-10-18T05:00:00Z',
  next_look_at: '2026-10-18T05:15:00Z',
  ...over,
});

const arm = (n: number, y: number) => ({ users: n, n, y, rate: y / n });
const metric = (over: Partial<Metric> = {}): Metric => ({
  metric: 'error',
  role: 'guardrail',
  verdict: { result: 'pass', amber: false, reason: 'no evidence of harm' },
  improvement: null,
  effect: null,
  more_users: null,
  stages: [],
  ...over,
});

describe('numbers', () => {
  it('says a ratio in per cent and a difference in points, with a real minus', () => {
    expect(change('ratio', 0.0791)).toBe('+7.9 %');
    expect(change('ratio', -0.2)).toBe('−20 %');
    expect(change('ratio', 0.00001)).toBe('0 %');
    expect(change('difference', -0.0042)).toBe('−0.42 points');
    expect(change('ratio', 1e7)).toBe('over +999 %');
    expect(changeRange({ scale: 'ratio', lower: -0.2, upper: 0.257 })).toBe(
      'between −20 % and +25.7 %',
    );
    expect(rate(0.0084)).toBe('0.84 %');
    expect(rate(0.7231)).toBe('72.3 %');
  });
  it('says how many visitors are needed only where that means something', () => {
    expect(neededText(null)).toBe('cannot be said yet');
    expect(neededText(0)).toContain('none');
    expect(neededText(5_400)).toContain('about 5,400 more');
    expect(neededText(304_959_885)).toContain('more than will ever come');
  });
});

describe('states', () => {
  it('says who has to do something, and the place in the line', () => {
    expect(statusOf(summary({ status: 'waiting' })).says).toBe('waits for your approval');
    expect(statusOf(summary({ status: 'queued', place: 2 })).says).toBe('in line, number 2');
    expect(statusOf(summary({ status: 'ended', outcome: 'rolled_back' })).says).toBe('rolled back');
    expect(statusOf(summary({ status: 'something_new' })).says).toBe('something new');
  });
  it('groups what runs, what waits in the order of the line, and what is over', () => {
    const all = [
      summary({ id: 'planned', status: 'planned' }),
      summary({ id: 'second', status: 'queued', place: 2 }),
      summary({ id: 'first', status: 'queued', place: 1 }),
      summary({ id: 'over', status: 'ended' }),
      summary({ id: 'asks', status: 'waiting' }),
      summary({ id: 'frozen', status: 'frozen' }),
    ];
    const ids = (rows: ExperimentSummary[]) => rows.map(({ id }) => id);
    const { running, waiting, ended } = groupsOf(all);
    expect(ids(running)).toEqual(['asks', 'frozen']);
    expect(ids(waiting)).toEqual(['first', 'second', 'planned']);
    expect(ids(ended)).toEqual(['over']);
  });
});

it('shows the way up: where it stands, and how far one came that is over', () => {
  const policy = {
    shares: [0.1, 0.25, 0.95],
    stage_hours: 24,
    stage_users: 1_000,
    maximum_days: 14,
    auto_advance: false,
    on_harm: 'roll_back',
  };
  const stages = [{ share: 0.1, control: arm(100, 1), treatment: arm(10, 1) }];
  const evidence = {
    users: { control: 100, treatment: 10 },
    feedback_rate: { control: null, treatment: null },
    metrics: [metric({ stages })],
    latencies: [],
    waived: [],
    split: 'as configured',
    data: 'arriving',
    offline: null,
  };
  const states = (over: Partial<Parameters<typeof stepsOf>[0]>) =>
    stepsOf({ policy, evidence, outcome: null, state: { phase: 'ended' }, ...over }).map(
      (step) => step.state,
    );
  const state = { phase: 'running', progress: { stage: 1, production: 'old' } };
  expect(states({ state })).toEqual(['done', 'now', 'ahead', 'ahead']);
  expect(states({ outcome: 'rolled_back' })).toEqual(['done', 'ahead', 'ahead', 'ahead']);
  expect(states({ outcome: 'promoted' })).toEqual(['done', 'done', 'done', 'now']);
  expect(states({ evidence: null })).toEqual(['ahead', 'ahead', 'ahead', 'ahead']);
});

it('tells verdicts apart by words and marks, and better only where it is established', () => {
  const told = (result: string, amber = false) =>
    verdictOf(metric({ verdict: { result, amber, reason: '' } }));
  expect(told('fail').says).toBe('Harm is proven');
  expect(told('inconclusive', true).says).toBe('Looks harmed, not proven');
  expect(told('inconclusive').says).toBe('Not enough data yet');
  expect(told('error').says).toBe('Cannot be judged');
  expect(told('pass').says).toBe('No evidence of harm');
  expect(verdictOf(metric({ improved: true })).says).toBe('Better, established');
  expect(verdictOf(metric({ improved: false })).says).toBe('No evidence of harm');
  const marks = ['fail', 'inconclusive', 'error', 'pass'].map((one) => told(one).mark);
  expect(new Set(marks).size).toBe(4);
});

it('counts feedback for each answer by stage, and a dash where nobody voted', () => {
  const answers = [0.1, 0.25].map((share) => ({
    share,
    control: arm(1000, 8),
    treatment: arm(100, 1),
  }));
  const thumbs = [{ share: 0.1, control: arm(240, 170), treatment: arm(26, 20) }];
  const found = feedbackByStage([
    metric({ stages: answers }),
    metric({ metric: 'thumbs_up', stages: thumbs }),
  ]);
  expect(found).toEqual([
    { share: 0.1, control: 0.24, treatment: 0.26 },
    { share: 0.25, control: null, treatment: null },
  ]);
  expect(feedbackByStage([])).toEqual([]);
});

it('makes a sentence of a reason without doubling its end', () => {
  expect(sentence('hold: 3 of 24 h')).toBe('Hold: 3 of 24 h.');
  expect(sentence('Not proven better live.')).toBe('Not proven better live.');
});
