// Helpers for the fault tests: a routing table set by hand, and the services' side of the story.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { z } from 'zod';
import { BUCKETS } from '../../core/assignment.ts';
import { BREAKER_POLICY } from '../../core/breaker.ts';
import { initialTable, type RoutingTable } from '../../core/routing.ts';
import type { RoutingObject } from '../../functions/rollout/routing-object.ts';
import { settingsOf } from '../../workers/env.ts';
import { asOperator, call, chat, rows } from './support.ts';

/** Past the isolate's lease on the routing table. */
export const PAST_LEASE_MS = 3_100;

export const routingStub = () => env.ROUTING.get(env.ROUTING.idFromName('routing'));

let version = 0;

/** Everyone gets the candidate (null: production alone), from the next request on. */
export async function trial(candidate: string | null, shareBp = 10_000): Promise<string> {
  version += 1;
  const id = `exp-${candidate}-${crypto.randomUUID()}`;
  const table: RoutingTable = {
    ...initialTable('tiny-sre'),
    version,
    experiments:
      candidate === null
        ? []
        : [
            {
              id,
              salt: id,
              candidate,
              shareBp,
              fromBp: 0,
              toBp: BUCKETS,
              stratum: 0,
              stratumStartedAt: 0,
              startedAt: 0,
            },
          ],
  };
  await setTable(table);
  return id;
}

/** Written into the object alone: the record's history belongs to the tests of routing. */
export async function setTable(table: RoutingTable): Promise<void> {
  await runInDurableObject(routingStub(), async (instance: RoutingObject) => {
    Object.assign(instance, { table, pending: [] });
    await instance.persist();
  });
  await advance(PAST_LEASE_MS);
}

export async function advance(ms: number): Promise<void> {
  const moved = await call('/local/clock', { body: { advance_ms: ms }, headers: asOperator });
  expect(moved.status).toBe(200);
}

async function services(path: string): Promise<unknown> {
  const { MODEL_SERVER_URL: url, GATEWAY_TOKEN: token } = settingsOf(env);
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  return response.json();
}

const seenSchema = z.array(
  z.object({
    model: z.string(),
    question: z.string(),
    asked: z.looseObject({
      messages: z.array(z.object({ role: z.string(), content: z.string() })),
      temperature: z.number().optional(),
    }),
    traceparent: z.string().nullable(),
    left: z.boolean(),
  }),
);

/** The requests that reached the model server, by a word of their question or their model. */
export async function reached(word: string) {
  const all = seenSchema.parse(await services('/test/seen'));
  return all
    .filter(({ model, question }) => question.includes(word) || model === word)
    .map((one) => ({
      ...one,
      system: one.asked.messages[0]?.content ?? '',
      temperature: one.asked.temperature,
    }));
}

export const turnDatabase = (state: 'up' | 'down') => services(`/test/database/${state}`);

/** What the gateway says it has loaded, beside its base. */
export const ready = (...models: string[]) =>
  services(`/test/ready/${models.map(encodeURIComponent).join('/')}`);

/** What the record holds of one experiment, exactly. */
export async function counts(experimentId: string) {
  const [found] = await rows(sql`
    SELECT (SELECT count(*)::int FROM interactions WHERE experiment_id = ${experimentId}) AS answers,
           (SELECT count(*)::int FROM feedback_events f JOIN interactions i USING (interaction_id)
             WHERE i.experiment_id = ${experimentId} AND f.source = 'explicit') AS votes,
           (SELECT count(*)::int FROM exposures WHERE experiment_id = ${experimentId}) AS exposures`);
  return found;
}

/** Waits until everything that was queued is written, or with the dead letters. */
export async function quiet(withinMs = 20_000): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += 50) {
    const { body } = await call('/local/queue', { headers: asOperator });
    if (z.object({ pending: z.number() }).parse(body).pending === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the queue never emptied');
}

/** A thumb for an answer that a visitor has. */
export async function thumb(answer: { interaction_id: string; feedback_token: string }) {
  const { interaction_id, feedback_token } = answer;
  const { status } = await call('/api/feedback', {
    body: { interaction_id, feedback_token, feedback_type: 'thumbs_up' },
  });
  expect(status).toBe(202);
}

/** What is written down about a question, and whom its trouble counts against. */
export const recorded = (message: string) =>
  rows(sql`
    SELECT model_served, model_assigned, arm, status, error_code, assigned_failure, fault, response
    FROM interactions WHERE query = ${message}`);

export const named = (word: string) => `${word}-${crypto.randomUUID()}`;

/** While production is ill nothing counts against a candidate; the next test begins with it well. */
export async function productionMended(): Promise<void> {
  await trial(null);
  await advance(BREAKER_POLICY.openMs + 1);
  await chat(named('well again'));
}
