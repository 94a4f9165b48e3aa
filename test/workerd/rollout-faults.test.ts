// What may happen to a running rollout: its object is evicted, alarmed twice or lost, an effect fails,
// two commands come at once. It comes to the same end, and nothing is done twice.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decide } from '../../core/rollout/decide.ts';
import { after, heldSchema } from '../../core/rollout/held.ts';
import { facts } from '../../core/rollout/testing.ts';
import type { ExperimentObject } from '../../functions/rollout/experiment-object.ts';
import { rolloutAnswerSchema } from '../../functions/rollout/experiment-object.ts';
import { callObject } from '../../workers/durable.ts';
import { now } from '../../workers/env.ts';
import { turnDatabase } from './faults-support.ts';
import {
  actionsOf,
  cleared,
  HOUR,
  later,
  look,
  newRollout,
  order,
  PRODUCTION,
  ring,
  shareOf,
  shown,
  stepsOf,
  stubOf,
  table,
  traffic,
} from './rollout-support.ts';
import { asOperator, call, rows } from './support.ts';

beforeEach(cleared);
afterAll(cleared);
afterEach(() => vi.restoreAllMocks());

/** On traffic at 25 %, with enough visitors and time for the next step. */
async function ripe(over: Parameters<typeof newRollout>[0] = {}) {
  const made = await newRollout(over);
  await look(made.id);
  await traffic(160);
  later(25 * HOUR);
  await traffic(40);
  return made;
}

/** All that the object holds goes. */
const lose = (id: string) =>
  runInDurableObject(stubOf(id), async (instance: ExperimentObject, state) => {
    await state.storage.deleteAll();
    Object.assign(instance, { held: null });
  });

test('alarmed twice, and evicted in between: one step', async () => {
  const { id } = await ripe();
  await Promise.all([ring(id), look(id), look(id)]);
  await evictDurableObject(stubOf(id));
  await ring(id);
  await look(id);
  expect(await shareOf(id)).toBe(5_000);
  expect(await actionsOf(id)).toEqual(['planned', 'running', 'running']);
  const changes = await rows(
    sql`SELECT action FROM routing_history WHERE to_table -> 'experiments' @> ${JSON.stringify([{ id }])}::jsonb`,
  );
  expect(changes).toHaveLength(2);
});

test('an effect that fails waits, and nothing is decided until it is done', async () => {
  const { id } = await ripe();
  await runInDurableObject(stubOf(id), async (instance: ExperimentObject) => {
    const bindings: typeof env = Reflect.get(instance, 'bindings');
    const get = bindings.ROUTING.get.bind(bindings.ROUTING);
    let calls = 0;
    // The table can be read for the decision; the change that follows does not reach it.
    vi.spyOn(bindings.ROUTING, 'get').mockImplementation((...args) => {
      calls += 1;
      if (calls > 2) throw new Error('unreachable');
      return get(...args);
    });
  });
  const answered = await look(id);
  expect(answered).toMatchObject({ settled: false, reason: 'to 50 %' });
  expect(await actionsOf(id)).toEqual(['planned', 'running', 'running']);
  later(25 * HOUR);
  expect(await look(id)).toMatchObject({ settled: false, reason: 'to 50 %' });
  vi.restoreAllMocks();
  expect(await shareOf(id)).toBe(2_500);
  expect((await order(id, 'approve')).status).toBe(409);
  await evictDurableObject(stubOf(id));
  await ring(id);
  expect(await shareOf(id)).toBe(5_000);
  expect(await actionsOf(id)).toHaveLength(3);
});

test('a saved step is performed after an eviction, before anything else is decided', async () => {
  const { id } = await ripe();
  await runInDurableObject(stubOf(id), async (instance: ExperimentObject) => {
    // As if the machine had stopped between saving a step and performing it.
    const held = heldSchema.parse(instance.held);
    const nowMs = now(env);
    const known = facts({ production: PRODUCTION });
    const decision = decide(held.state, known, { policy: held.policy, nowMs });
    const taken = { nowMs, who: 'engine', why: null, requestId: null };
    instance.held = after(held, decision, taken);
    await instance.persist();
  });
  expect(await shareOf(id)).toBe(2_500);
  await evictDurableObject(stubOf(id));
  expect(await look(id)).toMatchObject({ settled: true });
  expect(await shareOf(id)).toBe(5_000);
  expect(await actionsOf(id)).toEqual(['planned', 'running', 'running']);
});

test('a step that an earlier release saved is performed by the one deployed over it', async () => {
  const { id, candidate } = await ripe({ rules: { shares: [0.95] } });
  await runInDurableObject(stubOf(id), async (instance: ExperimentObject) => {
    const held = heldSchema.parse(instance.held);
    const nowMs = now(env);
    const decision = decide(held.state, facts({ production: PRODUCTION }), {
      policy: held.policy,
      nowMs,
    });
    // That release promoted without saying against which production.
    const effects = decision.effects.map((effect) =>
      effect.kind === 'promote' ? { kind: effect.kind } : effect,
    );
    const taken = { nowMs, who: 'engine', why: null, requestId: null };
    instance.held = after(held, { ...decision, effects }, taken);
    await instance.persist();
  });
  await evictDurableObject(stubOf(id));
  expect(await look(id)).toMatchObject({ settled: true });
  expect(await table()).toMatchObject({ production: candidate, experiments: [] });
  expect(await shown(id)).toMatchObject({ status: 'ended', outcome: 'promoted' });
});

test('two that were compared with the same production: the later promotion is refused, and it is taken off', async () => {
  const { id } = await ripe({ rules: { shares: [0.95] } });
  await runInDurableObject(stubOf(id), async (instance: ExperimentObject) => {
    const held = heldSchema.parse(instance.held);
    const nowMs = now(env);
    const { at } = held.state;
    if (!('progress' in at)) throw new Error('it is not on traffic');
    // What it read before another one was promoted.
    const known = facts({ production: 'earlier' });
    const state = {
      ...held.state,
      at: { ...at, progress: { ...at.progress, production: 'earlier' } },
    };
    const decision = decide(state, known, { policy: held.policy, nowMs });
    instance.held = after({ ...held, state }, decision, {
      nowMs,
      who: 'engine',
      why: null,
      requestId: null,
    });
    await instance.persist();
  });
  await look(id);
  expect(await table()).toMatchObject({ production: PRODUCTION, experiments: [] });
  expect(await shown(id)).toMatchObject({
    status: 'ended',
    outcome: 'stopped',
    reason: expect.stringContaining('was compared with earlier, and tiny-sre is in production'),
  });
});

test('with the record out of reach a candidate is taken off at once, and written down later', async () => {
  const { id } = await ripe();
  await turnDatabase('down');
  const body = { id, why: 'calls fail' };
  const answered = await callObject({
    namespace: env.EXPERIMENTS,
    name: id,
    path: '/down',
    body,
    answer: rolloutAnswerSchema,
    timeoutMs: 30_000,
  });
  expect(answered).toMatchObject({ settled: false, state: { at: { outcome: 'rolled_back' } } });
  expect(await shareOf(id)).toBeNull();
  await turnDatabase('up');
  expect((await actionsOf(id)).at(-1)).toBe('running');
  await ring(id);
  expect((await actionsOf(id)).at(-1)).toBe('rolled_back');
});

test('an operator rolls back while the record is out of reach, and is told what was done', async () => {
  const { id } = await ripe();
  await turnDatabase('down');
  const back = await order(id, 'rollback');
  expect(back.status, back.text).toBe(202);
  expect(back.body).toEqual({ id, reason: 'rolled back: test rollback', recorded: false });
  expect(await shareOf(id)).toBeNull();
  const unknown = await order('rollout-nothing-1', 'rollback');
  expect(unknown.status).not.toBe(202);
  await turnDatabase('up');
  await ring(id);
  expect((await actionsOf(id)).at(-1)).toBe('rolled_back');
});

test('the route is changed and shown while the record is out of reach, without its history', async () => {
  const { id } = await ripe();
  await turnDatabase('down');
  const route = await call('/admin/route', { headers: asOperator });
  expect(route.body).toMatchObject({
    table: { experiment_id: id },
    history: [],
    history_read: false,
  });
  const body = { action: 'rollback', reason: 'test' };
  const back = await call('/admin/route', { headers: asOperator, body });
  expect(back.status, back.text).toBe(200);
  expect(back.body).toMatchObject({ table: { candidate: null }, history_read: false });
  await turnDatabase('up');
});

test('a rollback that comes with an approval wins', async () => {
  const { id } = await ripe({ rules: { autoAdvance: false } });
  await look(id);
  expect((await shown(id)).status).toBe('waiting');
  const [approved, back] = await Promise.all([order(id, 'approve'), order(id, 'rollback')]);
  expect(back.status).toBe(200);
  expect([200, 409]).toContain(approved.status);
  expect(await shareOf(id)).toBeNull();
  expect((await stepsOf(id)).at(-1)).toMatchObject({
    action: 'rolled_back',
    reason: 'test rollback',
  });
  expect((await order(id, 'approve')).status).toBe(409);
});

test('an approval of what has turned out harmful is refused, and the next look takes it off', async () => {
  const { id } = await ripe({ rules: { autoAdvance: false, shares: [0.5, 0.95] } });
  await look(id);
  expect((await shown(id)).status).toBe('waiting');
  await traffic(300, { treatmentErrors: 0.5 });
  const refused = await order(id, 'approve');
  expect(refused.body).toMatchObject({
    error: { code: 'conflict', message: expect.stringMatching(/^It may not go up now; error/) },
  });
  await look(id);
  expect(await shown(id)).toMatchObject({ outcome: 'rolled_back' });
});

test('the routing object out of reach holds up no rollback: it is saved, told, and made later', async () => {
  const { id } = await ripe();
  await runInDurableObject(stubOf(id), (instance: ExperimentObject) => {
    const bindings: typeof env = Reflect.get(instance, 'bindings');
    vi.spyOn(bindings.ROUTING, 'get').mockImplementation(() => {
      throw new Error('unreachable');
    });
  });
  const body = {
    id,
    command: { action: 'rollback', reason: 'worse' },
    who: 'operator',
    request_id: crypto.randomUUID(),
  };
  const answered = await callObject({
    namespace: env.EXPERIMENTS,
    name: id,
    path: '/command',
    body,
    answer: rolloutAnswerSchema,
    timeoutMs: 10_000,
  });
  expect(answered).toMatchObject({ settled: false, state: { at: { outcome: 'rolled_back' } } });
  expect((await actionsOf(id)).at(-1)).toBe('rolled_back');
  vi.restoreAllMocks();
  expect(await shareOf(id)).toBe(2_500);
  await ring(id);
  expect(await shareOf(id)).toBeNull();
});

test('a lost object is rebuilt from the history and goes on where it was', async () => {
  const { id } = await ripe();
  await look(id);
  expect(await shareOf(id)).toBe(5_000);
  await lose(id);
  await traffic(40);
  expect((await look(id)).reason).toBe('hold: 0 of 24 h in this stage');
  expect(await shareOf(id)).toBe(5_000);
  later(25 * HOUR);
  await traffic(40);
  await look(id);
  await lose(id);
  await look(id);
  expect(await shareOf(id)).toBe(9_500);
  expect(await actionsOf(id)).toEqual(['planned', 'running', 'running', 'running']);
});

test('one that was rolled back is not started again by its rebuilding', async () => {
  const { id } = await ripe();
  await order(id, 'rollback');
  await lose(id);
  expect(await look(id)).toMatchObject({
    settled: true,
    state: { at: { outcome: 'rolled_back' } },
  });
  expect(await shareOf(id)).toBeNull();
  const { id: other } = await newRollout();
  await look(other);
  await call('/admin/route', {
    body: { action: 'rollback', experiment_id: other, reason: 'by hand' },
    headers: asOperator,
  });
  await lose(other);
  await look(other);
  expect(await shown(other)).toMatchObject({ outcome: 'stopped' });
  expect((await table()).experiments).toEqual([]);
});

test('the router’s word that a candidate is down takes it off at once', async () => {
  const { id, candidate } = await newRollout({ rules: { onHarm: 'hold' } });
  await look(id);
  const down = () =>
    callObject({
      namespace: env.EXPERIMENTS,
      name: id,
      path: '/down',
      body: { id, why: `calls to ${candidate} fail` },
      answer: rolloutAnswerSchema,
      timeoutMs: 10_000,
    });
  await down();
  await down();
  expect(await shareOf(id)).toBeNull();
  expect((await stepsOf(id)).at(-1)).toMatchObject({
    action: 'rolled_back',
    reason: `rolled back: the candidate is down: calls to ${candidate} fail`,
  });
  expect(await actionsOf(id)).toHaveLength(3);
});

test('a clock that jumped is followed by the sweep', async () => {
  const { id } = await newRollout();
  await look(id);
  await traffic(160);
  await call('/local/clock', { body: { advance_ms: 25 * HOUR }, headers: asOperator });
  await traffic(40);
  await call('/local/clock', { body: { advance_ms: HOUR / 4 }, headers: asOperator });
  expect(await shareOf(id)).toBe(5_000);
});

test('what nobody knows is no rollout', async () => {
  await expect(look('rollout-nothing-1')).rejects.toThrow();
});
