import { describe, expect, it } from 'vitest';
import { scenarioSchema } from '../../simulation/rollout/scenario.ts';
import { summarySvg } from './drawing.ts';
import type { Run } from './store.ts';
import { median, type Summary, summarize, wilson } from './summary.ts';
import { summaryMarkdown, summaryText } from './text.ts';

const run = (outcome: Run['outcome'], over: Partial<Run> = {}): Run => ({
  seed: 1,
  outcome,
  hours: 10,
  lastStageHours: null,
  steppedInOutage: false,
  cpuMs: 1_000,
  ...over,
});
const runs = (rolledBack: number, others: number) => [
  ...Array.from({ length: rolledBack }, () => run('rolled_back')),
  ...Array.from({ length: others }, () => run('promoted', { hours: 98, lastStageHours: 74 })),
];
const scenario = (over: object = {}) =>
  scenarioSchema.parse({
    name: 'same',
    what: 'A <candidate> & production.',
    expect: [{ outcome: 'rolled_back', at_most: 0.03 }],
    ...over,
  });
const cell = (of: readonly Run[], over: object = {}) =>
  summarize(scenario(over), { runs: of, wanted: 1_000 });
const summary = (...cells: Summary['cells']): Summary => ({
  schema: 1,
  seed: 1,
  code: 'abc',
  carried: [],
  node: 'v24',
  machine: 'a machine',
  cells,
});

describe('Wilson’s interval', () => {
  // The closed form in decimal arithmetic of 40 digits.
  it.each([
    [10, 100, 0.0552291, 0.1743657],
    [0, 20, 0, 0.1611252],
    [20, 20, 0.8388748, 1],
    [3, 4000, 0.0002551, 0.0022033],
  ])('of %i in %i', (count, of, lower, upper) => {
    const share = wilson(count, of);
    expect(share.lower).toBeCloseTo(lower, 6);
    expect(share.upper).toBeCloseTo(upper, 6);
  });

  it('is everything while there is no run', () => {
    expect(wilson(0, 0)).toMatchObject({ lower: 0, upper: 1 });
  });
});

describe('a summary', () => {
  it('misses a goal only when the whole interval lies beyond it', () => {
    const goal = (rolledBack: number, others: number) =>
      cell(runs(rolledBack, others)).goals[0]?.result;
    expect(goal(2, 98)).toBe('met');
    expect(goal(5, 95)).toBe('met');
    expect(goal(20, 80)).toBe('missed');
    expect(goal(0, 0)).toBe('unknown');
    const last = { expect: [{ outcome: 'entered_last_stage', at_least: 0.95 }] };
    expect(cell(runs(8, 92), last).goals[0]?.result).toBe('met');
    expect(cell(runs(20, 80), last).goals[0]?.result).toBe('missed');
  });

  it('misses “never” with the first time', () => {
    const never = { expect: [{ outcome: 'stepped_in_outage', at_most: 0 }] };
    expect(cell(runs(0, 50), never).goals[0]?.result).toBe('met');
    const once = [...runs(0, 50), run('promoted', { steppedInOutage: true })];
    expect(cell(once, never).goals[0]?.result).toBe('missed');
  });

  it('counts what is harmful and promoted only where the scenario says it is harmful', () => {
    const harmful = { expect: [{ outcome: 'promoted', at_most: 0.05 }] };
    expect(cell(runs(9, 1), harmful).promotedThoughHarmful).toMatchObject({ count: 1, of: 10 });
    expect(cell(runs(9, 1)).promotedThoughHarmful).toBeNull();
  });

  it('asks no goal of the fixed thresholds', () => {
    expect(cell(runs(100, 0), { policy: 'literal' }).goals).toEqual([]);
  });

  it('has medians, none where there is nothing', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNull();
    expect(cell(runs(3, 2))).toMatchObject({ medianHours: 10, medianHoursToLastStage: 74 });
  });

  it('is written as text, page and drawing, also for no run and no cell', () => {
    const whole = summary(cell(runs(50, 950)), cell(runs(9, 1), { policy: 'literal' }), cell([]));
    const text = summaryText(whole);
    expect(text).toContain('5.0 % (3.8–6.5)');
    expect(text).toContain('0 of 2 goals met, 1 not measured yet; missed: same');
    const page = summaryMarkdown(whole, 'drawn.svg').replaceAll(/ +/g, ' ');
    expect(page).toContain('![Shares of outcomes by scenario](drawn.svg)');
    expect(page).toContain(
      '| same | A <candidate> & production. | 95.0 % | 5.0 % | 98 h | 10.0 % | 90.0 % | 10 h |',
    );
    const drawing = summarySvg(whole);
    expect(drawing).toContain('✗ missed');
    expect(drawing.match(/<rect/g)?.length).toBeGreaterThan(5);
    expect(summarySvg(summary())).toContain('</svg>');
    expect(summaryText(summary())).toBe('0 of 0 goals met.');
  });
});
