// Experiments for operators: plan, create, list, show, and everything that may be done to one. The
// experiment's object decides; here the request is read and the record shown.

import { Hono } from 'hono';
import type { z } from 'zod';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { listLooks } from '../../adapters/postgres/experiment-looks.ts';
import { listHistory } from '../../adapters/postgres/history.ts';
import { findModel } from '../../adapters/postgres/models.ts';
import {
  findRollout,
  listRollouts,
  queuedBefore,
  type RolloutListRow,
} from '../../adapters/postgres/rollouts.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import {
  createExperimentSchema,
  type EXPERIMENT_ACTIONS,
  experimentCommandSchema,
  planQuerySchema,
} from '../../core/wire/experiments.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { deliverQuietly } from '../../functions/notify/deliver.ts';
import { createRollout, planNow, rolloutSettings } from '../../functions/rollout/create.ts';
import {
  type RolloutOrder,
  rolloutAnswerSchema,
} from '../../functions/rollout/experiment-object.ts';
import { observe } from '../../functions/rollout/gather.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { callObject } from '../durable.ts';
import { databaseOf, type Env, now, randomBytes } from '../env.ts';
import { type App, readJson } from '../http.ts';
import { experimentView, looksView, summaryView } from './rollout-view.ts';

const HISTORY_ROWS = 200;
const LOOKS_DRAWN = 200;
const notFound = (id: string) => new AppError('not_found', `There is no experiment ${id}.`);

export const rolloutRoutes = new Hono<App>()
  .get('/admin/experiments', async (c) => {
    const rows = await withDatabase(databaseOf(c.env), (db) => listRollouts(db));
    const line = rows.filter(({ status }) => status === 'queued');
    line.sort((a, b) => a.ordinal - b.ordinal);
    const placeOf = (row: RolloutListRow) => (line.includes(row) ? line.indexOf(row) + 1 : null);
    return c.json({ experiments: rows.map((row) => summaryView(row, placeOf(row))) });
  })
  .get('/admin/experiments/plan', async (c) => {
    const query = parseWire(planQuerySchema, c.req.query());
    const promoteOn = query.promote_on ?? rolloutSettings(c.env).promote_on;
    const planned = await withDatabase(databaseOf(c.env), (db) => planNow(db, c.env, promoteOn));
    return c.json({ plan: planned.plan });
  })
  .post('/admin/experiments', async (c) => {
    const body = parseWire(createExperimentSchema, await readJson(c, LIMITS.adminBytes));
    const made = await create(c.env, body, c.get('operator'));
    if (body.start === true) {
      // Told apart from the creation's own id, so that repeating the request repeats both.
      const requestId = `${made.requestId}:start`;
      const order = { action: 'start', reason: body.reason, requestId } as const;
      await send(c.env, { id: made.id, who: c.get('operator'), ...order });
    }
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json(await shown(c.env, made.id), 201);
  })
  .get('/admin/experiments/:id', async (c) => c.json(await shown(c.env, c.req.param('id'))))
  .get('/admin/experiments/:id/looks', async (c) => {
    const id = c.req.param('id');
    return withDatabase(databaseOf(c.env), async (db) => {
      if (!(await findRollout(db, id))) throw notFound(id);
      return c.json(looksView(await listLooks(db, id, LOOKS_DRAWN)));
    });
  })
  .post('/admin/experiments/:id/commands', async (c) => {
    const id = c.req.param('id');
    const body = parseWire(experimentCommandSchema, await readJson(c, LIMITS.adminBytes));
    const { action, reason } = body;
    const requestId = body.request_id ?? newId(c.env);
    await send(c.env, { id, who: c.get('operator'), action, reason, requestId });
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json(await shown(c.env, id));
  });

const newId = (env: Env) => uuidv7(now(env), randomBytes(10));

async function create(
  env: Env,
  body: z.infer<typeof createExperimentSchema>,
  who: string,
): Promise<RolloutListRow> {
  const { model_id: candidate } = body;
  const table = await routingTable(env);
  if (candidate === table.production) {
    throw new AppError('conflict', `${candidate} is already in production.`);
  }
  return withDatabase(databaseOf(env), async (db) => {
    await checkRegistered(db, candidate);
    const promoteOn = body.promote_on ?? rolloutSettings(env).promote_on;
    const plan = await planNow(db, env, promoteOn);
    const requestId = body.request_id ?? newId(env);
    const request = { candidate, plan, startsItself: false, requestId, who, why: body.reason };
    return db.transaction((tx) => createRollout(tx, env, request));
  });
}

async function checkRegistered(db: Database, modelId: string): Promise<void> {
  const model = await findModel(db, modelId);
  if (!model) throw new AppError('not_found', `There is no model ${modelId}.`);
  if (model.status === 'refused') {
    throw new AppError('conflict', `Model ${model.id} was refused: ${model.reason}`);
  }
}

interface Sent {
  id: string;
  who: string;
  action: (typeof EXPERIMENT_ACTIONS)[number];
  reason: string;
  requestId: string;
}

async function send(env: Env, { id, who, action, reason, requestId }: Sent): Promise<void> {
  if (!(await withDatabase(databaseOf(env), (db) => findRollout(db, id)))) throw notFound(id);
  const body: RolloutOrder = { id, command: { action, reason }, who, request_id: requestId };
  await callObject({
    namespace: env.EXPERIMENTS,
    name: id,
    path: '/command',
    body,
    answer: rolloutAnswerSchema,
    timeoutMs: 30_000,
  });
}

async function shown(env: Env, id: string) {
  const table = await routingTable(env);
  return withDatabase(databaseOf(env), async (db) => {
    const row = await findRollout(db, id);
    if (!row) throw notFound(id);
    const nowMs = now(env);
    const { observed, sums } = await observe(db, row, { table, nowMs });
    const wasSeen = sums.totals.length > 0;
    const place = row.status === 'queued' ? (await queuedBefore(db, id)) + 1 : null;
    const filter = { kind: 'experiment', subject: id, limit: HISTORY_ROWS };
    const history = await listHistory(db, filter);
    const { production } = table;
    return experimentView(row, { observed, wasSeen, production, place, nowMs, history });
  });
}
