import { describe, expect, it } from 'vitest';
import { chartSvg } from './chart.ts';
import { type Result, reportText, resultJson } from './report.ts';
import type { WeekRow } from './weeks.ts';

const row = (over: Partial<WeekRow> = {}): WeekRow => ({
  week: 1,
  interactions: 600,
  qualityExamples: 150,
  qualityRate: 0.25,
  modelVersion: 'tiny-sre',
  satisfaction: 0.31,
  heldOutSatisfaction: 0.3,
  hallucinationRate: 0.68,
  thumbsUpRate: 0.29,
  ...over,
});

const empty = {
  ...{ interactions: 0, qualityExamples: 0, qualityRate: null },
  ...{ satisfaction: null, hallucinationRate: null, thumbsUpRate: null },
};

const result = (over: Partial<Result> = {}): Result => ({
  weeks: [row(), row({ week: 2, modelVersion: '2026-w48.1', heldOutSatisfaction: 0.58, ...empty })],
  ceiling: [0.3, 0.62],
  notes: ['Week 1: 2 of 600 visits failed.'],
  model: 'tiny',
  seed: 7,
  bank: 'sre',
  seconds: {
    ...{ pretrain: 20.1, start: 5, visits: 60, review: 3 },
    ...{ curation: 4, training: 40, rollout: 0, measurement: 6 },
  },
  ...over,
});

describe('the report', () => {
  it('is a table of weeks with the ceiling, notes and the time of each step', () => {
    expect(reportText(result())).toMatchInlineSnapshot(`
      "Bank sre, model tiny, seed 7

      week  interactions  quality  quality %       model  satisfied  held out  ceiling  hallucinated  thumbs up
      ----  ------------  -------  ---------  ----------  ---------  --------  -------  ------------  ---------
         1           600      150      25.0%    tiny-sre      31.0%     30.0%    30.0%         68.0%      29.0%
         2             0        0          -  2026-w48.1          -     58.0%    62.0%             -          -

      Held-out questions answered right: 30.0% in week 1 (tiny-sre), 58.0% in week 2 (2026-w48.1).
      satisfied: visits answered with the fact; who was not often asks again, which lowers it.
      held out: the share right of questions that nobody has ever asked the product.
      ceiling: facts corrected so far, and the rest as right as the base was on them.
      The last row had no visits: it measures the model that came out of the last week.
      Week 1: 2 of 600 visits failed.
      Time: pretrain 20.1 s, start 5 s, visits 60 s, review 3 s, curation 4 s, training 40 s, measurement 6 s"
    `);
  });

  it('has a text for zero rows', () => {
    expect(reportText(result({ weeks: [], ceiling: [] }))).toContain('No week was run.');
  });

  it('is JSON with exactly the promised keys', () => {
    const parsed: unknown = JSON.parse(resultJson(result()));
    const { weeks, ceiling, model, seed, bank, seconds } = result();
    expect(parsed).toStrictEqual({ weeks, ceiling, model, seed, bank, seconds });
  });
});

describe('the picture', () => {
  it('has a title, both axes and one labelled line a measure', () => {
    const svg = chartSvg(result());
    for (const name of [
      'ceiling',
      'held-out satisfaction',
      'live satisfaction',
      'thumbs up',
      'hallucinated',
    ]) {
      expect(svg).toContain(`>${name} `);
    }
    expect(svg.match(/<polyline/g)).toHaveLength(5);
    expect(svg).toContain('<title>');
    expect(svg).toContain('share of answers');
  });

  it('leaves gaps where nothing was measured', () => {
    const polyline = /<polyline points="([^"]+)" fill="none" stroke="#1a7f37"/.exec(
      chartSvg(result()),
    );
    expect(polyline?.[1]?.split(' ')).toHaveLength(1);
  });

  it.each([
    ['zero rows', { weeks: [], ceiling: [] }],
    ['one row', { weeks: [row()], ceiling: [0.3] }],
    ['only unmeasured rows', { weeks: [row(empty)], ceiling: [0] }],
  ])('has no NaN for %s', (_, over) => {
    expect(chartSvg(result(over))).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('escapes what comes from a bank', () => {
    expect(chartSvg(result({ bank: '<b>&' }))).not.toContain('<b>');
  });
});
