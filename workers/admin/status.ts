// The loop as it stands: what the console draws and `bruno status` prints.

import { type GatewayReport, gatewayReport } from '../../adapters/model-server/index.ts';
import { countWindow } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { listDatasets } from '../../adapters/postgres/datasets.ts';
import { countWaiting } from '../../adapters/postgres/dead-letters.ts';
import { lastAgentSeen, listJobs } from '../../adapters/postgres/jobs.ts';
import {
  findModel,
  listModels,
  type ModelRow,
  modelsEverLive,
} from '../../adapters/postgres/models.ts';
import { flagsOf } from '../../adapters/postgres/rewrites.ts';
import { newestRollouts } from '../../adapters/postgres/rollouts.ts';
import { lastClosedWindow, openWindow } from '../../core/calendar.ts';
import type { FeedbackType } from '../../core/feedback-values.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { ensureBaseModel } from '../../functions/registry/models.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { databaseOf, type Env, gatewayOf, now, settingsOf } from '../env.ts';
import { objectStoreOf } from '../object-store.ts';
import { liveTable } from '../router/live-table.ts';
import { channelViews, recentCounts } from './notifications.ts';
import { datasetView, jobView, type ModelContext, modelView, tableView } from './views.ts';

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
export const health = async (env: Env): Promise<PartHealth> => (await inspect(env)).parts;

interface Inspection {
  parts: PartHealth;
  gateway: GatewayReport | undefined;
}

async function inspect(env: Env): Promise<Inspection> {
  let gateway: GatewayReport | undefined;
  const [database, routing, model_server, object_store] = await Promise.all([
    well(withDatabase(databaseOf(env), (db) => lastAgentSeen(db)).then(() => true)),
    well(routingTable(env).then(() => true)),
    well(
      Promise.all([gatewayReport(gatewayOf(env)), liveTable(env)]).then(([report, table]) => {
        gateway = report;
        // A gateway without the model that visitors get answers nobody.
        return report?.models.includes(table.production) ?? false;
      }),
    ),
    well(objectStoreOf(env).reachable()),
  ]);
  return { parts: { database, routing, model_server, object_store }, gateway };
}

/** Null while the gateway does not answer. */
const gatewayView = (report: GatewayReport | undefined) =>
  report === undefined ? null : { models_ready: report.models, load: report.load ?? null };

export async function modelViews(db: Database, env: Env, table: RoutingTable) {
  await ensureBaseModel(db, env);
  const rows = await listModels(db);
  const context = await modelContext(db, table, rows);
  return rows.map((row) => modelView(row, context));
}

/** Undefined when there is no model of that id. */
export async function oneModelView(db: Database, env: Env, table: RoutingTable, id: string) {
  await ensureBaseModel(db, env);
  const row = await findModel(db, id);
  return row && modelView(row, await modelContext(db, table, [row]));
}

export async function modelContext(
  db: Database,
  table: RoutingTable,
  rows: readonly ModelRow[],
): Promise<ModelContext> {
  const ids = rows.map((row) => row.id);
  return {
    table,
    everLive: await modelsEverLive(db),
    flags: await flagsOf(db, ids),
    tried: await newestRollouts(db, ids),
  };
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
  const [{ parts, gateway }, table] = await Promise.all([inspect(env), routingTable(env)]);
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
      dead_letters_waiting: await countWaiting(db),
      dataset: datasets[0] ? datasetView(datasets[0]) : null,
      job: jobs[0] ? jobView(jobs[0]) : null,
      models: await modelViews(db, env, table),
      gateway: gatewayView(gateway),
      health: { ...parts, agent_seen_at: await lastAgentSeen(db) },
      notifications: { channels: channelViews(env), ...(await recentCounts(db, env)) },
    };
  });
}
