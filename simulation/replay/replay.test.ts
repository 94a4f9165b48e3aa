import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../core/assignment.ts';
import { emptyMoments, momentsOf } from '../../core/statistics/moments.ts';
import { runRollout } from '../rollout/run.ts';
import { type Scenario, scenarioSchema } from '../rollout/scenario.ts';
import { SLOT_MS } from '../rollout/traffic.ts';
import { differences } from './differences.ts';
import { type AnswerLine, type Line, readRun } from './events.ts';
import { checkReplayable } from './limits.ts';
import { lookSums } from './look-sums.ts';
import { placesOf, userAt } from './names.ts';
import { REPLAY_POLICY } from './policy.ts';
import { writeRun } from './run.ts';
import { timesOf } from './timing.ts';

const folder = new URL('./scenarios/', import.meta.url);
const scenarios = readdirSync(folder).map((name) =>
  scenarioSchema.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))),
);

function written(scenario: Scenario, seed: number): Line[] {
  const lines: Line[] = [];
  writeRun({ scenario, policy: REPLAY_POLICY, seed }, (line) => lines.push(line));
  return lines;
}
const asText = (lines: readonly Line[]) => lines.map((line) => JSON.stringify(line)).join('\n');

const answer = (over: Partial<AnswerLine> = {}): AnswerLine => ({
  kind: 'answer',
  id: 0,
  visitor: 0,
  arm: 'control',
  share_bp: 2_500,
  slot: 0,
  breaks: false,
  first_token_ms: 800,
  total_ms: 1_800,
  completion_tokens: 33,
  ...over,
});

describe('a written run', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s decides as one that is not written',
    (_, scenario) => {
      const expected = runRollout(scenario, REPLAY_POLICY, 3);
      const last = readRun(asText(written(scenario, 3))).looks.at(-1);
      expect(last?.slot).toBe(expected.hours * 4);
      expect(last?.reason).toBe(expected.reason);
    },
  );

  it('has every answer and vote that its sums count', () => {
    for (const scenario of scenarios) {
      const { answers, votes, looks } = readRun(asText(written(scenario, 5)));
      const last = looks.at(-1);
      const counted = (metric: string) =>
        last?.sums.metrics[metric]?.cells.reduce((sum, { n }) => sum + n, 0);
      expect(counted('error')).toBe(answers.length);
      expect(counted('thumbs_up')).toBe(votes.length);
      expect(last?.sums.metrics.error?.cells.reduce((sum, { y }) => sum + y, 0)).toBe(
        answers.filter(({ breaks }) => breaks).length,
      );
    }
  });

  it('is small enough to be replayed, and one that is not is refused', () => {
    for (const scenario of scenarios) {
      expect(() => checkReplayable(readRun(asText(written(scenario, 5))))).not.toThrow();
    }
    const many = Array.from({ length: 2_000 }, (_, id) => answer({ id, slot: id }));
    expect(() => checkReplayable({ answers: many })).toThrow('2000 answers in control');
    const failing = many.slice(0, 30).map((one) => ({ ...one, slot: 4, breaks: one.id % 2 === 0 }));
    expect(() => checkReplayable({ answers: failing })).not.toThrow();
    const crowd = many.slice(0, 90).map((one) => ({ ...one, slot: 4, breaks: one.id % 2 === 0 }));
    expect(() => checkReplayable({ answers: crowd })).toThrow(
      'control in quarter 4 open its breaker',
    );
    const late = [answer({ first_token_ms: 8_001 })];
    expect(() => checkReplayable({ answers: late })).toThrow('answer 0 begins after 8001 ms');
  });

  it('says which line is no event', () => {
    const lines = asText(written(scenarios[0] ?? scenarioSchema.parse({ name: 'none' }), 1));
    expect(() => readRun(`${lines}\n{"kind":"vote"}`)).toThrow(/^line \d+ is no raw event/);
    expect(() => readRun('{"kind":"vote","answer":1,"slot":1,"up":true}')).toThrow('line 1');
  });

  it('refuses a scenario with what the product would not be told the same way', () => {
    const judged = scenarioSchema.parse({ name: 'judged-late', feedback_delay_hours: 6 });
    expect(() => written(judged, 1)).toThrow('leave out feedback_delay_hours, judged;');
  });
});

describe('names', () => {
  it('are placed by the router’s hash where the visitor’s arms were', () => {
    const met = [
      answer({ visitor: 7, share_bp: 2_500 }),
      answer({ visitor: 7, share_bp: 5_000, arm: 'treatment' }),
    ];
    const place = placesOf(met).get(7);
    expect(place).toEqual({ fromBp: 2_500, toBp: 5_000 });
    const user = userAt(place ?? { fromBp: 0, toBp: 0 }, { prefix: 'key', salt: 's', stem: 'v' });
    const bucket = bucketOf(`key:${user}`, 's');
    expect(bucket).toBeGreaterThanOrEqual(2_500);
    expect(bucket).toBeLessThan(5_000);
  });

  it('are none for a visitor whom no place explains', () => {
    const both = [answer({ arm: 'treatment' }), answer({ arm: 'control' })];
    expect(() => placesOf(both)).toThrow('visitor 0 met both arms');
  });
});

describe('the times of a quarter of an hour', () => {
  it('leave no arm silent at its end, and are too far apart for a breaker to open', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 58 }),
        fc.integer({ min: 1, max: 58 }),
        (control, treatment) => {
          const arms = ['control', 'treatment'] as const;
          const asked = timesOf(
            [control, treatment].flatMap((count, arm) =>
              Array.from({ length: count }, (_, id) => answer({ id, arm: arms[arm] ?? 'control' })),
            ),
          );
          for (const arm of arms) {
            const times = asked.filter(({ line }) => line.arm === arm).map(({ atMs }) => atMs);
            expect(SLOT_MS - (times.at(-1) ?? 0)).toBeLessThan(30_000);
            expect(times[0]).toBeGreaterThanOrEqual(0);
            times.forEach((at, index) => {
              expect(at - (times[index - 4] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
                60_000,
              );
            });
          }
        },
      ),
    );
  });
});

describe('differences', () => {
  it('are none between equal data and name the place of each other', () => {
    const sums = { users: { control: 3, treatment: 2 }, rows: [1, 2] };
    expect(differences('look', sums, structuredClone(sums))).toEqual([]);
    expect(differences('look', sums, { users: { control: 4, treatment: 2 }, rows: [1] })).toEqual([
      'look, users, control: simulated 3, recorded 4',
      'look, rows, 1: simulated 2, recorded nothing',
    ]);
  });

  it('do not depend on the order in which sums came to be', () => {
    const rows = [
      { visitor: 'a', stage: '2500', arm: 'control', n: 2, y: 1 },
      { visitor: 'a', stage: '5000', arm: 'treatment', n: 3, y: 0 },
      { visitor: 'b', stage: '2500', arm: 'treatment', n: 1, y: 1 },
    ] as const;
    const observed = (moments: ReturnType<typeof emptyMoments>) => ({
      nowMs: 0,
      metrics: { error: moments, thumbs_up: emptyMoments() },
      waived: [],
      users: moments.users,
      splitGroups: [],
      judging: null,
      arrivals: {
        control: { newestMs: null, lastDay: 0 },
        treatment: { newestMs: null, lastDay: 0 },
      },
      offline: null,
    });
    const sums = lookSums(observed(momentsOf(rows)));
    expect(lookSums(observed(momentsOf(rows.toReversed())))).toEqual(sums);
    expect(sums.metrics.error?.products).toContainEqual([
      'control at 2500',
      'treatment at 5000',
      0,
      3,
      0,
      6,
    ]);
    expect(Object.keys(sums.metrics)).toEqual(['error']);
  });
});
