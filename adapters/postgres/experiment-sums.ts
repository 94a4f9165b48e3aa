// The running sums of experiments, kept in the recorder's transaction: what each touched visitor gave
// is counted anew from the record, and the difference to what was held is added to the sums. So a batch
// delivered twice, in reverse, or a vote before its answer ends the same; a look reads a few rows.

import { and, eq, inArray, or, sql } from 'drizzle-orm';
import {
  LEFT_OUT,
  leftOutPairs,
  metBothArms,
  Sums,
  Tally,
  type VisitorPair,
} from '../../core/experiment-sums.ts';
import { LATENCIES, latenciesOf, latencyBucket } from '../../core/latency.ts';
import { isVote, type VoteBounds } from '../../core/vote-bounds.ts';
import type { FeedbackEvent, InteractionEvent, SignalsEvent } from '../../core/wire/events.ts';
import type { Queryable } from './connect.ts';
import {
  answersOfTrial,
  type Counted,
  countTrials,
  freezeThresholds,
  type PlacedAnswer,
  type Trial,
  trialsOfVisitors,
} from './experiment-record.ts';
import { type HistogramKey, metricOf, type VisitorRow, writeSums } from './experiment-tables.ts';
import { experimentVisitors } from './schema.ts';

interface Batch {
  /** Answers that this transaction wrote, without those it had before. */
  answers: readonly InteractionEvent[];
  feedback: readonly (FeedbackEvent | SignalsEvent)[];
  /** Visitors of whom something else became known: that they are one person. */
  known: readonly string[];
}

/** After answers, exposures, feedback and people are written, once in their transaction. */
export async function recordExperimentSums(
  db: Queryable,
  batch: Batch,
  bounds: VoteBounds,
): Promise<void> {
  const fresh = batch.answers.flatMap((event) => placed(event) ?? []);
  // Any vote may change which others of the same visitor count, wherever those were given.
  const voters = batch.feedback
    .filter((event) => event.kind === 'feedback' && isVote(event.feedback_type))
    .map(({ visitor_id }) => visitor_id);
  const changed = [...new Set([...voters, ...batch.known])];
  if (fresh.length === 0 && changed.length === 0) return;
  await lockVisitors(db, [...fresh.map(({ trial }) => trial.visitorId), ...changed]);
  const others = await trialsOfVisitors(db, changed);
  await countAgain(db, [...fresh.map(({ trial }) => trial), ...others], { fresh, bounds });
}

/** After something became known of visitors: what a judge says. Once in its transaction. */
export async function recountVisitors(
  db: Queryable,
  visitorIds: readonly string[],
  bounds: VoteBounds,
): Promise<void> {
  await lockVisitors(db, visitorIds);
  await countAgain(db, await trialsOfVisitors(db, visitorIds), { fresh: [], bounds });
}

interface FreshAnswer {
  trial: Trial;
  answer: PlacedAnswer;
}

function placed(event: InteractionEvent): FreshAnswer | undefined {
  const { experiment_id: experimentId, share_bp: shareBp, arm } = event;
  if (experimentId === null || arm === 'none' || typeof shareBp !== 'number') return undefined;
  return {
    trial: { experimentId, visitorId: event.visitor_id },
    answer: {
      interactionId: event.interaction_id,
      stratum: event.stratum ?? 0,
      shareBp,
      arm,
      status: event.status,
      fault: event.fault ?? null,
      firstTokenMs: event.first_token_ms,
      totalMs: event.total_ms,
      completionTokens: event.completion_tokens,
    },
  };
}

/**
 * A vote and its answer in two transactions at once would not see each other; by this lock the second
 * sees both. One order everywhere, all the visitors of a transaction before its experiments, so that
 * nobody waits in a circle.
 */
async function lockVisitors(db: Queryable, visitorIds: readonly string[]): Promise<void> {
  await db.execute(sql`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(id, 0) AS key
        FROM jsonb_array_elements_text(${JSON.stringify(visitorIds)}::jsonb) AS v(id)
       ORDER BY key OFFSET 0) AS keys`);
}

/** One writer of an experiment's sums at a time, to the end of its transaction. */
async function lockExperiments(db: Queryable, experimentIds: readonly string[]): Promise<void> {
  await db.execute(sql`
    SELECT pg_advisory_xact_lock(1, key) FROM (
      SELECT DISTINCT hashtext(id) AS key
        FROM jsonb_array_elements_text(${JSON.stringify(experimentIds)}::jsonb) AS e(id)
       ORDER BY key OFFSET 0) AS keys`);
}

async function countAgain(
  db: Queryable,
  touched: readonly Trial[],
  { fresh, bounds }: { fresh: readonly FreshAnswer[]; bounds: VoteBounds },
) {
  const experimentIds = [...new Set(touched.map(({ experimentId }) => experimentId))].toSorted();
  if (experimentIds.length === 0) return;
  await lockExperiments(db, experimentIds);
  await freezeThresholds(db, experimentIds);
  const counted = await countTrials(db, touched, bounds);
  const held = await heldPairs(db, [...touched, ...counted]);
  const countedBy = Map.groupBy(counted, ({ experimentId }) => experimentId);
  const touchedBy = Map.groupBy(touched, ({ experimentId }) => experimentId);
  for (const experimentId of experimentIds) {
    const cells = countedBy.get(experimentId) ?? [];
    const after = pairsAfter(cells);
    const visitorIds = new Set([
      ...(touchedBy.get(experimentId) ?? []).map(({ visitorId }) => visitorId),
      ...after.keys(),
    ]);
    const sums = new Sums();
    const histograms = new Tally<HistogramKey, 'answers'>(['answers']);
    const changes: { kept: VisitorRow[]; gone: VisitorRow[] } = { kept: [], gone: [] };
    for (const visitorId of visitorIds) {
      const trial = { experimentId, visitorId };
      const before = held.get(keyOf(trial)) ?? [];
      const now = after.get(visitorId) ?? [];
      sums.visitor(before, -1n).visitor(now);
      const own = fresh.filter(({ trial: of }) => keyOf(of) === keyOf(trial));
      await moveLatencies(db, histograms, trial, { before, now, fresh: own });
      const wanted = new Map(now.map((pair) => [pairKey(pair), pair]));
      const known = new Map(before.map((pair) => [pairKey(pair), pair]));
      for (const [key, pair] of wanted) {
        const old = known.get(key);
        if (old?.n !== pair.n || old.y !== pair.y) changes.kept.push({ visitorId, ...pair });
      }
      for (const [key, pair] of known) {
        if (!wanted.has(key)) changes.gone.push({ visitorId, ...pair });
      }
    }
    await writeSums(db, experimentId, { sums, histograms, ...changes });
  }
}

const keyOf = ({ experimentId, visitorId }: Trial) => JSON.stringify([experimentId, visitorId]);
const pairKey = ({ stratum, shareBp, arm, metric }: VisitorPair) =>
  `${stratum} ${shareBp} ${arm} ${metric}`;

/** By visitor; whoever met both arms at one stage, by two devices, is left out with all of them. */
function pairsAfter(counted: readonly Counted[]): Map<string, VisitorPair[]> {
  const after = new Map<string, VisitorPair[]>();
  for (const person of Map.groupBy(counted, (one) => one.person).values()) {
    const isLeftOut = metBothArms(person.map(({ cell }) => cell));
    for (const [visitorId, own] of Map.groupBy(person, (one) => one.visitorId)) {
      after.set(
        visitorId,
        isLeftOut ? leftOutPairs(own.map(({ cell }) => cell)) : own.flatMap(({ pairs }) => pairs),
      );
    }
  }
  return after;
}

async function heldPairs(db: Queryable, trials: readonly Trial[]) {
  const found = new Map<string, VisitorPair[]>();
  const byExperiment = Map.groupBy(trials, ({ experimentId }) => experimentId);
  const rows = await db
    .select()
    .from(experimentVisitors)
    .where(
      or(
        ...[...byExperiment].map(([experimentId, own]) =>
          and(
            eq(experimentVisitors.experimentId, experimentId),
            inArray(experimentVisitors.visitorId, [
              ...new Set(own.map(({ visitorId }) => visitorId)),
            ]),
          ),
        ),
      ),
    );
  for (const { experimentId, visitorId, metric, ...rest } of rows) {
    const key = keyOf({ experimentId, visitorId });
    found.set(key, [
      ...(found.get(key) ?? []),
      { ...rest, metric: metric === LEFT_OUT ? LEFT_OUT : metricOf(metric) },
    ]);
  }
  return found;
}

const isCounted = (pairs: readonly VisitorPair[]) => pairs.some(({ metric }) => metric === 'error');

/** Latencies are not kept by visitor: who is taken out, or back in, is read answer by answer. */
async function moveLatencies(
  db: Queryable,
  histograms: Tally<HistogramKey, 'answers'>,
  trial: Trial,
  change: { before: VisitorPair[]; now: VisitorPair[]; fresh: readonly FreshAnswer[] },
) {
  const add = (answer: PlacedAnswer, sign: 1n | -1n) => {
    const us = latenciesOf(answer);
    const { stratum, shareBp, arm } = answer;
    for (const latency of LATENCIES) {
      const value = us[latency];
      if (value === null) continue;
      const key = { latency, stratum, shareBp, arm, bucket: latencyBucket(value) };
      histograms.add(key, { answers: 1n }, sign);
    }
  };
  const [was, is] = [isCounted(change.before), isCounted(change.now)];
  const isNew = change.before.length === 0;
  if (is && (was || isNew)) for (const { answer } of change.fresh) add(answer, 1n);
  if (is === was || (is && isNew)) return;
  const fresh = new Set(change.fresh.map(({ answer }) => answer.interactionId));
  for (const answer of await answersOfTrial(db, trial)) {
    if (is) add(answer, 1n);
    else if (!fresh.has(answer.interactionId)) add(answer, -1n);
  }
}
