// Scripted voters against whole rollouts: visitors, recorder's sums, bounds, enrolment and decisions as
// they are, on the same weeks with and without the attack.

import { beforeAll, describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';
import { runRollout } from './run.ts';
import { scenarioSchema } from './scenario.ts';
import { World } from './world.ts';

const policy: RolloutPolicy = {
  rules: { ...DEFAULT_POLICY, autoAdvance: true },
  startsItself: true,
  lookEveryMs: 900_000,
  remindEveryMs: 86_400_000,
};
const SEEDS = [1, 2, 3];

/** With the enrolment that is shipped. A small homepage, which is enough where nothing is to be found. */
const scenario = (over: object = {}) =>
  scenarioSchema.parse({
    name: 'attack',
    users_per_day: 1_000,
    min_identity_age_seconds: 3_600,
    ...over,
  });
const outcomes = (over: object, seeds: readonly number[] = SEEDS) =>
  seeds.map((seed) => runRollout(scenario(over), policy, seed).outcome);

const ONE_PERCENT = { scripted: 0.01 };
const FRESH = { ...ONE_PERCENT, scripts_identity: 'each_visit' };
const ONE_SHOT = { ...ONE_PERCENT, scripts_identity: 'each_answer' };
const KNOWING = { scripts_know_arm: true };
const IDENTICAL = {};
/** Enough visitors to rule harm out, so that it goes up in some days. */
const BETTER = { users_per_day: 10_000, treatment: { thumbs_up: 0.8 } };

describe('one per cent of scripted voters', () => {
  const withoutThem: Record<'identical' | 'better', string[]> = { identical: [], better: [] };
  beforeAll(() => {
    withoutThem.identical = outcomes(IDENTICAL);
    withoutThem.better = outcomes(BETTER);
  });

  it('meet rollouts that go up for a better model and not for the same', () => {
    expect(withoutThem.identical).toEqual(SEEDS.map(() => 'inconclusive'));
    expect(withoutThem.better).toEqual(SEEDS.map(() => 'promoted'));
  });

  it.each([
    ['under an identity they keep', ONE_PERCENT],
    ['under a fresh identity each visit', FRESH],
    ['under a fresh identity each answer', ONE_SHOT],
    ['under a fresh identity each answer, knowing their arm', { ...ONE_SHOT, ...KNOWING }],
  ])('flip no decision %s', (_, attack) => {
    expect(outcomes({ ...IDENTICAL, ...attack })).toEqual(withoutThem.identical);
    expect(outcomes({ ...BETTER, ...attack })).toEqual(withoutThem.better);
  });

  it('do not hold a better model up by sixty votes a visit, as they would if all counted', () => {
    const heavy = { ...BETTER, ...ONE_PERCENT, users_per_day: 5_000, scripts_answers: 60 };
    const [, ...some] = SEEDS;
    expect(outcomes(heavy, some)).toEqual(some.map(() => 'promoted'));
    const most = 1_000_000;
    const bounds = {
      max_votes_per_day: most,
      max_votes_per_minute: most,
      one_way_votes_per_week: most,
    };
    expect(outcomes({ ...heavy, bounds }, some)).toEqual(some.map(() => 'inconclusive'));
  });

  it('would turn it round if they knew their arm: blindness stands against that, and the caps', () => {
    const knowing = { ...IDENTICAL, users_per_day: 5_000, scripts_know_arm: true };
    const against = outcomes({ ...knowing, ...FRESH });
    expect(against).toEqual(SEEDS.map(() => 'rolled_back'));
    // More votes than count of one visitor weigh less than few.
    const heavy = outcomes({ ...knowing, ...ONE_PERCENT, scripts_answers: 60 });
    expect(heavy).toEqual(withoutThem.identical);
  });
});

describe('what counts of a script', () => {
  /** Thumbs recorded in three days of a homepage on which everybody is a script. */
  const thumbs = (over: object, days = 3) => {
    const world = new World(scenario({ users_per_day: 20, scripted: 1, returning: 1, ...over }), 1);
    for (let slot = 0; slot < days * 96; slot += 1) world.pass(slot, 5_000);
    const { thumbs_up: moments } = world.observed(days * 96).metrics;
    if (moments === undefined) throw new Error('thumbs are measured');
    const { cells, users } = moments;
    return {
      votes: cells.reduce((sum, { n }) => sum + n, 0),
      visitors: users.control + users.treatment,
      users: cells.reduce((sum, cell) => sum + cell.users, 0),
    };
  };
  const perVisitor = (over: object, days?: number) => {
    const { votes, visitors } = thumbs(over, days);
    return votes / visitors;
  };

  it('is one vote a week where all point the same way, however many they give', () => {
    expect(perVisitor({ scripts_answers: 60 })).toBe(1);
    expect(perVisitor({ scripts_answers: 60 }, 9)).toBe(2);
    expect(thumbs({ scripts_answers: 60 }).users).toBe(thumbs({ scripts_answers: 60 }).visitors);
  });

  it('is what fits into a minute, while they are too few to be one-way', () => {
    expect(perVisitor({ scripts_answers: 15 }, 1)).toBe(10);
  });

  it('is nothing for an identity that asks once', () => {
    expect(thumbs({ scripts_identity: 'each_answer' }).votes).toBe(0);
    expect(
      thumbs({ scripts_identity: 'each_answer', min_identity_age_seconds: 0 }).votes,
    ).toBeGreaterThan(0);
  });
});
