// The arithmetic of a difference drawn over time.
import { describe, expect, it } from 'vitest';
import { type SequenceLook, sampled, sequenceOf } from './sequence.ts';

const HOUR = 3_600_000;
const look = (hour: number, over: Partial<SequenceLook> = {}): SequenceLook => ({
  atMs: hour * HOUR,
  share: 0.1,
  stratum: 0,
  scale: 'ratio',
  estimate: 0.02,
  lower: -0.1,
  upper: 0.14,
  tolerated: 0.05,
  ...over,
});
const options = { harmIs: 'more', ceiling: null, height: 200 } as const;
const numbers = (path: string) => path.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];

describe('a difference over time', () => {
  it('is nothing to draw before the second look', () => {
    expect(sequenceOf([], options)).toBeNull();
    expect(sequenceOf([look(0)], options)).toBeNull();
  });

  it('runs from the first look to the newest, from edge to edge', () => {
    const drawn = sequenceOf([look(0), look(6), look(24)], options);
    expect(drawn).toMatchObject({ fromMs: 0, toMs: 24 * HOUR, isShortened: false });
    const line = numbers(drawn?.estimate ?? '');
    expect(line.filter((_, index) => index % 2 === 0)).toEqual([0, 250, 1000]);
    expect(drawn?.estimate).toMatch(/^M[^M]+$/);
  });

  it('always holds the newest bounds, zero and what is tolerated, and cuts early bounds that would flatten them', () => {
    const wild = look(0, { estimate: 4, lower: -0.99, upper: 80 });
    const drawn = sequenceOf([wild, ...[1, 2, 3, 4, 5].map((hour) => look(hour))], options);
    expect(drawn?.high).toBeGreaterThan(0.14);
    expect(drawn?.high).toBeLessThan(1);
    expect(drawn?.low).toBeLessThan(-0.1);
    for (const path of [drawn?.band, drawn?.estimate, drawn?.harmful]) {
      const heights = numbers(path ?? '').filter((_, index) => index % 2 === 1);
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...heights)).toBeLessThanOrEqual(200);
    }
  });

  it('cuts a bound that says nothing, and still holds a difference that is that large', () => {
    const vague = (estimate: number) => {
      const seen = { estimate, lower: -0.9, upper: 40 };
      return sequenceOf([look(0, seen), look(1, seen)], options)?.high ?? 0;
    };
    expect(vague(0.2)).toBeLessThan(2.5);
    expect(vague(5.3)).toBeGreaterThan(5.3);
    expect(vague(5.3)).toBeLessThan(10);
  });

  it('draws a ceiling within reach and leaves one out that is far away', () => {
    const looks = [look(0), look(1)];
    expect(sequenceOf(looks, { ...options, ceiling: 0.25 })?.ceiling?.value).toBe(0.25);
    expect(sequenceOf(looks, { ...options, ceiling: 5 })?.ceiling).toBeNull();
  });

  it('hatches the side that harms: up where more is worse, down where less is', () => {
    const heights = (harmIs: 'more' | 'less') =>
      numbers(sequenceOf([look(0), look(1)], { ...options, harmIs })?.harmful ?? '').filter(
        (_, index) => index % 2 === 1,
      );
    expect(heights('more')).toContain(0);
    expect(heights('less')).toContain(200);
  });

  it('shows where the share grew, and starts a new line where the control changed', () => {
    const looks = [
      look(0),
      look(50, { share: 0.25 }),
      look(51, { share: 0.5 }),
      look(80, { share: 0.5, stratum: 1 }),
      look(100, { share: 0.5, stratum: 1 }),
    ];
    const drawn = sequenceOf(looks, options);
    expect(drawn?.changes).toEqual([
      { at: 0, share: 0.1, isAnew: false },
      { at: 51, share: 0.5, isAnew: false },
      { at: 80, share: 0.5, isAnew: true },
    ]);
    expect(drawn?.estimate.match(/M/g)).toHaveLength(2);
    expect(drawn?.band.match(/M/g)).toHaveLength(2);
  });

  it('draws the newest scale only, and says so', () => {
    const early = look(0, { scale: 'difference', estimate: 0.02, lower: -0.01, upper: 0.05 });
    const drawn = sequenceOf([early, look(1), look(2)], options);
    expect(drawn).toMatchObject({ fromMs: HOUR, isShortened: true });
    expect(sequenceOf([early, look(1)], options)).toBeNull();
  });

  it('has a few round ticks within its reach', () => {
    const drawn = sequenceOf([look(0), look(1)], options);
    const values = drawn?.ticks.map(({ value }) => value) ?? [];
    expect(values.map((value) => Math.round(value * 100))).toEqual([-10, 0, 10]);
  });
});

it('samples evenly with the newest, and leaves a short list as it is', () => {
  expect(sampled([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(sampled([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
});
