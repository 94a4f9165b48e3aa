// The loop as it stands: what the console draws and `bruno status` prints.

import { readyModels } from '../../adapters/model-server/index.ts';
import { countWindow } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { listDatasets } from '../../adapters/postgres/datasets.ts';
import { lastAgentSeen, listJobs } from '../../adapters/postgres/jobs.ts';
import { listModels, listRouting } from '../../adapters/postgres/models.ts';
import { openWindow } from '../../core/calendar.ts';
import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { ensureBaseModel } from '../../functions/registry/models.ts';
import { databaseOf, type Env, now, settingsOf } from '../env.ts';
import { objectStoreOf } from '../object-store.ts';
import { routingTable } from '../router/live-table.ts';
import { datasetView, jobView, modelView } from './views.ts';

export interface PartHealth {
  database: boolean;
  routing: boolean;
  model_server: boolean;
  object_store: boolean;
}

/** Each part asked at once, none for longer than its own time-out. */
export async function health(env: Env): Promise<PartHealth> {
  const settings = settingsOf(env);
  const reachable = (work: Promise<unknown>) =>
    work.then(
      () => true,
      () => false,
    );
  const [database, routing, models, store] = await Promise.all([
    reachable(withDatabase(databaseOf(env), (db) => lastAgentSeen(db))),
    reachable(routingTable(env)),
    readyModels({ url: settings.MODEL_SERVER_URL, token: settings.GATEWAY_TOKEN }),
    objectStoreOf(env).reachable(),
  ]);
  const serving = models !== undefined && models.length > 0;
  return { database, routing, model_server: serving, object_store: store };
}

/** Models that were in production at some time, by the routing history. */
export async function modelsEverLive(db: Database): Promise<Set<string>> {
  const tables = (await listRouting(db)).map((row) => routingTableSchema.safeParse(row.to).data);
  return new Set(tables.flatMap((table) => (table === undefined ? [] : [table.production])));
}

export async function modelViews(db: Database, env: Env, table: RoutingTable) {
  await ensureBaseModel(db, env);
  const everLive = await modelsEverLive(db);
  return (await listModels(db)).map((row) => modelView(row, table, everLive));
}

export async function loopStatus(env: Env) {
  const at = now(env);
  const window = openWindow(at);
  const [parts, table] = await Promise.all([health(env), routingTable(env)]);
  return withDatabase(databaseOf(env), async (db) => {
    const counts = await countWindow(db, new Date(window.startMs), new Date(at + 1));
    const datasets = await listDatasets(db, 1);
    const jobs = await listJobs(db, 1);
    const of = (type: string) => counts.byType.get(type) ?? 0;
    const explicit = [...counts.byType].reduce(
      (sum, [type, total]) => (type === 'signals' ? sum : sum + total),
      0,
    );
    return {
      now: new Date(at).toISOString(),
      week: window.id,
      environment: settingsOf(env).ENVIRONMENT,
      live: {
        production: table.production,
        previous: table.previous,
        candidate: table.experiment?.candidate ?? null,
        share_bp: table.experiment?.shareBp ?? 0,
        version: table.version,
      },
      counts: {
        since: new Date(window.startMs).toISOString(),
        interactions: counts.interactions,
        explicit,
        thumbs_up: of('thumbs_up'),
        thumbs_down: of('thumbs_down'),
        ratings: of('rating'),
        corrections: of('correction'),
        signals: of('signals'),
      },
      reviews_pending: counts.reviewsPending,
      dataset: datasets[0] ? datasetView(datasets[0]) : null,
      job: jobs[0] ? jobView(jobs[0]) : null,
      models: await modelViews(db, env, table),
      health: { ...parts, agent_seen_at: await lastAgentSeen(db) },
    };
  });
}
