// Experiments for operators: plan, create, list, show, and everything that may be done to one. The
// experiment's object decides; here the request is read and the record shown.

import { Hono } from 'hono';
import type { z } from 'zod';
import { findManySettings } from '../../adapters/postgres/answer-settings.ts';
import { type Database, outOfReach, withDatabase } from '../../adapters/postgres/connect.ts';
import { listLooks } from '../../adapters/postgres/experiment-looks.ts';
import { listHistory } from '../../adapters/postgres/history.ts';
import {
  findRollout,
  listRollouts,
  queuedBefore,
  type RolloutListRow,
} from '../../adapters/postgres/rollouts.ts';
import { isSettingsId } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import {
  createExperimentSchema,
  type EXPERIMENT_ACTIONS,
  experimentCommandSchema,
  planQuerySchema,
} from '../../core/wire/experiments.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { configuredJudgeView, judgeViewOf } from '../../functions/judging/view.ts';
import { deliverQuietly } from '../../functions/notify/deliver.ts';
import { checkUsable } from '../../functions/registry/models.ts';
import { createRollout, planNow } from '../../functions/rollout/create.ts';
import {
  type RolloutOrder,
  rolloutAnswerSchema,
} from '../../functions/rollout/experiment-object.ts';
import { observe } from '../../functions/rollout/gather.ts';
import { kindOf, promoteOnFor } from '../../functions/rollout/kind.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { readSettings } from '../../functions/settings/index.ts';
import { callObject } from '../durable.ts';
import { databaseOf, type Env, now, randomBytes } from '../env.ts';
import { type App, readJson } from '../http.ts';
import { experimentView, looksView, summaryView } from './rollout-view.ts';

const HISTORY_ROWS = 200;
const LOOKS_DRAWN = 200;
const notFound = (id: string) => new AppError('not_found', `There is no experiment ${id}.`);

export const rolloutRoutes = new Hono<App>()
  .get('/admin/experiments', async (c) => {
    const table = await routingTable(c.env);
    const { rows, names } = await withDatabase(databaseOf(c.env), async (db) => {
      const found = await listRollouts(db);
      return { rows: found, names: await namesOf(db, found) };
    });
    const line = rows.filter(({ status }) => status === 'queued');
    line.sort((a, b) => a.ordinal - b.ordinal);
    const placeOf = (row: RolloutListRow) => (line.includes(row) ? line.indexOf(row) + 1 : null);
    return c.json({
      experiments: rows.map((row) => summaryView(row, { table, names, place: placeOf(row) })),
    });
  })
  .get('/admin/experiments/plan', async (c) => {
    const query = parseWire(planQuerySchema, c.req.query());
    const { settings_id } = query;
    const kind = settings_id === undefined ? 'model' : 'settings';
    const promoteOn = promoteOnFor(c.env, kind, query.promote_on);
    return c.json(
      await withDatabase(databaseOf(c.env), async (db) => {
        const settings =
          settings_id === undefined ? undefined : await readSettings(db, settings_id);
        const { plan } = await planNow(db, c.env, promoteOn, settings);
        const { judge } = await configuredJudgeView(db, c.env);
        return { plan, judge };
      }),
    );
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
    const { reason: outcome } = await send(c.env, {
      id,
      who: c.get('operator'),
      action,
      reason,
      requestId,
    });
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    // What was done is done: that it cannot be read back is no failure of it.
    const after = await shown(c.env, id).catch(outOfReach);
    return after ? c.json(after) : c.json({ id, reason: outcome, recorded: false }, 202);
  });

/** Of the settings that any of them tries. */
async function namesOf(db: Database, rows: readonly RolloutListRow[]) {
  const ids = [...new Set(rows.map(({ candidate }) => candidate))].filter(isSettingsId);
  return new Map((await findManySettings(db, ids)).map(({ id, name }) => [id, name]));
}

const newId = (env: Env) => uuidv7(now(env), randomBytes(10));

async function create(
  env: Env,
  body: z.infer<typeof createExperimentSchema>,
  who: string,
): Promise<RolloutListRow> {
  const candidate = candidateOf(body);
  const kind = kindOf(candidate);
  const promoteOn = promoteOnFor(env, kind, body.promote_on);
  const table = await routingTable(env);
  if (candidate === table.production || candidate === table.settings?.id) {
    throw new AppError('conflict', `${candidate} is already in production.`);
  }
  return withDatabase(databaseOf(env), async (db) => {
    const settings = kind === 'settings' ? await readSettings(db, candidate) : undefined;
    if (settings === undefined) await checkUsable(db, candidate);
    const plan = await planNow(db, env, promoteOn, settings);
    const requestId = body.request_id ?? newId(env);
    const request = { candidate, plan, startsItself: false, requestId, who, why: body.reason };
    return db.transaction((tx) => createRollout(tx, env, request));
  });
}

/** One thing is tried at a time, so that what comes out of it has one reason. */
function candidateOf({ model_id, settings_id }: z.infer<typeof createExperimentSchema>): string {
  const given = model_id ?? settings_id;
  if (given === undefined || (model_id !== undefined && settings_id !== undefined)) {
    const got = given === undefined ? 'neither' : 'both';
    throw new AppError('invalid_request', `Say model_id or settings_id; this request has ${got}.`, {
      details: [`body: expected model_id or settings_id, not ${got}`],
    });
  }
  if (isSettingsId(given) === (settings_id !== undefined)) return given;
  const field = settings_id === undefined ? 'model_id' : 'settings_id';
  const other = settings_id === undefined ? 'settings_id' : 'model_id';
  throw new AppError(
    'invalid_request',
    `${given} is not what ${field} names: send it as ${other}.`,
    {
      details: [`${field}: not the id of ${settings_id === undefined ? 'a model' : 'settings'}`],
    },
  );
}

interface Sent {
  id: string;
  who: string;
  action: (typeof EXPERIMENT_ACTIONS)[number];
  reason: string;
  requestId: string;
}

async function send(env: Env, { id, who, action, reason, requestId }: Sent) {
  // Without the record the experiment's object knows itself: a rollback waits for nobody.
  const isThere = await withDatabase(databaseOf(env), async (db) => {
    return (await findRollout(db, id)) !== undefined;
  }).catch(outOfReach);
  if (isThere === false) throw notFound(id);
  const body: RolloutOrder = { id, command: { action, reason }, who, request_id: requestId };
  return callObject({
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
    const { observed, sums, stratum } = await observe(db, env, row, { table, nowMs });
    const wasSeen = sums.totals.length > 0;
    return experimentView(row, {
      table,
      names: await namesOf(db, [row]),
      place: row.status === 'queued' ? (await queuedBefore(db, id)) + 1 : null,
      observed,
      histograms: sums.histograms,
      stratum,
      wasSeen,
      judge: await judgeViewOf(db, id),
      nowMs,
      history: await listHistory(db, { kind: 'experiment', subject: id, limit: HISTORY_ROWS }),
    });
  });
}
