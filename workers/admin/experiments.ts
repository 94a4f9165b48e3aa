// An experiment's sums as operators and analysts read them: whole numbers as text, because they may be
// wider than a double.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { readExperimentSums } from '../../adapters/postgres/experiment-look.ts';
import type { Cell, ExperimentSums } from '../../core/experiment-sums.ts';
import { databaseOf, type Env } from '../env.ts';

/** Undefined when nothing was ever counted for that id. */
export async function experimentSums(env: Env, id: string) {
  const sums = await withDatabase(databaseOf(env), (db) => readExperimentSums(db, id));
  const isEmpty = sums.appearances.length === 0 && sums.leftOut.length === 0;
  return isEmpty ? undefined : sumsView(sums);
}

const cell = ({ stratum, shareBp, arm }: Cell) => ({ stratum, share_bp: shareBp, arm });

function sumsView(sums: ExperimentSums) {
  return {
    experiment_id: sums.experimentId,
    totals: sums.totals.map(({ metric, users, n, y, ...at }) => ({
      metric,
      ...cell(at),
      users: String(users),
      n: String(n),
      y: String(y),
    })),
    arm_users: sums.armUsers.map((row) => ({ ...row, users: String(row.users) })),
    moments: sums.moments.map(({ metric, a, b, users, yy, yn, ny, nn }) => ({
      metric,
      a: cell(a),
      b: cell(b),
      users: String(users),
      yy: String(yy),
      yn: String(yn),
      ny: String(ny),
      nn: String(nn),
    })),
    appearances: sums.appearances.map(({ lastShareBp, users, ...at }) => ({
      ...cell(at),
      last_share_bp: lastShareBp,
      users: String(users),
    })),
    left_out: sums.leftOut.map(({ users, answers, ...at }) => ({
      ...cell(at),
      users: String(users),
      answers: String(answers),
    })),
    histograms: sums.histograms.map(({ latency, bucket, answers, ...at }) => ({
      latency,
      ...cell(at),
      bucket,
      answers: String(answers),
    })),
    thresholds: sums.thresholds.map(({ latency, thresholdUs, answers, countedAfterMs }) => ({
      latency,
      threshold_us: thresholdUs,
      answers,
      counted_after: new Date(countedAfterMs),
    })),
  };
}
