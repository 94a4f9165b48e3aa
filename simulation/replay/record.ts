// What the product holds of a replayed rollout: where it stands after a look, the sums it has looked at, its
// signed steps, its latencies. Read from Postgres, by the product's own queries.

import type { Database } from '../../adapters/postgres/connect.ts';
import { readExperimentSums } from '../../adapters/postgres/experiment-look.ts';
import { listHistory } from '../../adapters/postgres/history.ts';
import { latestTable } from '../../adapters/postgres/models.ts';
import { findRollout } from '../../adapters/postgres/rollouts.ts';
import { LATENCIES, latenciesOf, latencyBucket } from '../../core/latency.ts';
import { rolloutRowSchema } from '../../core/rollout/held.ts';
import { observedFrom } from '../../core/rollout/observed.ts';
import { type RolloutState, rolloutStateSchema } from '../../core/rollout/state.ts';
import type { AnswerLine, LookLine } from './events.ts';
import { lookSums } from './look-sums.ts';
import { PRODUCTION } from './run.ts';

export interface Began {
  id: string;
  candidate: string;
  /** The model it is compared with. */
  production: string;
  startMs: number;
}

type Look = Omit<LookLine, 'kind' | 'slot'>;

/** Times since the start, and production by the simulator's name for it. */
function stateSince({ at, ...state }: RolloutState, began: Began): RolloutState {
  const since = (ms: number) => ms - began.startMs;
  if (at.phase === 'ended') return { ...state, at: { ...at, atMs: since(at.atMs) } };
  if (!('progress' in at)) return { ...state, at };
  const { production, lookedAtMs } = at.progress;
  const name = production === began.production ? PRODUCTION : production;
  const progress = { ...at.progress, production: name, lookedAtMs: since(lookedAtMs) };
  return { ...state, at: { ...at, progress } };
}

/** After a look. */
export async function recordedLook(db: Database, began: Began): Promise<Look> {
  const rollout = await findRollout(db, began.id);
  if (rollout === undefined) throw new Error(`the record has no experiment ${began.id}`);
  const table = await latestTable(db);
  const sums = await readExperimentSums(db, began.id);
  const none = { newestMs: null, lastDay: 0 };
  const observed = observedFrom(sums, {
    nowMs: 0,
    arrivals: { control: none, treatment: none },
    oldestUnjudgedMs: null,
    offline: null,
    stratum: 0,
  });
  const running = table?.experiments.find((one) => one.id === began.id);
  return {
    state: stateSince(rolloutStateSchema.parse(rollout.state), began),
    reason: rollout.reason,
    share_bp: running?.shareBp ?? null,
    sums: lookSums(observed),
  };
}

/** One line a step, oldest first: when, what, and why. */
export async function recordedSteps(db: Database, began: Began): Promise<string[]> {
  const filter = { kind: 'experiment', subject: began.id, limit: 200 };
  return (await listHistory(db, filter)).toReversed().flatMap(({ at, summary, body }) => {
    const { state } = rolloutRowSchema.parse(body);
    if (state.step === 0) return [];
    const reason = summary.slice(`${began.candidate}: `.length);
    return [stepLine({ ms: at.getTime() - began.startMs, state, reason })];
  });
}

export const stepLine = (step: { ms: number; state: RolloutState; reason: string }): string =>
  `${step.ms / 3_600_000} h, step ${step.state.step}, ${step.state.at.phase}: ${step.reason}`;

export type Histogram = Record<string, number>;

/** Answers by kind of latency, cell and bucket. */
export async function recordedLatencies(db: Database, id: string): Promise<Histogram> {
  const { histograms } = await readExperimentSums(db, id);
  return Object.fromEntries(
    histograms.map((row) => [binOf(row, row.latency, row.bucket), Number(row.answers)]),
  );
}

/** The same as it must be, from the raw events. */
export function writtenLatencies(answers: readonly AnswerLine[]): Histogram {
  const found: Histogram = {};
  for (const line of answers) {
    const us = latenciesOf({
      status: line.breaks ? 'partial' : 'complete',
      fault: line.breaks ? 'model' : null,
      firstTokenMs: line.first_token_ms,
      totalMs: line.total_ms,
      completionTokens: line.breaks ? null : line.completion_tokens,
    });
    for (const latency of LATENCIES) {
      const value = us[latency];
      if (value === null) continue;
      const cell = { shareBp: line.share_bp, arm: line.arm };
      const bin = binOf(cell, latency, latencyBucket(value));
      found[bin] = (found[bin] ?? 0) + 1;
    }
  }
  return found;
}

const binOf = (cell: { shareBp: number; arm: string }, latency: string, bucket: number) =>
  `${latency} of ${cell.arm} at ${cell.shareBp}, bucket ${bucket}`;
