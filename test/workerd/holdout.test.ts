// The held-out slice on the stack: it follows time by itself, falls back to production, leaves
// experiments alone, is counted by the recorder and shown week by week, and never without its reason.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openWindow } from '../../core/calendar.ts';
import { stratumOfWeek } from '../../core/holdout.ts';
import { assign } from '../../core/routing.ts';
import { holdoutAnswerSchema } from '../../core/wire/holdout.ts';
import { sweepHoldout } from '../../functions/rollout/holdout.ts';
import { learningOf, moveClock, now } from '../../workers/env.ts';
import { deliver, thumbOf } from './experiment-support.ts';
import { advance, named, PAST_LEASE_MS, quiet, ready, recorded } from './faults-support.ts';
import { emptied } from './history-support.ts';
import { cleared, newModel, PRODUCTION, route, table } from './rollout-support.ts';
import { AGENT, asOperator, call, interactionOf, rows } from './support.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Sunday 02:00, an hour after a week began. */
const T0 = Date.parse('2035-01-07T02:00:00Z') + HOUR;

const { ab_testing } = learningOf(env);
const { max_experiments } = ab_testing;

const at = (ms: number) => moveClock(env, T0 + ms);
const sweep = () => sweepHoldout(env, now(env));
const shown = async () =>
  holdoutAnswerSchema.parse((await call('/admin/holdout', { headers: asOperator })).body);
const held = async () => (await table()).holdout;

async function promote(model: string): Promise<void> {
  await newModel({ id: model });
  await route({ action: 'start', model_id: model, share: 0.5 });
  expect((await route({ action: 'promote', model_id: model })).status).toBe(200);
}

beforeAll(async () => {
  await cleared();
  await emptied();
});
beforeEach(async () => {
  ab_testing.holdout = { enabled: true, share: 0.1, weeks: 4 };
  await ready();
});
afterEach(async () => {
  ab_testing.holdout = { enabled: false, share: 0.02, weeks: 4 };
  ab_testing.max_experiments = max_experiments;
  await sweep();
  await cleared();
  await emptied();
});
afterAll(async () => {
  await ready();
  moveClock(env, Date.now());
});

/** `old` was production from the first day, `young` from the tenth, and five weeks later it still is. */
async function fiveWeeks(): Promise<{ old: string; young: string }> {
  const [old, young] = [named('old'), named('young')];
  at(0);
  await promote(old);
  at(10 * DAY);
  await promote(young);
  at(35 * DAY);
  return { old, young };
}

test('waits for the model server, then holds out what was production, and says so in the history', async () => {
  const { old, young } = await fiveWeeks();
  await sweep();
  expect(await held()).toMatchObject({ model: null, stratum: stratumOfWeek('2035-w07') });
  expect((await shown()).now?.reason).toBe(
    `${old}, production on 2035-01-14, is not at the model server`,
  );
  await ready(old, young);
  await sweep();
  const { version } = await table();
  await sweep();
  expect((await table()).version).toBe(version);
  expect(await held()).toMatchObject({ model: old, shareBp: 1000, id: 'holdout-4w' });
  const history = await rows(
    sql`SELECT who, summary FROM history WHERE action = 'hold_out' ORDER BY seq`,
  );
  expect(history).toEqual([
    { who: 'engine', summary: expect.stringContaining('10 % held out, answered by production') },
    {
      who: 'engine',
      summary: `10 % held out on ${old}: production on 2035-01-14, for 2035-w07`,
    },
  ]);
  const verified = await call('/admin/history/verify', { headers: asOperator });
  const { damage } = z
    .object({ damage: z.array(z.object({ problem: z.string() })) })
    .parse(verified.body);
  // The published head is of other files' rows, or there is none.
  const ofTheHead = ['cut_off', 'rewritten', 'head_missing'];
  expect(damage.filter(({ problem }) => !ofTheHead.includes(problem))).toEqual([]);
});

test('advances by itself when the week is over; what it needs next is loaded before', async () => {
  const { old, young } = await fiveWeeks();
  const serving = async () => {
    const { body } = await call('/agent/serving', {
      headers: { authorization: `Bearer ${AGENT}` },
    });
    return z
      .object({ models: z.array(z.object({ model_id: z.string() })) })
      .parse(body)
      .models.map(({ model_id }) => model_id);
  };
  // Four more generations, so that neither is production, its predecessor or among the newest.
  for (let made = 0; made < 4; made += 1) await promote(named('newer'));
  expect(await serving()).toEqual(expect.arrayContaining([old, young]));
  await ready(old, young);
  await sweep();
  expect(await held()).toMatchObject({ model: old });
  at(42 * DAY);
  expect(await serving()).not.toContain(old);
  await sweep();
  expect(await held()).toMatchObject({ model: young, stratum: stratumOfWeek('2035-w08') });
  ab_testing.holdout.enabled = false;
  await sweep();
  expect(await held()).toBeUndefined();
});

test('promotions and rollbacks leave it alone', async () => {
  const { old, young } = await fiveWeeks();
  const next = named('next');
  await ready(old, young, next);
  await sweep();
  await promote(next);
  expect(await held()).toMatchObject({ model: old });
  await route({ action: 'rollback', model_id: next });
  expect(await table()).toMatchObject({ production: young, holdout: { model: old } });
});

test('a model that was taken out of production again is not held out on', async () => {
  const [bad, good] = [named('bad'), named('good')];
  at(0);
  await promote(good);
  at(6 * DAY);
  await promote(bad);
  at(8 * DAY);
  await route({ action: 'rollback', model_id: bad });
  at(35 * DAY);
  await ready(bad, good);
  await sweep();
  expect(await held()).toMatchObject({
    model: null,
    reason: `${bad}, production on 2035-01-14, was rolled back on 2035-01-15`,
  });
});

test('a model that learned from somebody since erased is off at the next sweep', async () => {
  const { old } = await fiveWeeks();
  await ready(old);
  await sweep();
  expect(await held()).toMatchObject({ model: old });
  await rows(sql`INSERT INTO model_flags (model_id, dataset_id, erasure_id, reason, at)
    VALUES (${old}, '2035-w01', ${crypto.randomUUID()}, 'for a test', now())`);
  await sweep();
  expect(await held()).toMatchObject({
    model: null,
    reason: expect.stringContaining('erased since'),
  });
});

test('a held-out model that fails is answered for by production, and given a day of rest', async () => {
  const [old, young] = [named('refuses'), named('young')];
  at(0);
  await promote(old);
  at(10 * DAY);
  await promote(young);
  at(35 * DAY);
  await ready(old, young);
  await sweep();
  await advance(PAST_LEASE_MS);
  const made = await call('/admin/keys', {
    body: { name: named('k').slice(0, 20), scopes: ['chat'] },
    headers: asOperator,
  });
  const key = z.object({ key: z.string(), prefix: z.string() }).parse(made.body);
  const current = await table();
  const users = Array.from({ length: 400 }, (_, index) => `u${index}`).filter(
    (user) => assign(current, `${key.prefix}:${user}`).arm === 'control',
  );
  const ask = async (user: string, message: string) => {
    const { status, text } = await call('/v1/chat/completions', {
      body: { model: 'agent-bruno', user, messages: [{ role: 'user', content: message }] },
      headers: { authorization: `Bearer ${key.key}` },
    });
    expect(status).toBe(200);
    expect(text).toContain(`${young} answers`);
  };
  const first = named('question');
  await ask(users[0] ?? '', first);
  await quiet();
  expect(await recorded(first)).toMatchObject([
    { model_assigned: old, model_served: young, arm: 'control', fault: 'model' },
  ]);
  for (const user of users.slice(1, 25)) await ask(user, named('question'));
  await quiet();
  expect(await held()).toMatchObject({
    model: null,
    reason: `calls to ${old} fail while ${young} answers`,
    resting: { model: old },
  });
  await sweep();
  expect(await held()).toMatchObject({ model: null });
  at(36 * DAY + HOUR);
  await sweep();
  expect(await held()).toMatchObject({ model: old, resting: null });
});

test('its answers are counted by week, and shown as production against the held-out model', async () => {
  const { old, young } = await fiveWeeks();
  await ready(old, young);
  await sweep();
  ab_testing.max_experiments = 3;
  await newModel({ id: 'holdout-rival' });
  await route({ action: 'start', model_id: 'holdout-rival', share: 0.5 });
  const current = await table();
  const week = openWindow(now(env)).id;
  const visitors = Array.from({ length: 600 }, (_, index) => `${old}-${index}`);
  const answers = visitors.map((visitor_id) => {
    const { model, arm, experimentId, shareBp, stratum } = assign(current, visitor_id);
    return interactionOf({
      visitor_id,
      model_assigned: model,
      model_served: model,
      arm,
      experiment_id: experimentId,
      share_bp: shareBp,
      stratum,
      created_at: now(env) - 1_000,
    });
  });
  const own = answers.filter((answer) => answer.experiment_id === 'holdout-4w');
  expect(answers.every((answer) => answer.experiment_id !== null)).toBe(true);
  // Production is liked by four in five, the old model by two in five.
  const votes = ['control', 'treatment'].flatMap((arm) =>
    own
      .filter((answer) => answer.arm === arm)
      .map((answer, index) => {
        const up = index % 5 < (arm === 'control' ? 2 : 4);
        return thumbOf(answer, up ? 'thumbs_up' : 'thumbs_down', now(env));
      }),
  );
  await deliver([...answers, ...votes]);
  const view = await shown();
  const [thumbs] = view.metrics;
  expect(view.now).toMatchObject({ model: old, counting: true, week });
  expect(view.split).toMatchObject({ broken: false });
  expect(thumbs?.metric).toBe('thumbs_up');
  expect(thumbs?.weeks).toHaveLength(1);
  const [only] = thumbs?.weeks ?? [];
  const countOf = (arm: string) => own.filter((answer) => answer.arm === arm).length;
  expect(only).toMatchObject({
    week,
    held_out_models: [old],
    production_models: [young],
    held_out: { users: countOf('control'), n: countOf('control') },
    production: { users: countOf('treatment'), n: countOf('treatment') },
  });
  expect(only?.effect?.scale).toBe('ratio');
  expect(only?.effect?.estimate).toBeGreaterThan(0.5);
  expect(only?.so_far).toEqual(only?.effect);
});

test('while it is off nothing is held out and nothing is shown', async () => {
  ab_testing.holdout.enabled = false;
  const { version } = await table();
  await sweep();
  expect((await table()).version).toBe(version);
  expect(await shown()).toMatchObject({
    enabled: false,
    production: PRODUCTION,
    now: null,
  });
});
