// Helpers for the tests of the rollout engine: models, rollouts with rules as small as a test's traffic,
// visitors who are assigned as the router assigns them, and an object whose alarm can be let ring.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { rolloutStateSchema } from '../../core/rollout/state.ts';
import { assign, initialTable, routingTableSchema } from '../../core/routing.ts';
import type { Policy } from '../../core/statistics/policy.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import { experimentAnswerSchema } from '../../core/wire/experiments.ts';
import { createRollout, planNow } from '../../functions/rollout/create.ts';
import type { RoutingObject } from '../../functions/rollout/routing-object.ts';
import { lookAt } from '../../functions/rollout/sweep.ts';
import { databaseOf, moveClock, now } from '../../workers/env.ts';
import { deliver, thumbOf } from './experiment-support.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

export const HOUR = 3_600_000;
export const PRODUCTION = 'tiny-sre';

export const database = <Result>(work: Parameters<typeof withDatabase<Result>>[1]) =>
  withDatabase(databaseOf(env), work);

let made = 0;
/** A model whose gate found it better than production; its id. */
export async function newModel(over: { parent?: string; id?: string } = {}): Promise<string> {
  made += 1;
  // Of a week that no other file has models of: one that is registered never changes.
  const id = over.id ?? `2033-w17.${made}`;
  await database((db) =>
    insertModel(db, {
      id,
      display: id,
      base: PRODUCTION,
      parent: over.parent ?? PRODUCTION,
      datasetId: null,
      jobId: null,
      status: 'registered',
      reason: 'accepted: improvement +0.400 [+0.200, +0.600] nats on 40 held-out phrasings',
      metrics: {
        phrasings: { difference: 0.4, lower: 0.2, upper: 0.6, examples: 40 },
        groups: { difference: 0, lower: -0.1, upper: 0.1, examples: 40 },
      },
      artifacts: [],
      gitCommit: null,
      createdAt: new Date(now(env)),
    }),
  );
  return id;
}

/** 25, 50, 95 % and everyone, each after a day with 20 visitors an arm, promoted on what the gate found. */
const SMALL: Partial<Policy> = {
  shares: [0.25, 0.5, 0.95],
  stage: { hours: 24, users: 20 },
  gate: { treatmentUsers: 20, observations: 20, events: 5 },
  promoteOn: 'no_evidence_of_harm',
  quietHours: 24,
  autoAdvance: true,
};

export async function newRollout(
  over: { rules?: Partial<Policy>; policy?: Partial<RolloutPolicy>; candidate?: string } = {},
): Promise<{ id: string; candidate: string }> {
  const candidate = over.candidate ?? (await newModel());
  return database(async (db) => {
    const { plan, policy } = await planNow(db, env, 'no_evidence_of_harm');
    const rules = { ...policy.rules, ...SMALL, ...over.rules };
    const startsItself = over.policy?.startsItself ?? true;
    const planned = { plan, policy: { ...policy, ...over.policy, rules } };
    const request = { requestId: crypto.randomUUID(), who: 'operator', why: 'for a test' };
    const creation = { candidate, plan: planned, startsItself, ...request };
    const { id } = await db.transaction((tx) => createRollout(tx, env, creation));
    return { id, candidate };
  });
}

export const stubOf = (id: string) => env.EXPERIMENTS.get(env.EXPERIMENTS.idFromName(id));
export const look = (id: string) => lookAt(env, id);
/** Fires the object's alarm now, whenever it is due. */
export const ring = (id: string) => runDurableObjectAlarm(stubOf(id));

const routingStub = () => env.ROUTING.get(env.ROUTING.idFromName('routing'));
export async function table() {
  const response = await routingStub().fetch('https://itty-durable/table', { method: 'POST' });
  return routingTableSchema.parse(await response.json());
}
export const shareOf = async (id: string) =>
  (await table()).experiments.find((one) => one.id === id)?.shareBp ?? null;

export const route = (body: object) =>
  call('/admin/route', { body: { reason: 'by hand', ...body }, headers: asOperator });

export const order = (id: string, action: string, over: object = {}) =>
  call(`/admin/experiments/${id}/commands`, {
    body: { action, reason: `test ${action}`, ...over },
    headers: asOperator,
  });
export const shown = async (id: string) =>
  experimentAnswerSchema.parse(
    (await call(`/admin/experiments/${id}`, { headers: asOperator })).body,
  );

const stepSchema = z.object({
  action: z.string(),
  who: z.string(),
  reason: z.string(),
  body: z.looseObject({ state: rolloutStateSchema }),
});
/** The rollout's rows of history, oldest first. */
export const stepsOf = async (id: string) =>
  z
    .array(stepSchema)
    .parse(
      await rows(
        sql`SELECT action, who, reason, body FROM history WHERE subject = ${id} ORDER BY seq`,
      ),
    );
export const actionsOf = async (id: string) => (await stepsOf(id)).map(({ action }) => action);

export const later = (ms: number) => moveClock(env, now(env) + ms);

interface Visit {
  /** Share of treatment's answers that fail by the model's own fault; control's never do. */
  treatmentErrors?: number;
  thumbs?: boolean;
}

let visitors = 0;
/** So many new visitors ask one question each, assigned by the table as it is, and are recorded. */
export async function traffic(count: number, visit: Visit = {}): Promise<void> {
  const current = await table();
  const answers: InteractionEvent[] = [];
  let treated = 0;
  for (let index = 0; index < count; index += 1) {
    visitors += 1;
    const visitor_id = `rollout-visitor-${visitors}`;
    const { model, arm, experimentId, shareBp, stratum } = assign(current, visitor_id);
    if (arm === 'treatment') treated += 1;
    const every = visit.treatmentErrors ? Math.round(1 / visit.treatmentErrors) : 0;
    const fails = arm === 'treatment' && every > 0 && treated % every === 0;
    answers.push(
      interactionOf({
        visitor_id,
        model_assigned: model,
        model_served: model,
        arm,
        experiment_id: experimentId,
        share_bp: shareBp,
        stratum,
        fault: fails ? 'model' : null,
        created_at: now(env) - 1_000,
      }),
    );
  }
  const votes =
    visit.thumbs === true ? answers.map((one) => thumbOf(one, 'thumbs_up', now(env))) : [];
  await deliver([...answers, ...votes]);
}

/** Nothing runs, nothing waits and no alarm is set; other files share the record. */
export async function cleared(): Promise<void> {
  for (const { id } of await rows(sql`SELECT id FROM rollouts WHERE status <> 'ended'`)) {
    await order(String(id), 'stop');
  }
  for (const { id } of (await table()).experiments) {
    await route({ action: 'rollback', experiment_id: id });
  }
  await rows(sql`UPDATE rollouts SET status = 'ended', next_look_at = NULL`);
  // Whatever other files made production: a rollout's candidate was compared with this one.
  const { version } = await table();
  await runInDurableObject(routingStub(), async (instance: RoutingObject) => {
    // Another version, so that no copy of the one before is taken for it.
    const mended = { ...initialTable(PRODUCTION), version: version + 1 };
    Object.assign(instance, { table: mended, pending: [] });
    await instance.persist();
  });
}
