// The rollout engine on the stack: from its plan to everyone, with sums that the recorder kept, the
// routing table that the router reads, and a history that explains each step.

import { afterAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import {
  actionsOf,
  cleared,
  HOUR,
  later,
  look,
  newModel,
  newRollout,
  order,
  PRODUCTION,
  ring,
  route,
  shareOf,
  shown,
  stepsOf,
  table,
  traffic,
} from './rollout-support.ts';
import { asOperator, call } from './support.ts';

beforeEach(cleared);
afterAll(cleared);

test('goes up by itself to everyone, and its history says why at each step', async () => {
  const { id, candidate } = await newRollout();
  await look(id);
  expect(await shareOf(id)).toBe(2_500);
  await traffic(160);
  expect((await look(id)).reason).toBe('hold: 0 of 24 h in this stage');
  later(25 * HOUR);
  await traffic(40);
  await ring(id);
  expect(await shareOf(id)).toBe(5_000);
  later(25 * HOUR);
  await traffic(40);
  await ring(id);
  expect(await shareOf(id)).toBe(9_500);
  later(25 * HOUR);
  await traffic(200);
  await ring(id);
  expect(await table()).toMatchObject({ production: candidate, previous: PRODUCTION });
  const steps = await stepsOf(id);
  expect(steps.map(({ action }) => action)).toEqual([
    'planned',
    'running',
    'running',
    'running',
    'promoted',
  ]);
  expect(steps[0]?.reason).toBe('for a test');
  expect(steps[1]).toMatchObject({ who: 'engine', reason: 'starts at 25 %' });
  const view = await shown(id);
  expect(view).toMatchObject({ status: 'ended', outcome: 'promoted', next_look_at: null });
  expect(view.evidence?.waived).toEqual(['hallucination']);
  expect(view.evidence?.metrics.find(({ metric }) => metric === 'error')?.stages).toHaveLength(3);
  await route({ action: 'rollback', model_id: candidate });
});

test('waits for an approval at each advance, and its wait is no running time', async () => {
  const { id } = await newRollout({ rules: { autoAdvance: false } });
  await look(id);
  await traffic(160);
  later(25 * HOUR);
  await traffic(40);
  await ring(id);
  const waiting = await shown(id);
  expect(waiting).toMatchObject({
    status: 'waiting',
    reason: 'ready to advance; waits for approval',
  });
  expect(await shareOf(id)).toBe(2_500);
  later(15 * 24 * HOUR);
  await traffic(40);
  await ring(id);
  expect((await shown(id)).status).toBe('waiting');
  expect((await order(id, 'approve')).status).toBe(200);
  expect(await shareOf(id)).toBe(5_000);
  expect((await stepsOf(id)).at(-1)).toMatchObject({ who: 'operator', reason: 'test approve' });
});

test('rolls back what fails more often, without waiting for anyone', async () => {
  const { id } = await newRollout({ rules: { autoAdvance: false, shares: [0.5, 0.95] } });
  await look(id);
  await traffic(240, { treatmentErrors: 0.5 });
  later(HOUR);
  await ring(id);
  expect(await shareOf(id)).toBeNull();
  const [last] = (await stepsOf(id)).slice(-1);
  expect(last?.action).toBe('rolled_back');
  expect(last?.reason).toMatch(
    /^rolled back: error [\d.]+ % in treatment, 0 % in control: at least [\d.]+ % in treatment/,
  );
  expect(await shown(id)).toMatchObject({ outcome: 'rolled_back' });
});

test('holds on what it cannot know: nothing recorded lately, too few visitors', async () => {
  const { id } = await newRollout();
  await look(id);
  later(25 * HOUR);
  expect((await look(id)).reason).toBe('hold: nothing recorded in control yet');
  await traffic(40);
  expect((await look(id)).reason).toMatch(/^hold: \d+ of 20 users in (treatment|control)$/);
  await traffic(160);
  later(5 * HOUR);
  expect((await look(id)).reason).toMatch(/^hold: nothing recorded in control for 300 minutes$/);
  expect(await shareOf(id)).toBe(2_500);
});

test('a change by hand ends the rollout and stays as it was made', async () => {
  const { id } = await newRollout();
  await look(id);
  await route({ action: 'share', share: 0.4, experiment_id: id });
  await look(id);
  expect(await shown(id)).toMatchObject({
    outcome: 'stopped',
    reason: expect.stringContaining('by hand'),
  });
  expect(await shareOf(id)).toBe(4_000);
});

test('counts anew against another production, and only against it', async () => {
  const earlier = await newModel();
  await route({ action: 'start', model_id: earlier });
  await route({ action: 'promote', model_id: earlier });
  const { id } = await newRollout({ rules: { shares: [0.5, 0.95] } });
  await look(id);
  // Worse than the first production, by far; but that is not production any more.
  await traffic(240, { treatmentErrors: 0.5 });
  await route({ action: 'rollback', model_id: earlier });
  const counted = await look(id);
  expect(counted.reason).toBe(
    `production changed from ${earlier} to ${PRODUCTION}: counting starts anew`,
  );
  later(HOUR);
  await traffic(100);
  expect((await look(id)).reason).toBe('hold: 1 of 24 h in this stage');
  const { evidence } = await shown(id);
  const errors = evidence?.metrics.find(({ metric }) => metric === 'error');
  expect(errors?.stages).toMatchObject([{ share: 0.5, treatment: { y: 0 } }]);
  expect(await shareOf(id)).toBe(5_000);
});

test('one at a time by default: the next ones wait in the order in which they were made', async () => {
  const first = await newRollout();
  const second = await newRollout();
  const third = await newRollout();
  for (const { id } of [first, third, second]) await look(id);
  // It came first, so it was alone in the line then.
  expect((await shown(third.id)).reason).toBe('waits for a free slice, number 1 in the line');
  await look(third.id);
  expect((await shown(third.id)).reason).toBe('waits for a free slice, number 2 in the line');
  expect((await shown(second.id)).status).toBe('queued');
  expect((await order(first.id, 'stop')).status).toBe(200);
  await look(third.id);
  expect((await shown(third.id)).status).toBe('queued');
  await look(second.id);
  expect(await shareOf(second.id)).toBe(2_500);
});

test('the plan tells what can be known from the traffic there was', async () => {
  await traffic(60, { thumbs: true });
  const { status, body } = await call('/admin/experiments/plan?promote_on=non_inferior', {
    headers: asOperator,
  });
  expect(status).toBe(200);
  const { plan } = z.object({ plan: z.looseObject({ promise: z.string() }) }).parse(body);
  expect(plan).toMatchObject({
    promote_on: 'non_inferior',
    traffic: { visitors_per_day: expect.any(Number) },
    waived: ['hallucination'],
    metrics: expect.arrayContaining([
      expect.objectContaining({ metric: 'thumbs_up', rate: expect.any(Number) }),
    ]),
  });
  expect(plan.promise).toContain('better offline');
});

test('an operator creates one, starts it, and a repeat of either changes nothing', async () => {
  const model_id = await newModel();
  const body = { model_id, start: true, reason: 'week 42', request_id: crypto.randomUUID() };
  const create = () => call('/admin/experiments', { body, headers: asOperator });
  const made = z.looseObject({ id: z.string() }).parse((await create()).body);
  expect((await create()).body).toMatchObject({ id: made.id, status: 'running' });
  expect(await actionsOf(made.id)).toEqual(['planned', 'running']);
  const other = await call('/admin/experiments', {
    body: { ...body, request_id: crypto.randomUUID() },
    headers: asOperator,
  });
  expect(other.status).toBe(409);
  const request_id = crypto.randomUUID();
  for (const _ of [1, 2]) expect((await order(made.id, 'pause', { request_id })).status).toBe(200);
  expect((await order(made.id, 'pause')).body).toMatchObject({
    error: { code: 'conflict', message: expect.stringContaining('it is paused') },
  });
  expect((await order(made.id, 'resume')).status).toBe(200);
  expect((await order(made.id, 'stop')).status).toBe(200);
  expect(await shareOf(made.id)).toBeNull();
  expect((await order('rollout-none-1', 'stop')).status).toBe(404);
});
