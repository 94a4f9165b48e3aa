// What a look needs to know, from the routing table and the record. Reads only. Evidence that cannot be
// read is null, which holds; without the table or the line nothing can be decided, and it throws.

import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { readExperimentSums } from '../../adapters/postgres/experiment-look.ts';
import { oldestUnjudged } from '../../adapters/postgres/judgments.ts';
import { findModel } from '../../adapters/postgres/models.ts';
import { arrivalsOf, queuedBefore } from '../../adapters/postgres/rollouts.ts';
import { BUCKETS } from '../../core/assignment.ts';
import type { ExperimentSums } from '../../core/experiment-sums.ts';
import { evidenceOf, type Observed } from '../../core/rollout/evidence.ts';
import type { Facts } from '../../core/rollout/facts.ts';
import type { Held } from '../../core/rollout/held.ts';
import { observedFrom } from '../../core/rollout/observed.ts';
import { offlineOf } from '../../core/rollout/offline.ts';
import { shareBpOf } from '../../core/rollout/policy.ts';
import { freePlaces } from '../../core/route-commands.ts';
import { answererName, productionOf, type RoutingTable } from '../../core/routing.ts';
import { databaseOf, type Env, learningOf, now } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';
import { kindOf, waivedIn } from './kind.ts';
import { routingTable } from './table.ts';

type Subject = Pick<Held, 'id' | 'candidate' | 'policy' | 'state'>;

/** What was measured, and against which control. */
export interface Seen {
  observed: Observed;
  stratum: number;
}

export interface Gathered {
  facts: Facts;
  /** Null before it is on traffic, and where it could not be read. */
  seen: Seen | null;
}

/** The part of all visitors that an experiment owns, by how many may run at once. */
export const sliceBpOf = (env: Env): number =>
  Math.floor(BUCKETS / learningOf(env).ab_testing.max_experiments);

export async function gatherFacts(env: Env, held: Subject): Promise<Gathered> {
  const table = await routingTable(env);
  const { at } = held.state;
  // The model and what it answers under: a control with other settings is another control.
  const shared = { candidateDown: null, production: answererName(productionOf(table)) };
  if (at.phase === 'planned' || at.phase === 'queued') {
    const before = await withDatabase(databaseOf(env), (db) => queuedBefore(db, held.id));
    const placeInLine = placeOf(env, table, before);
    return {
      facts: { ...shared, evidence: null, routed: true, placeInLine },
      seen: null,
    };
  }
  const { seen, evidence } = await withDatabase(databaseOf(env), async (db) => {
    const found = await observe(db, env, held, { table, nowMs: now(env) });
    return { seen: found, evidence: evidenceOf(found.observed, held.policy.rules) };
  }).catch((cause: unknown) => {
    report('evidence_unread', cause);
    return { seen: null, evidence: null };
  });
  const facts = { ...shared, evidence, routed: isRouted(held, table), placeInLine: null };
  return { facts, seen };
}

function placeOf(env: Env, { experiments }: RoutingTable, before: number): number | null {
  const most = learningOf(env).ab_testing.max_experiments;
  const free = freePlaces(experiments, { widthBp: sliceBpOf(env), most });
  return before < free ? null : before + 1;
}

/** Another share than the stage's was set by hand, and so contradicts the rollout too. */
function isRouted({ id, policy, state: { at } }: Subject, { experiments }: RoutingTable): boolean {
  const running = experiments.find((one) => one.id === id);
  if (running === undefined) return false;
  return !('progress' in at) || running.shareBp === shareBpOf(policy, at.progress.stage);
}

export async function observe(
  db: Database,
  env: Env,
  held: Pick<Held, 'id' | 'candidate'>,
  { table, nowMs }: { table: RoutingTable; nowMs: number },
): Promise<Seen & { sums: ExperimentSums }> {
  const sums = await readExperimentSums(db, held.id);
  const arrivals = await arrivalsOf(db, held.id);
  const oldestUnjudgedMs = await oldestUnjudged(db, held.id);
  const model = await findModel(db, held.candidate);
  const running = table.experiments.find(({ id }) => id === held.id);
  // One that is over is shown as it was last measured.
  const newest = Math.max(0, ...sums.totals.map((row) => row.stratum));
  const stratum = running?.stratum ?? newest;
  const offline = offlineOf(model, {
    production: table.production,
    minExamples: learningOf(env).evaluation.min_examples,
  });
  const seen = observedFrom(sums, { nowMs, arrivals, offline, stratum, oldestUnjudgedMs });
  const waived = [
    ...new Set([...seen.waived, ...waivedIn(kindOf(held.candidate), running?.settings)]),
  ];
  return { sums, observed: { ...seen, waived }, stratum };
}
