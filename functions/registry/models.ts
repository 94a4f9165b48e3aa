// The registry: which models exist, what they came from, where their files are, and which of them a
// model server must hold now.

import { z } from 'zod';
import type { ObjectStore } from '../../adapters/object-store/index.ts';
import type { Database, Queryable } from '../../adapters/postgres/connect.ts';
import {
  findModel,
  findModels,
  insertModel,
  latestTable,
  listModels,
  type ModelRow,
} from '../../adapters/postgres/models.ts';
import { deletedModels } from '../../adapters/postgres/prunings.ts';
import { openCandidates } from '../../adapters/postgres/rollouts.ts';
import { parseWeekId } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { initialTable, modelsTried, type RoutingTable } from '../../core/routing.ts';
import { type Env, now, settingsOf } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { heldOutSoon } from '../rollout/held-models.ts';

const URL_SECONDS = 3_600;
/** Registered models that are not routed but stay loaded, newest first, so that they can be tried. */
const KEEP_LOADED = 2;

/** An agent that was away for longer keeps a few files that nobody needs. */
const PRUNED_LISTED = 500;

/** By attempt, so that one which wakes late cannot overwrite the files of a registered model. */
export const artifactKey = (modelId: string, attempt: number, name: string) =>
  `models/${modelId}/attempt-${attempt}/${name}`;

const artifactsSchema = z.array(
  z.object({ name: z.string(), key: z.string(), sha256: z.string(), bytes: z.number() }),
);

/** Which files it has, or had: of one that was pruned the list stays. */
export const artifactsOf = (model: Pick<ModelRow, 'artifacts'>) =>
  artifactsSchema.parse(model.artifacts);

/** Throws AppError not_found, or conflict where it may serve nobody. */
export async function checkUsable(db: Queryable, modelId: string): Promise<void> {
  const model = await findModel(db, modelId);
  if (!model) throw new AppError('not_found', `There is no model ${modelId.slice(0, 100)}.`);
  if (model.status === 'refused') {
    throw new AppError('conflict', `Model ${model.id} was refused: ${model.reason}`);
  }
  checkHasFiles(model);
}

export function checkHasFiles(model: ModelRow): void {
  if (model.artifactsPrunedAt === null) return;
  const day = model.artifactsPrunedAt.toISOString().slice(0, 10);
  const again =
    model.datasetId === null ? '' : ` Train a new one: bruno job create ${model.datasetId}`;
  throw new AppError(
    'conflict',
    `Model ${model.id} has no files any more: they were pruned on ${day}.${again}`,
  );
}

export type Stage = 'base' | 'registered' | 'candidate' | 'production' | 'retired' | 'refused';

export function stageOf(
  model: Pick<ModelRow, 'id' | 'status'>,
  table: RoutingTable,
  everLive: ReadonlySet<string>,
): Stage {
  if (model.id === table.production) return 'production';
  if (modelsTried(table).includes(model.id)) return 'candidate';
  if (model.status === 'refused') return 'refused';
  if (everLive.has(model.id)) return 'retired';
  return model.status === 'base' ? 'base' : 'registered';
}

/** The base is a model like the others, so that lineage ends somewhere. */
export async function ensureBaseModel(db: Queryable, env: Env): Promise<void> {
  const base = settingsOf(env).BASE_MODEL;
  await insertModel(db, {
    id: base,
    display: 'base',
    base,
    parent: null,
    datasetId: null,
    jobId: null,
    status: 'base',
    reason: 'The model as it was given.',
    metrics: {},
    artifacts: [],
    gitCommit: null,
    createdAt: new Date(now(env)),
  });
}

export async function storedFiles(store: ObjectStore, model: ModelRow, names: readonly string[]) {
  const listed = artifactsOf(model).filter(({ name }) => names.includes(name));
  return Promise.all(
    listed.map(async ({ key, ...artifact }) => ({
      ...artifact,
      url: await store.presignGet(key, URL_SECONDS),
    })),
  );
}

/** Production, its predecessor, what is held out, every candidate, also one that waits its turn, and the newest registered ones. */
export async function servingList(db: Database, env: Env) {
  const settings = settingsOf(env);
  const store = objectStoreOf(env);
  const table = (await latestTable(db)) ?? initialTable(settings.BASE_MODEL);
  const newest = (await listModels(db, 20))
    .filter((model) => model.status === 'registered' && model.artifactsPrunedAt === null)
    .slice(0, KEEP_LOADED)
    .map((model) => model.id);
  // Loaded before it is asked: the first visitors of a candidate must not wait for it.
  const waiting = await openCandidates(db);
  const held = await heldOutSoon(db, env, table);
  const tried = modelsTried(table);
  const wanted = [table.production, table.previous, ...held, ...tried, ...waiting, ...newest];
  const ids = [...new Set(wanted.filter((id) => typeof id === 'string'))];
  const rows = (await findModels(db, ids)).filter(
    (model) => model.status === 'registered' && model.artifactsDeletedAt === null,
  );
  return {
    production: table.production,
    pruned: (await deletedModels(db, PRUNED_LISTED)).map((id) => ({
      model_id: id,
      name: settings.MODEL_NAME,
    })),
    models: await Promise.all(
      rows.map(async (model) => ({
        model_id: model.id,
        name: settings.MODEL_NAME,
        base: model.base,
        week_tag: weekTag(model.datasetId),
        files: await storedFiles(store, model, ['adapter.gguf', 'model-f16.gguf', 'Modelfile']),
      })),
    ),
  };
}

function weekTag(datasetId: string | null): string {
  if (datasetId === null) return 'week-00';
  return `week-${String(parseWeekId(datasetId).week).padStart(2, '0')}`;
}
