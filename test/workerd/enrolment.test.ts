// Who takes part in experiments, with the shipped setting of an hour: through the whole of the Worker.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { learningOf } from '../../workers/env.ts';
import { advance, trial } from './faults-support.ts';
import { asOperator, call, chat, eventually, newVisitor } from './support.ts';

let experiment = '';

beforeAll(async () => {
  // Settings are read once for each isolate, so here for this file: the shipped ones.
  const shipped = learningOf({ ...env, LEARNING_OVERRIDES: '' });
  expect(shipped.ab_testing.min_identity_age_seconds).toBe(3_600);
  experiment = await trial('tiny-b');
});

async function recorded(interactionId: string) {
  const [row] = await eventually(
    sql`SELECT arm, experiment_id, model_assigned FROM interactions WHERE interaction_id = ${interactionId}`,
  );
  return row;
}
const outside = { arm: 'none', experiment_id: null, model_assigned: 'tiny-sre' };
const inside = () => ({
  arm: 'treatment',
  experiment_id: experiment,
  model_assigned: 'tiny-b',
});

test('a first question is answered by production, outside the experiment; the second is in it', async () => {
  const visitor = await newVisitor();
  const first = await chat('How do I fix Loki?', visitor);
  expect(await recorded(first.interaction_id)).toEqual(outside);
  // The session remembers a moment after the answer has gone out.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const next = await chat('And then?', visitor);
    const row = await recorded(next.interaction_id);
    if (row?.arm === 'none') continue;
    expect(row).toEqual(inside());
    return;
  }
  throw new Error('the second question never took part');
});

test('fresh identities with one question each leave no trace in an experiment', async () => {
  for (let index = 0; index < 5; index += 1) {
    const { interaction_id } = await chat(`One question, number ${index}`);
    expect(await recorded(interaction_id)).toEqual(outside);
  }
});

test('a history that the client made up vouches for nobody', async () => {
  const { visitor_token } = await newVisitor();
  const { status, headers } = await call('/v1/chat/completions', {
    headers: { authorization: `Bearer ${visitor_token}` },
    body: {
      model: 'agent-bruno',
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hello!' },
        { role: 'user', content: 'How do I fix Loki?' },
      ],
    },
  });
  expect(status).toBe(200);
  expect(await recorded(headers.get('x-interaction-id') ?? '')).toEqual(outside);
});

test('whom a key vouches for takes part at once', async () => {
  const { headers } = await call('/v1/chat/completions', {
    headers: asOperator,
    body: {
      model: 'agent-bruno',
      user: 'ann',
      messages: [{ role: 'user', content: 'How do I fix Loki?' }],
    },
  });
  expect(await recorded(headers.get('x-interaction-id') ?? '')).toEqual(inside());
});

test('an identity that is an hour old takes part with its first question of a session', async () => {
  const visitor = await newVisitor();
  await advance(3_600_000);
  const { interaction_id } = await chat('How do I fix Loki?', visitor);
  expect(await recorded(interaction_id)).toEqual(inside());
});
