// Old candidates lose their files, in two steps: a model is marked, from when on nothing may use it, and
// a sweep later its files are deleted, unless something took it up in that very moment; then it is kept
// after all. Both are rows of the history. It may stop anywhere and begin again.

import type { ObjectStore } from '../../adapters/object-store/index.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { findJob } from '../../adapters/postgres/jobs.ts';
import { giveLease, takeLease } from '../../adapters/postgres/leases.ts';
import type { ModelRow } from '../../adapters/postgres/models.ts';
import {
  markPruned,
  noteDeleted,
  parentsInTraining,
  toDelete,
  trainedModels,
  unmarkPruned,
} from '../../adapters/postgres/prunings.ts';
import { openCandidates } from '../../adapters/postgres/rollouts.ts';
import { AppError } from '../../core/errors.ts';
import {
  decidePruning,
  type Needs,
  neededFor,
  type Pruning,
  type PruningRule,
  ruleText,
} from '../../core/pruning.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { ARTIFACT_NAMES } from '../../core/wire/agent.ts';
import { databaseOf, type Env, learningOf } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { appendHistory, chainOf } from '../history/append.ts';
import { heldOutEver } from '../rollout/held-models.ts';
import { ENGINE } from '../rollout/record.ts';
import { routingTable } from '../rollout/table.ts';
import { checkpointKey } from './jobs.ts';
import { artifactKey, artifactsOf } from './models.ts';

/** Whoever found a model usable has used it long before that. */
export const GRACE_MS = 10 * 60_000;
const MODELS_A_SWEEP = 5;
const LEASE_SECONDS = 600;

export function pruningRule(env: Env): PruningRule {
  const { keep_last: keepLast, keep_days: keepDays } = learningOf(env).models;
  return { keepLast, keepDays };
}

/** Throws AppError dependency_unavailable where it cannot be known what is needed. */
export async function pruningPlan(env: Env, nowMs: number): Promise<Pruning[]> {
  const table = await routingTable(env);
  return withDatabase(databaseOf(env), (db) => planFrom(db, env, { table, nowMs }));
}

interface Known {
  table: RoutingTable;
  nowMs: number;
}

async function planFrom(db: Database, env: Env, { table, nowMs }: Known): Promise<Pruning[]> {
  const rows = await trainedModels(db);
  const models = rows.map((row) => ({
    id: row.id,
    status: row.status,
    createdAtMs: row.createdAt.getTime(),
    files: artifactsOf(row).length,
    prunedAtMs: row.artifactsPrunedAt?.getTime() ?? null,
  }));
  const needs = await needsOf(db, env, table);
  return decidePruning(models, needs, { rule: pruningRule(env), nowMs });
}

async function needsOf(db: Database, env: Env, table: RoutingTable): Promise<Needs> {
  const { production, previous, experiments } = table;
  const open = await openCandidates(db);
  return {
    production,
    previous,
    inExperiment: new Set([...open, ...experiments.map(({ candidate }) => candidate)]),
    heldOut: await heldOutEver(db, env, table),
    inTraining: await parentsInTraining(db),
  };
}

interface Order {
  who: string;
  reason: string;
  atMs: number;
}

/** Marks what the rule says, all of it; returns their ids. Throws AppError conflict while a sweep is at it. */
export async function pruneNow(env: Env, order: Order): Promise<string[]> {
  const table = await routingTable(env);
  return withDatabase(databaseOf(env), async (db) => {
    const marked = await alone(db, () => mark(db, env, { table, order, most: Infinity }));
    if (marked === undefined) {
      throw new AppError('conflict', 'Models are being pruned right now. Try again in a minute.');
    }
    return marked;
  });
}

export async function sweepPruning(
  env: Env,
  atMs: number,
  store: ObjectStore = objectStoreOf(env),
): Promise<void> {
  const table = await routingTable(env);
  await withDatabase(databaseOf(env), (db) =>
    alone(db, async () => {
      await deleteMarked(db, env, { table, nowMs: atMs, store });
      if (!learningOf(env).models.prune) return;
      const order = { who: ENGINE, reason: ruleText(pruningRule(env)), atMs };
      await mark(db, env, { table, order, most: MODELS_A_SWEEP });
    }),
  );
}

/** One at a time; undefined while another one is at it. */
async function alone<Result>(
  db: Database,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const lease = { name: 'pruning', holder: crypto.randomUUID() };
  if (!(await takeLease(db, lease, LEASE_SECONDS))) return undefined;
  try {
    return await work();
  } finally {
    await giveLease(db, lease);
  }
}

interface Marking {
  table: RoutingTable;
  order: Order;
  most: number;
}

async function mark(db: Database, env: Env, { table, order, most }: Marking): Promise<string[]> {
  const plan = await planFrom(db, env, { table, nowMs: order.atMs });
  // The oldest first: the plan is newest first.
  const going = plan.filter(({ kept }) => kept === null).toReversed();
  const marked: string[] = [];
  for (const { id } of going.slice(0, most)) {
    await db.transaction(async (tx) => {
      if (!(await markPruned(tx, id, new Date(order.atMs)))) return;
      const summary = `${id} loses its files: ${ruleText(pruningRule(env))}`;
      await appendHistory(tx, chainOf(env, order.atMs), entry('pruned', id, { ...order, summary }));
      marked.push(id);
    });
  }
  return marked;
}

/** By time, because a model that was kept may be marked again later. */
const entry = (action: string, id: string, told: Order & { summary: string }) => ({
  key: `pruning:${id}:${action}:${told.atMs}`,
  kind: 'pruning',
  action,
  subject: id,
  at: new Date(told.atMs),
  who: told.who,
  reason: told.reason,
  summary: told.summary,
  body: { model: id },
});

interface Deleting extends Known {
  store: ObjectStore;
}

async function deleteMarked(db: Database, env: Env, { table, nowMs, store }: Deleting) {
  const due = await toDelete(db, new Date(nowMs - GRACE_MS), MODELS_A_SWEEP);
  if (due.length === 0) return;
  const needs = await needsOf(db, env, table);
  for (const model of due) {
    const needed = neededFor(model.id, needs);
    if (needed !== null) {
      await keep(db, env, { id: model.id, needed, nowMs });
      continue;
    }
    for (const key of await keysOf(db, model)) await store.remove(key);
    await noteDeleted(db, model.id, new Date(nowMs));
  }
}

async function keep(
  db: Database,
  env: Env,
  { id, needed, nowMs }: { id: string; needed: string; nowMs: number },
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await unmarkPruned(tx, id))) return;
    const told = { who: ENGINE, reason: needed, atMs: nowMs };
    const summary = `${id} keeps its files after all: ${needed}`;
    await appendHistory(tx, chainOf(env, nowMs), entry('kept', id, { ...told, summary }));
  });
}

/** How it was trained: small, and a part of where it came from. */
const KEPT = 'training.json';

/** Its files, what earlier attempts left, and the checkpoint. The manifest stays, as does its log. */
async function keysOf(db: Database, model: ModelRow): Promise<string[]> {
  const keys = artifactsOf(model)
    .filter(({ name }) => name !== KEPT)
    .map(({ key }) => key);
  const job = model.jobId === null ? undefined : await findJob(db, model.jobId);
  if (job === undefined) return keys;
  const attempts = Array.from({ length: job.attempt }, (_, index) => index + 1);
  const left = attempts.flatMap((attempt) =>
    ARTIFACT_NAMES.filter((name) => name !== KEPT).map((name) =>
      artifactKey(model.id, attempt, name),
    ),
  );
  return [...new Set([...keys, ...left, checkpointKey(job.id)])];
}
