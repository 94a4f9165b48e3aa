// Settings: made once and never changed, tried by the same engine as a model, and production's once they are
// promoted. Through the whole of the Worker.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { readTable } from '../../adapters/routing-table/index.ts';
import { settingsBodySchema } from '../../core/answer-settings.ts';
import { assign, type RoutingTable } from '../../core/routing.ts';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import { planAnswerSchema } from '../../core/wire/experiments.ts';
import { settingsAnswerSchema, settingsMadeSchema } from '../../core/wire/settings.ts';
import type { RoutingObject } from '../../functions/rollout/routing-object.ts';
import { now } from '../../workers/env.ts';
import { deliver, thumbOf } from './experiment-support.ts';
import {
  advance,
  counts,
  named,
  PAST_LEASE_MS,
  quiet,
  reached,
  routingStub,
} from './faults-support.ts';
import { makeDataset, memberOf, said } from './privacy-support.ts';
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
} from './rollout-support.ts';
import { allObjects } from './stored.ts';
import { asOperator, call, chat, interactionOf, keyHeader, newVisitor, rows } from './support.ts';

beforeEach(cleared);
afterAll(cleared);

const send = (body: object) => call('/admin/settings', { body, headers: asOperator });
/** Settings that no other test has; what they say is theirs alone. */
async function made(over: object = {}) {
  const system_prompt = `You are Agent Bruno. Answer in one sentence. ${crypto.randomUUID()}`;
  const reply = await send({ name: 'one sentence', system_prompt, reason: 'a test', ...over });
  expect(reply.status, reply.text).toBe(201);
  return settingsMadeSchema.parse(reply.body);
}
const experimentOf = (body: object) =>
  call('/admin/experiments', { body: { reason: 'a test', ...body }, headers: asOperator });
const idOf = (body: unknown) => z.looseObject({ id: z.string() }).parse(body).id;

/** A running experiment with settings, at half and half. */
async function tried(settings: { id: string }) {
  // Slow is measured after two thousand answers, which a test has not.
  const metrics = DEFAULT_POLICY.metrics.filter(({ metric }) => !metric.startsWith('slow'));
  const rules = { shares: [0.5, 0.95], promoteOn: 'improvement' as const, metrics };
  const { id } = await newRollout({ candidate: settings.id, rules });
  await look(id);
  expect(await shareOf(id)).toBe(5_000);
  await advance(PAST_LEASE_MS);
  return id;
}

/** New visitors chat until both arms have been asked; what the record has of each. */
async function bothArms(experimentId: string, word = 'question') {
  const found = new Map<string, Record<string, unknown>>();
  for (let count = 0; count < 40 && found.size < 2; count += 1) {
    const question = named(word);
    const { interaction_id } = await chat(question);
    await quiet();
    const [row] = await rows(
      sql`SELECT * FROM interactions WHERE interaction_id = ${interaction_id}`,
    );
    const [asked] = await reached(question);
    if (row?.experiment_id === experimentId) found.set(String(row.arm), { ...row, asked });
  }
  return found;
}

let visitors = 0;
/** So many new visitors with three answers each, every one voted on: treatment is liked more. */
async function votes(count: number): Promise<void> {
  const current = await table();
  const answers: InteractionEvent[] = [];
  for (let index = 0; index < count; index += 1) {
    visitors += 1;
    const visitor_id = `settings-visitor-${visitors}`;
    const { model, settings, arm, experimentId, shareBp, stratum } = assign(current, visitor_id);
    answers.push(
      ...[0, 1, 2].map((turn) =>
        interactionOf({
          visitor_id,
          session_id: `settings-session-${visitors}`,
          model_assigned: model,
          model_served: model,
          settings_id: settings?.id ?? null,
          arm,
          experiment_id: experimentId,
          share_bp: shareBp,
          stratum,
          created_at: now(env) - 200_000 + turn * 60_000,
        }),
      ),
    );
  }
  const thumbs = answers.map((one, index) => {
    const isLiked = index % 5 < (one.arm === 'treatment' ? 5 : 2);
    return thumbOf(one, isLiked ? 'thumbs_up' : 'thumbs_down', Number(one.created_at) + 30_000);
  });
  await deliver([...answers, ...thumbs]);
}

test('settings are kept once by what they say, written out in full, and in the signed history', async () => {
  const one = await made({ temperature: 0.2 });
  expect(one).toMatchObject({ top_p: 0.9, max_sources: null, stage: 'idle', existed: false });
  expect(one.id).toBe(`settings-${one.body_hash.slice(0, 12)}`);
  const same = { system_prompt: one.system_prompt, temperature: 0.2 };
  expect(await made({ ...same, name: 'another name' })).toMatchObject({
    id: one.id,
    name: 'one sentence',
    existed: true,
  });
  expect((await made({ ...same, top_p: 0.8 })).id).not.toBe(one.id);
  const shownOne = await call(`/admin/settings/${one.id}`, { headers: asOperator });
  expect(settingsAnswerSchema.parse(shownOne.body)).toMatchObject({ id: one.id, temperature: 0.2 });
  const { body } = await call(`/admin/history?kind=settings&subject=${one.id}`, {
    headers: asOperator,
  });
  expect(body).toMatchObject({
    rows: [
      { action: 'created', who: 'operator', body: { body: { temperature: 0.2, top_p: 0.9 } } },
    ],
  });
});

test('nobody changes them, not even who owns the database', async () => {
  const { id } = await made();
  await expect(
    rows(sql`UPDATE answer_settings SET name = 'other' WHERE id = ${id}`),
  ).rejects.toThrow();
  await expect(rows(sql`DELETE FROM answer_settings WHERE id = ${id}`)).rejects.toThrow();
});

test.each([
  [{ temperature: 3 }, 'temperature'],
  [{ top_k: 40 }, 'top_k'],
  [{ system_prompt: ' ' }, 'system_prompt'],
  [{ name: 'two\nlines' }, 'name'],
  [{ system_prompt: 'many words '.repeat(360) }, 'half of what the model'],
])('what cannot be is refused by its name (%#)', async (over, words) => {
  const reply = await send({ name: 'x', reason: 'x', ...over });
  expect(reply.status).toBe(400);
  expect(reply.text).toContain(words);
});

test('an experiment tries a model or settings, and settings for their improvement alone', async () => {
  const { id: settings_id } = await made();
  const model_id = await newModel();
  const refused = async (body: object) => (await experimentOf(body)).text;
  expect(await refused({})).toContain('this request has neither');
  expect(await refused({ model_id, settings_id })).toContain('this request has both');
  expect(await refused({ model_id: settings_id })).toContain('send it as settings_id');
  expect(await refused({ settings_id: 'settings-000000000000' })).toContain(
    'There are no settings',
  );
  for (const promote_on of ['non_inferior', 'no_evidence_of_harm']) {
    expect(await refused({ settings_id, promote_on })).toContain('no offline comparison');
  }
  const plan = await call(`/admin/experiments/plan?settings_id=${settings_id}`, {
    headers: asOperator,
  });
  expect(plan.body).toMatchObject({ plan: { promote_on: 'improvement' } });
  expect(planAnswerSchema.parse(plan.body).plan.waived).toContain('error');
  const { status, body } = await experimentOf({ settings_id });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    kind: 'settings',
    model_id: settings_id,
    promote_on: 'improvement',
    arms: {
      control: { model_id: PRODUCTION, settings_id: null },
      treatment: {
        model_id: PRODUCTION,
        settings_id,
        description: `${PRODUCTION} with ${settings_id} (one sentence)`,
      },
    },
  });
  expect((await experimentOf({ settings_id })).status).toBe(409);
  const list = await call('/admin/experiments', { headers: asOperator });
  expect(list.text).toContain('"kind":"settings"');
  await order(idOf(body), 'reject');
});

test('each arm is told what its settings say, by the same model, and the record says which', async () => {
  const settings = await made({ temperature: 0.1 });
  const id = await tried(settings);
  const arms = await bothArms(id);
  const treatment = arms.get('treatment');
  expect(treatment).toMatchObject({
    model_served: PRODUCTION,
    settings_id: settings.id,
    prompt_version: settings.id,
    asked: { model: PRODUCTION, system: settings.system_prompt, temperature: 0.1 },
  });
  expect(arms.get('control')).toMatchObject({
    model_served: PRODUCTION,
    settings_id: null,
    prompt_version: 'v1',
    asked: { temperature: 0.7 },
  });
  expect(await counts(id)).toMatchObject({ exposures: expect.any(Number) });
  expect(
    await rows(sql`SELECT arm, share_bp FROM exposures
                    WHERE experiment_id = ${id} AND visitor_id = ${treatment?.visitor_id}`),
  ).toEqual([{ arm: 'treatment', share_bp: 5_000 }]);
  const lineage = await call(`/admin/lineage/${treatment?.interaction_id}`, {
    headers: asOperator,
  });
  expect(lineage.body).toMatchObject({
    kind: 'answer',
    answer: { settings_id: settings.id },
    settings: { id: settings.id, system_prompt: settings.system_prompt, stage: 'candidate' },
  });
});

test('a model is given as many sources as its settings say; the page gets back all that it sent', async () => {
  const settings = await made({ max_sources: 1, max_source_chars: 6 });
  const id = await tried(settings);
  const sources = ['Cordon first.', 'Then drain.'].map((text, n) => ({
    id: `${n}`,
    title: `S${n}`,
    text,
  }));
  for (let count = 0; count < 40; count += 1) {
    const { id: session_id, visitor_token } = await newVisitor();
    const question = named('sources');
    const body = { session_id, visitor_token, message: question, sources };
    const given = await call('/api/chat', { body });
    expect(given.body).toMatchObject({ sources });
    await quiet();
    const [row] = await rows(sql`SELECT arm, sources FROM interactions WHERE query = ${question}`);
    if (row?.arm !== 'treatment') continue;
    expect(row.sources).toEqual([{ id: '0', title: 'S0', text: 'Cordon' }]);
    expect((await reached(question))[0]?.system).toBe(
      `${settings.system_prompt}\n\nSources:\n[1] S0: Cordon`,
    );
    return;
  }
  throw new Error(`nobody was in the treatment of ${id}`);
});

test('a client that says more itself is heard: its sampling replaces, its system turn is added', async () => {
  const settings = await made({ temperature: 0.1 });
  await tried(settings);
  // Everyone: there is nobody in control to ask.
  await route({ action: 'promote', model_id: settings.id });
  await advance(PAST_LEASE_MS);
  const question = named('openai');
  await call('/v1/chat/completions', {
    headers: await keyHeader(['chat']),
    body: {
      model: 'agent-bruno',
      temperature: 1.5,
      messages: [
        { role: 'system', content: 'Speak German.' },
        { role: 'user', content: question },
      ],
    },
  });
  await quiet();
  expect((await reached(question))[0]).toMatchObject({
    temperature: 1.5,
    system: `${settings.system_prompt}\n\nSpeak German.`,
  });
  expect(
    await rows(sql`SELECT prompt_version, settings_id FROM interactions WHERE query = ${question}`),
  ).toEqual([{ prompt_version: `${settings.id}+custom`, settings_id: settings.id }]);
});

test('a visitor who is told how long the prompt was takes no part; a homepage\u2019s own server does', async () => {
  const id = await tried(await made());
  const ask = async (headers: Record<string, string>, count: number) => {
    const question = named('counted');
    for (let index = 0; index < count; index += 1) {
      await call('/v1/chat/completions', {
        headers,
        body: {
          model: 'agent-bruno',
          user: `user-${index}`,
          messages: [{ role: 'user', content: question }],
        },
      });
    }
    await quiet();
    return rows(sql`SELECT DISTINCT experiment_id FROM interactions WHERE query = ${question}`);
  };
  const { visitor_token } = await newVisitor();
  expect(await ask({ authorization: `Bearer ${visitor_token}` }, 2)).toEqual([
    { experiment_id: null },
  ]);
  expect(await ask(await keyHeader(['chat']), 2)).toEqual([{ experiment_id: id }]);
});

test('a model that fails is no harm of the settings that are tried on it', async () => {
  const id = await tried(await made());
  for (let count = 0; count < 16; count += 1) {
    const { id: session_id, visitor_token } = await newVisitor();
    const body = { session_id, visitor_token, message: `refuse everyone ${id} ${count}` };
    expect((await call('/api/chat', { body })).status).toBe(503);
  }
  await quiet();
  const found = await rows(sql`
    SELECT arm, fault, assigned_failure FROM interactions
     WHERE experiment_id = ${id} GROUP BY arm, fault, assigned_failure ORDER BY arm`);
  expect(found).toEqual(
    ['control', 'treatment'].map((arm) => ({ arm, fault: 'service', assigned_failure: null })),
  );
  await look(id);
  // They are in neither arm's numbers.
  expect(await shown(id)).toMatchObject({ status: 'running', evidence: null });
  expect(await actionsOf(id)).toEqual(['planned', 'running']);
  // The breaker of the model that everybody shares was opened; it is well again.
  await advance(60_000);
  await chat(named('well again'));
});

test('settings that are liked more go up to everyone, stay through a new model, and can be taken back', async () => {
  const settings = await made();
  const id = await tried(settings);
  await votes(160);
  later(25 * HOUR);
  await votes(60);
  await ring(id);
  expect(await shareOf(id)).toBe(9_500);
  later(25 * HOUR);
  await votes(200);
  await ring(id);
  expect((await stepsOf(id)).map(({ action }) => action)).toEqual([
    'planned',
    'running',
    'running',
    'promoted',
  ]);
  const promoted = await table();
  expect(promoted).toMatchObject({
    production: PRODUCTION,
    settings: { id: settings.id },
    previous: PRODUCTION,
    experiments: [],
  });
  expect(await shown(id)).toMatchObject({
    kind: 'settings',
    outcome: 'promoted',
    evidence: { waived: ['error', 'hallucination'], offline: null },
  });
  // Kept: in KV, and in the record that a lost object is rebuilt from.
  expect(await readTable(env.ROUTING_KV)).toEqual(promoted);
  await runInDurableObject(routingStub(), async (instance: RoutingObject, state) => {
    await state.storage.deleteAll();
    Object.assign(instance, { table: null, pending: [], handled: [] });
  });
  expect(await table()).toEqual(promoted);
  await advance(PAST_LEASE_MS);
  const question = named('after');
  await chat(question);
  await quiet();
  expect(await reached(question)).toMatchObject([{ system: settings.system_prompt }]);
  const candidate = await newModel();
  await route({ action: 'start', model_id: candidate });
  await route({ action: 'promote', model_id: candidate });
  expect(await table()).toMatchObject({ production: candidate, settings: { id: settings.id } });
  await route({ action: 'rollback', model_id: candidate });
  expect(await table()).toMatchObject({ production: PRODUCTION, settings: { id: settings.id } });
});

test('going back takes promoted settings off, and the route says so', async () => {
  const settings = await made();
  await tried(settings);
  await route({ action: 'promote', model_id: settings.id });
  const live = await call('/admin/route', { headers: asOperator });
  expect(live.body).toMatchObject({
    table: { settings: { id: settings.id, name: 'one sentence' }, previous_settings: null },
  });
  const back = await route({ action: 'rollback', model_id: settings.id });
  expect(back.status).toBe(200);
  expect(await table()).not.toHaveProperty('settings');
  expect(back.text).toContain('the built-in settings restored in place of');
});

/** What production is, as if it had been promoted a moment ago. */
async function inProduction(
  over: Pick<RoutingTable, 'production'> | Pick<RoutingTable, 'settings'>,
) {
  const held = await table();
  await runInDurableObject(routingStub(), async (instance: RoutingObject) => {
    Object.assign(instance, { table: { ...held, ...over, version: held.version + 1 } });
    await instance.persist();
  });
}

test('an experiment counts anew when production\u2019s model or its settings change', async () => {
  const { id, name, ...made1 } = await made();
  const settings = { id, name, body: settingsBodySchema.strip().parse(made1) };
  const one = await newRollout();
  await look(one.id);
  await inProduction({ settings });
  await look(one.id);
  expect((await stepsOf(one.id)).at(-1)?.reason).toBe(
    `production changed from ${PRODUCTION} to ${PRODUCTION} with ${id}: counting starts anew`,
  );
  await cleared();
  const other = await newRollout({ candidate: id, rules: { promoteOn: 'improvement' } });
  await look(other.id);
  await inProduction({ production: 'tiny-other' });
  await look(other.id);
  expect((await stepsOf(other.id)).at(-1)?.reason).toBe(
    `production changed from ${PRODUCTION} to tiny-other: counting starts anew`,
  );
});

test('what is taught of an answer has the prompt that it was given under', async () => {
  const settings = await made();
  const given = { settings_id: settings.id, prompt_version: settings.id };
  const answer = await said('settings-author', 'How do I tame Loki?', given);
  await makeDataset('2024-w20', { members: [memberOf(answer)] });
  const lines = (await allObjects()).get('training-data/2024/week-20/train.jsonl') ?? '';
  expect(JSON.parse(lines.trim())).toMatchObject({
    prompt: [{ role: 'system', content: settings.system_prompt }, { role: 'user' }],
  });
});
