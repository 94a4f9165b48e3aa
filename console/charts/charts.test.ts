// The arithmetic behind the drawings, on the edges where a drawing would lie or vanish.
import { describe, expect, it } from 'vitest';
import type { Job } from '../api/schema.ts';
import { gather, noLosses } from './losses.ts';
import { heldOut } from './metrics.ts';
import { linePath, partsOf, rangeAroundZero, scale } from './scale.ts';

describe('scales and bars', () => {
  it('maps a range onto a range and a single value to the middle', () => {
    expect(scale([0, 10], [100, 200])(5)).toBe(150);
    expect(scale([3, 3], [0, 100])(3)).toBe(50);
  });
  it('keeps zero in the middle of an interval', () => {
    const [low, high] = rangeAroundZero([-0.3, 0.1]);
    expect(low).toBe(-high);
    expect(high).toBeGreaterThan(0.3);
    expect(rangeAroundZero([])).toEqual([-1, 1]);
  });
  it('fills a bar with parts that adjoin, and draws none of nothing', () => {
    expect(
      partsOf([
        ['a', 1],
        ['b', 0],
        ['c', 3],
      ]),
    ).toEqual([
      { name: 'a', count: 1, start: 0, width: 25 },
      { name: 'b', count: 0, start: 25, width: 0 },
      { name: 'c', count: 3, start: 25, width: 75 },
    ]);
    expect(partsOf([['a', 0]])).toEqual([]);
  });
  it('draws a falling loss from the top left to the bottom right', () => {
    expect(
      linePath(
        [
          [0, 2],
          [10, 1],
        ],
        100,
        40,
      ),
    ).toBe('M1.0 2.0L99.0 38.0');
    expect(linePath([], 100, 40)).toBe('');
  });
});

const job = (step: number, loss: number, over: Partial<Job> = {}): Job => ({
  id: 'j',
  status: 'leased',
  attempt: 1,
  progress: { phase: 'sft', step, loss },
  ...over,
});

describe('the losses of a running job', () => {
  it('adds each new step once', () => {
    const seen = [job(1, 3), job(1, 3), job(2, 2.5)].reduce(gather, noLosses);
    expect(seen.points).toEqual([
      [1, 3],
      [2, 2.5],
    ]);
  });
  it('starts a new line with a new attempt, phase or job', () => {
    const before = [job(1, 3), job(2, 2.5)].reduce(gather, noLosses);
    expect(gather(before, job(1, 3, { attempt: 2 })).points).toEqual([[1, 3]]);
    const dpo = job(1, 0.69, { progress: { phase: 'dpo', step: 1, loss: 0.69 } });
    expect(gather(before, dpo).points).toEqual([[1, 0.69]]);
  });
  it('keeps the line while evaluation tells no loss', () => {
    const before = gather(noLosses, job(1, 3));
    const evaluating = job(1, 3, { progress: { phase: 'evaluate', step: null, loss: null } });
    expect(gather(before, evaluating)).toBe(before);
    expect(gather(before, null)).toBe(before);
  });
  it('takes the whole run where the job tells it, up to where steps start again', () => {
    const losses: [number, number][] = [
      [1, 3],
      [2, 2],
      [1, 0.7],
      [2, 0.6],
    ];
    const done = job(2, 2, { status: 'succeeded', progress: null, losses });
    expect(gather(noLosses, done).points).toEqual([
      [1, 3],
      [2, 2],
    ]);
  });
  it('thins a long run and keeps its last point', () => {
    const losses = Array.from({ length: 5001 }, (_, i): [number, number] => [i, 5001 - i]);
    const { points } = gather(noLosses, job(2, 2, { losses }));
    expect(points.length).toBeLessThanOrEqual(401);
    expect(points.at(-1)).toEqual([5000, 1]);
  });
});

describe('an evaluation', () => {
  const metrics = {
    test_phrasings: {
      base: { loss: 2.4, key_fact_rate: 0 },
      production: { loss: 2, key_fact_rate: 0.25, perplexity: 7.4 },
      candidate: { loss: 1.7, key_fact_rate: 0.5 },
    },
    test_groups: { base: { loss: 2.6 }, candidate: { loss: 2.7 } },
    phrasings: { difference: 0.3, lower: 0.1, upper: 0.5, examples: 20, groups: 9 },
    groups: { difference: 0.1, lower: -0.1, upper: 0.3, examples: 30 },
  };
  it('counts improvement and harm both as a change in loss, negative being better', () => {
    const [phrasings, groups] = heldOut(metrics);
    expect(phrasings?.change).toEqual({ difference: -0.3, lower: -0.5, upper: -0.1, examples: 20 });
    expect(groups?.change).toEqual({ difference: 0.1, lower: -0.1, upper: 0.3, examples: 30 });
  });
  it('compares with production, and with the base where there was none', () => {
    const [phrasings, groups] = heldOut(metrics);
    expect([phrasings?.before, phrasings?.after]).toEqual([2, 1.7]);
    expect([groups?.before, groups?.after]).toEqual([2.6, 2.7]);
    expect(phrasings?.factsAfter).toBe(0.5);
  });
  it('shows nothing of what was not measured', () => {
    expect(heldOut({})).toEqual([]);
    expect(heldOut(null)).toEqual([]);
    expect(heldOut({ phrasings: null, groups: null })).toEqual([]);
    expect(heldOut({ ...metrics, groups: null, test_groups: {} })).toHaveLength(1);
  });
});
