// The loop, week by week, against a running stack: visits, review, curation, training, canary,
// promotion, measurement. Row k of the table tells of the model that was live in week k; N weeks
// give N trainings, so a last row N+1 without visits measures what came out of week N.

import { openWindow } from '../core/calendar.ts';
import type { Bank } from './bank.ts';
import { operatorClient, visitorClient } from './client.ts';
import { ceilingOf, type Measurement, measureHeldOut } from './measure.ts';
import { type Progress, percent, type Stopwatch } from './progress.ts';
import { awaitDataset, awaitTraining, reviewCorrections } from './training-round.ts';
import { emptyTally, type Population, runSlots, SLOTS, type Tally } from './visits.ts';

const CANARY_SHARE = 0.1;
/** Slots of the new week that a candidate stays at ten percent: the first day. */
const CANARY_SLOTS = 1;
const WEEK_MS = 7 * 24 * 3_600_000;
const MINUTE_MS = 60_000;

/** Shares are in [0, 1]; null where nothing was there to measure. */
export interface WeekRow {
  week: number;
  interactions: number;
  qualityExamples: number;
  qualityRate: number | null;
  /** The model in production once the canary stay at the start of the week was over. */
  modelVersion: string;
  satisfaction: number | null;
  heldOutSatisfaction: number;
  hallucinationRate: number | null;
  thumbsUpRate: number | null;
}

export interface Outcome {
  weeks: WeekRow[];
  /** One per row: the share of held-out phrasings a perfect learner would answer by then. */
  ceiling: number[];
  /** What the operator should know: refusals, skipped trainings, failed visits. */
  notes: string[];
}

export interface LoopOptions {
  url: string;
  operatorToken: string;
  bank: Bank;
  weeks: number;
  visits: number;
  seed: number;
  nowMs: number;
  progress: Progress;
  watch: Stopwatch;
  signal: AbortSignal;
}

const share = (part: number, whole: number) => (whole === 0 ? null : part / whole);

function liveShares(tally: Tally) {
  const answered = tally.visits - tally.failed;
  return {
    satisfaction: share(tally.right, answered),
    hallucinationRate: share(tally.wrong, answered),
    thumbsUpRate: share(tally.thumbsUp, tally.thumbsUp + tally.thumbsDown),
  };
}

export async function runWeeks(options: LoopOptions): Promise<Outcome> {
  const { bank, progress, watch, signal } = options;
  const operator = operatorClient(options.url, options.operatorToken, signal);
  const client = visitorClient(options.url, signal);
  const population: Population = { visitors: [], comingBack: [] };
  const outcome: Outcome = { weeks: [], ceiling: [], notes: [] };
  const corrected = new Set<string>();
  const firstMs = openWindow(options.nowMs).endMs;

  const measure = (model: string): Promise<Measurement> =>
    watch.time('measurement', () =>
      measureHeldOut(bank, (question) => operator.measure(model, question)),
    );
  const promote = (modelId: string, reason: string) =>
    watch.time('rollout', () => operator.route({ action: 'promote', model_id: modelId, reason }));

  // Time also passes by itself, a long training may have outrun the next instant of the plan.
  const reachClock = async (atMs: number) => {
    if (Date.parse((await operator.status()).now) < atMs) await operator.setClock(atMs);
  };
  await watch.time('visits', () => reachClock(firstMs + 30 * MINUTE_MS));
  let live = (await operator.status()).live.production;
  let measured = await measure(live);
  const base = measured;
  let candidate: string | undefined;
  progress.line(`base ${live}: ${percent(base.satisfaction)} of held-out questions right`);

  for (let week = 1; week <= options.weeks; week++) {
    const startMs = firstMs + (week - 1) * WEEK_MS;
    const tally = emptyTally();
    const plan = {
      ...{ bank, client, population, progress, week, startMs },
      ...{ seed: options.seed, total: options.visits, setClock: reachClock },
    };
    let from = 0;
    if (candidate !== undefined) {
      const modelId: string = candidate;
      await watch.time('visits', () => runSlots(plan, [0, CANARY_SLOTS], tally));
      from = CANARY_SLOTS;
      const stay = percent(liveShares(tally).satisfaction);
      progress.line(
        `  ${modelId} at ${CANARY_SHARE * 100}%: ${tally.visits} visits, ${stay} satisfied`,
      );
      await promote(modelId, `canary day over: ${tally.visits} visits, ${stay} satisfied`);
      live = modelId;
      measured = await measure(live);
      candidate = undefined;
    }
    outcome.ceiling.push(ceilingOf(bank, base, corrected));
    await watch.time('visits', () => runSlots(plan, [from, SLOTS], tally));
    if (tally.failed > 0) {
      outcome.notes.push(`Week ${week}: ${tally.failed} of ${tally.visits} visits failed.`);
    }

    const accepted = await watch.time('review', () =>
      reviewCorrections(operator, { bank, sent: tally.corrections, signal }),
    );
    for (const id of accepted) corrected.add(id);
    const dataset = await watch.time('curation', async () => {
      await reachClock(startMs + WEEK_MS + MINUTE_MS);
      return awaitDataset(operator, { week: openWindow(startMs).id, signal });
    });
    const qualityExamples = dataset.counts.qualified ?? 0;
    const interactions = dataset.counts.interactions ?? tally.visits - tally.failed;
    outcome.weeks.push({
      week,
      interactions,
      qualityExamples,
      qualityRate: share(qualityExamples, interactions),
      modelVersion: live,
      heldOutSatisfaction: measured.satisfaction,
      ...liveShares(tally),
    });
    progress.line(
      `week ${week}: ${interactions} interactions, ${qualityExamples} qualified, ` +
        `${accepted.size} facts corrected, live ${percent(liveShares(tally).satisfaction)} satisfied`,
    );

    const verdict = await watch.time('training', () =>
      awaitTraining(operator, { dataset, progress, signal }),
    );
    progress.line(
      `  ${verdict.kind === 'accepted' ? verdict.modelId : 'production stays'}: ${verdict.reason}`,
    );
    if (verdict.kind === 'none') {
      outcome.notes.push(`After week ${week} production stayed ${live}: ${verdict.reason}`);
      continue;
    }
    candidate = verdict.modelId;
    const started = { action: 'start', model_id: candidate, share: CANARY_SHARE } as const;
    await watch.time('rollout', () =>
      operator.route({ ...started, reason: `week ${week} passed its gate` }),
    );
  }

  if (candidate !== undefined) {
    await promote(candidate, 'last week of the simulation');
    live = candidate;
    measured = await measure(live);
  }
  outcome.ceiling.push(ceilingOf(bank, base, corrected));
  outcome.weeks.push({
    ...{ week: options.weeks + 1, interactions: 0, qualityExamples: 0, qualityRate: null },
    ...{ modelVersion: live, heldOutSatisfaction: measured.satisfaction },
    ...liveShares(emptyTally()),
  });
  return outcome;
}
