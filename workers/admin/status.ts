// The loop as it stands: what the console draws and `bruno status` prints.

import { readyModels } from '../../adapters/model-server/index.ts';
import { countWindow } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { listDatasets } from '../../adapters/postgres/datasets.ts';
import { lastAgentSeen, listJobs } from '../../adapters/postgres/jobs.ts';
import { findModel, listModels, modelsEverLive } from '../../adapters/postgres/models.ts';
import { lastClosedWindow, openWindow } from '../../core/calendar.ts';
import type { FeedbackType } from '../../core/feedback-values.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { ensureBaseModel } from '../../functions/registry/models.ts';
import { databaseOf, type Env, gatewayOf, now, settingsOf } from '../env.ts';
import { objectStoreOf } from '../object-store.ts';
import { routingTable } from '../router/live-table.ts';
import { datasetView, jobView, modelView, tableView } from './views.ts';

export interface PartHealth {
  database: boolean;
  routing: boolean;
  model_server: boolean;
  object_store: boolean;
}

/** Longer than any part that is well takes, shorter than whoever probes waits. */
const LONGEST_MS = 8_000;

/** False when the work fails or does not end in time, so that one hung part hides no other. */
export async function well(work: Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), LONGEST_MS);
  try {
    return await Promise.race([work, late.promise]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Each part asked at once. */
export async function health(env: Env): Promise<PartHealth> {
  const modelServer = gatewayOf(env);
  const [database, routing, model_server, object_store] = await Promise.all([
    well(withDatabase(databaseOf(env), (db) => lastAgentSeen(db)).then(() => true)),
    well(routingTable(env).then(() => true)),
    well(readyModels(modelServer).then((models) => models !== undefined && models.length > 0)),
    well(objectStoreOf(env).reachable()),
  ]);
  return { database, routing, model_server, object_store };
}

export async function modelViews(db: Database, env: Env, table: RoutingTable) {
  await ensureBaseModel(db, env);
  const everLive = await modelsEverLive(db);
  return (await listModels(db)).map((row) => modelView(row, table, everLive));
}

/** Undefined when there is no model of that id. */
export async function oneModelView(db: Database, env: Env, table: RoutingTable, id: string) {
  await ensureBaseModel(db, env);
  const row = await findModel(db, id);
  return row && modelView(row, table, await modelsEverLive(db));
}

/** What visitors say outright. Leaving and asking on are read off their behaviour. */
const VERDICTS: readonly FeedbackType[] = ['thumbs_up', 'thumbs_down', 'rating', 'correction'];

async function countsView(db: Database, from: Date, until: Date) {
  const counts = await countWindow(db, from, until);
  const of = (type: string) => counts.byType.get(type) ?? 0;
  return {
    pending: counts.reviewsPending,
    view: {
      since: from,
      interactions: counts.interactions,
      explicit: VERDICTS.reduce((sum, type) => sum + of(type), 0),
      thumbs_up: of('thumbs_up'),
      thumbs_down: of('thumbs_down'),
      ratings: of('rating'),
      corrections: of('correction'),
      signals: of('signals'),
    },
  };
}

export async function loopStatus(env: Env) {
  const at = now(env);
  const window = openWindow(at);
  const closed = lastClosedWindow(at);
  const [parts, table] = await Promise.all([health(env), routingTable(env)]);
  return withDatabase(databaseOf(env), async (db) => {
    const open = await countsView(db, new Date(window.startMs), new Date(at + 1));
    const last = await countsView(db, new Date(closed.startMs), new Date(closed.endMs));
    const datasets = await listDatasets(db, 1);
    const jobs = await listJobs(db, 1);
    return {
      now: new Date(at).toISOString(),
      week: window.id,
      environment: settingsOf(env).ENVIRONMENT,
      live: tableView(table),
      counts: open.view,
      last_week: { week: closed.id, ...last.view, until: new Date(closed.endMs) },
      reviews_pending: open.pending,
      dataset: datasets[0] ? datasetView(datasets[0]) : null,
      job: jobs[0] ? jobView(jobs[0]) : null,
      models: await modelViews(db, env, table),
      health: { ...parts, agent_seen_at: await lastAgentSeen(db) },
    };
  });
}
