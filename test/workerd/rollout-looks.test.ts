// What looks saw is kept and handed out over time; what may be done to an experiment, and what comes
// next, is told with it.

import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { insertLook, listLooks } from '../../adapters/postgres/experiment-looks.ts';
import { experimentListSchema, experimentLooksSchema } from '../../core/wire/experiments.ts';
import {
  cleared,
  database,
  HOUR,
  later,
  look,
  newRollout,
  order,
  ring,
  shown,
  traffic,
} from './rollout-support.ts';
import { asOperator, call, rows } from './support.ts';

beforeEach(cleared);
afterAll(cleared);

const looksOf = async (id: string) => {
  const reply = await call(`/admin/experiments/${id}/looks`, { headers: asOperator });
  expect(reply.status, reply.text).toBe(200);
  return experimentLooksSchema.parse(reply.body).metrics;
};
const listed = async () =>
  experimentListSchema.parse((await call('/admin/experiments', { headers: asOperator })).body)
    .experiments;

test('each look leaves a point of each metric, as the page then shows it', async () => {
  const { id } = await newRollout({ rules: { autoAdvance: false } });
  await look(id);
  expect(await looksOf(id)).toEqual([]);
  await traffic(160, { treatmentErrors: 0.1, thumbs: true });
  await look(id);
  later(HOUR);
  await traffic(80, { treatmentErrors: 0.1, thumbs: true });
  await Promise.all([ring(id), look(id)]);
  const errors = (await looksOf(id)).find(({ metric }) => metric === 'error')?.looks ?? [];
  expect(errors.length).toBeGreaterThanOrEqual(2);
  expect(errors.map(({ at }) => at)).toEqual(errors.map(({ at }) => at).toSorted());
  const evidence = (await shown(id)).evidence;
  const error = evidence?.metrics.find(({ metric }) => metric === 'error');
  const last = errors.at(-1);
  expect(last).toMatchObject({
    share: 0.25,
    scale: error?.effect?.scale,
    estimate: error?.effect?.estimate,
    lower: error?.effect?.lower,
    upper: error?.effect?.upper,
    tolerated: error?.limits?.tolerated,
    treatment_users: evidence?.users.treatment,
    control_users: evidence?.users.control,
  });
  expect(errors[0]?.treatment_users).toBeLessThan(last?.treatment_users ?? 0);
  // What changes later does not change what was seen.
  await traffic(40, { treatmentErrors: 1 });
  const again = (await looksOf(id)).find(({ metric }) => metric === 'error')?.looks;
  expect(again).toEqual(errors);
});

test('the look that rolls back is kept too, and none comes after it', async () => {
  const { id } = await newRollout({ rules: { shares: [0.5, 0.95] } });
  await look(id);
  await traffic(240, { treatmentErrors: 0.5 });
  later(HOUR);
  await ring(id);
  expect(await shown(id)).toMatchObject({ outcome: 'rolled_back', actions: [] });
  const seen = (await looksOf(id)).find(({ metric }) => metric === 'error')?.looks;
  expect(seen).toHaveLength(1);
  await look(id);
  expect((await looksOf(id)).find(({ metric }) => metric === 'error')?.looks).toEqual(seen);
});

const point = {
  metric: 'error',
  controlUsers: 900,
  treatmentUsers: 100,
  scale: 'log_ratio',
  estimate: 0.1,
  variance: 0.01,
  tau: 0.3,
  lower: -0.2,
  upper: 0.4,
  tolerated: 0.05,
} as const;

test('a look that comes twice is kept once, as it came first', async () => {
  const experimentId = 'rollout-looks-twice';
  const once = { experimentId, at: new Date(1_000), stratum: 0, shareBp: 1_000 };
  await database((db) => insertLook(db, { ...once, metrics: [point] }));
  await database((db) => insertLook(db, { ...once, metrics: [{ ...point, estimate: 9 }] }));
  await database((db) => insertLook(db, { ...once, metrics: [] }));
  const kept = await database((db) => listLooks(db, experimentId, 200));
  expect(kept).toMatchObject([{ at_ms: 1_000, estimate: 0.1 }]);
});

test('two weeks of looks are thinned evenly, the same for every metric, with the newest', async () => {
  const experimentId = 'rollout-looks-many';
  const metrics = [point, { ...point, metric: 'thumbs_up' }];
  const all = 1_345;
  await database(async (db) => {
    for (let at = 0; at < all; at += 1) {
      const when = { at: new Date(at * 900_000), stratum: 0, shareBp: 1_000 };
      await insertLook(db, { experimentId, ...when, metrics });
    }
  });
  const kept = await database((db) => listLooks(db, experimentId, 200));
  const times = (metric: string) =>
    kept.filter((row) => row.metric === metric).map(({ at_ms }) => at_ms / 900_000);
  expect(times('error')).toEqual(times('thumbs_up'));
  expect(times('error').length).toBeLessThanOrEqual(200);
  expect(times('error').length).toBeGreaterThan(150);
  expect(times('error').at(-1)).toBe(all - 1);
  const gaps = times('error').flatMap((at, index, list) =>
    index === 0 ? [] : [at - (list[index - 1] ?? 0)],
  );
  expect(new Set(gaps).size).toBe(1);
  await rows(sql`DELETE FROM experiment_looks WHERE experiment_id LIKE 'rollout-looks-%'`);
});

test('what may be done follows the phase, and the line has its places', async () => {
  const first = await newRollout({ rules: { autoAdvance: false } });
  const second = await newRollout();
  const third = await newRollout();
  const manual = await newRollout({ policy: { startsItself: false } });
  const offered = async (id: string) => (await shown(id)).actions.map(({ action }) => action);
  for (const { id } of [first, second, third]) await look(id);
  expect(await offered(manual.id)).toEqual(['start', 'approve', 'reject', 'stop']);
  expect(await offered(first.id)).toEqual(['pause', 'stop', 'rollback']);
  expect(await offered(third.id)).toEqual(['stop']);
  expect((await shown(third.id)).place).toBe(2);
  expect((await shown(third.id)).next.says).toContain('number 2 in the line');
  const places = new Map((await listed()).map(({ id, place }) => [id, place]));
  expect([first, second, third].map(({ id }) => places.get(id))).toEqual([null, 1, 2]);

  await traffic(160);
  later(25 * HOUR);
  await traffic(40);
  await ring(first.id);
  const waiting = await shown(first.id);
  expect(waiting.actions.find(({ action }) => action === 'approve')).toEqual({
    action: 'approve',
    refusal: null,
  });
  expect(waiting.next.says).toContain('waits for you to let it go to 50 %');
  // A day of silence: the engine would not take the approval that it waits for.
  later(24 * HOUR);
  const { actions, next } = await shown(first.id);
  const refusal = actions.find(({ action }) => action === 'approve')?.refusal;
  expect(refusal).toMatch(/^it may not go up now; hold: nothing recorded in/);
  expect(next.needs.find(({ what }) => what === 'data arrive')?.met).toBe(false);
  const refused = await order(first.id, 'approve');
  expect(refused.status).toBe(409);
  expect(refused.text.toLowerCase()).toContain(refusal?.toLowerCase());
});

test('looks of what is no experiment are not found', async () => {
  const reply = await call('/admin/experiments/rollout-nothing-1/looks', { headers: asOperator });
  expect(reply.status).toBe(404);
});
