// The statistics library on this machine: one look at an experiment in ms at 10,000 and at a million
// users, one event in µs, and the same quantities as GrowthBook's gbstats on the same sums, value beside
// value and time as a ratio. gbstats is installed once, from PyPI, into an environment of its own under
// ~/.cache/bruno: node bench/statistics.ts

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { analyze } from '../core/statistics/analysis.ts';
import { growthbookTau, twoSidedHalfWidth } from '../core/statistics/confidence-sequence.ts';
import { harmVerdict, rollbackAlpha } from '../core/statistics/guardrail.ts';
import {
  type Arm,
  addChange,
  crossOf,
  emptyMoments,
  type Moments,
  type UserCell,
} from '../core/statistics/moments.ts';
import { DEFAULT_POLICY } from '../core/statistics/policy.ts';
import { armCounts } from '../core/statistics/sample-ratio-arms.ts';
import { stratify } from '../core/statistics/stratified.ts';
import { summaryOf, welch } from '../core/statistics/welch.ts';
import { mulberry32 } from '../simulation/random.ts';

const GBSTATS = '0.8.0';
const STAGES = [
  { stage: '10 %', share: 0.1 },
  { stage: '25 %', share: 0.25 },
  { stage: '50 %', share: 0.5 },
  { stage: '95 %', share: 0.95 },
];
const ALPHA = rollbackAlpha(DEFAULT_POLICY, DEFAULT_POLICY.metrics.length);

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

function microseconds(calculate: () => unknown, calls: number): number {
  const rounds = Array.from({ length: 5 }, () => {
    const began = performance.now();
    for (let call = 0; call < calls; call += 1) calculate();
    return ((performance.now() - began) / calls) * 1_000;
  });
  return median(rounds);
}

interface Grown {
  moments: Moments;
  events: number;
  /** The last tenth of the events alone: what one costs once all the others are there. */
  microsecondsAnEvent: number;
}

/** Users with a rate of their own who come back in every stage, one answer at a time. */
function grow(users: number, stages: typeof STAGES): Grown {
  const random = mulberry32(1);
  const moments = emptyMoments();
  let events = 0;
  let lateEvents = 0;
  let lateMs = 0;
  for (let user = 0; user < users; user += 1) {
    const bucket = random();
    const rate = 0.1 * random();
    const changes = stages.flatMap(({ stage, share }) => {
      const arm: Arm = bucket < share ? 'treatment' : 'control';
      const answers = 1 + Math.floor(random() * 5);
      const change = () => ({ stage, arm, n: 1, y: random() < rate ? 1 : 0 });
      return Array.from({ length: answers }, change);
    });
    const began = performance.now();
    let standing: UserCell[] = [];
    for (const change of changes) standing = addChange(moments, standing, change);
    events += changes.length;
    if (user < users * 0.9) continue;
    lateMs += performance.now() - began;
    lateEvents += changes.length;
  }
  return { moments, events, microsecondsAnEvent: (lateMs / lateEvents) * 1_000 };
}

function look(moments: Moments): void {
  const metrics = Object.fromEntries(DEFAULT_POLICY.metrics.map(({ metric }) => [metric, moments]));
  harmVerdict(metrics, DEFAULT_POLICY);
  for (const rule of DEFAULT_POLICY.metrics) {
    analyze({ metric: rule.metric, moments, rule, policy: DEFAULT_POLICY, alpha: ALPHA });
  }
}

console.log(
  `One look: the verdict and the whole analysis of ${DEFAULT_POLICY.metrics.length} metrics`,
);
console.log('     users |    events | one look, ms | one event, µs');
for (const users of [10_000, 100_000, 1_000_000]) {
  const { moments, events, microsecondsAnEvent } = grow(users, STAGES);
  const ms = microseconds(() => look(moments), 200) / 1_000;
  console.log(
    `${String(users).padStart(10)} | ${String(events).padStart(9)} | ${ms.toFixed(3).padStart(12)} | ${microsecondsAnEvent.toFixed(2).padStart(13)}`,
  );
}

function gbstatsPython(): string {
  const folder = join(homedir(), '.cache', 'bruno', `gbstats-${GBSTATS}`);
  const python = join(folder, 'bin', 'python');
  const has = () => {
    if (!existsSync(python)) return false;
    try {
      execFileSync(python, ['-I', '-c', 'import gbstats'], { stdio: 'ignore', timeout: 120_000 });
      return true;
    } catch {
      return false;
    }
  };
  if (!has()) {
    const run = (program: string, args: string[]) =>
      execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 600_000 });
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', `gbstats==${GBSTATS}`]);
  }
  return python;
}

const interval = z.object({
  value: z.number(),
  lower: z.number(),
  upper: z.number(),
  standardError: z.number(),
  p: z.number(),
  us: z.number(),
});
const theirsSchema = z.object({
  means: interval,
  ratios: interval,
  sequential: interval,
  split: z.object({ p: z.number(), us: z.number() }),
});

const CALLS = 2_000;
const TUNING = 5_000;
const { moments } = grow(10_000, STAGES.slice(1, 2));
const sumsOf = (arm: Arm) => {
  const at = moments.cells.findIndex((cell) => cell.arm === arm);
  const { users = 0, n = 0, y = 0 } = moments.cells[at] ?? {};
  const { yy, yn, nn } = crossOf(moments, at, at);
  return { users, n, y, yy, yn, nn };
};
const [control, treatment] = [sumsOf('control'), sumsOf('treatment')];
const shares = [0.75, 0.25];
const asked = { control, treatment, shares, tuning: TUNING, calls: CALLS };
// -I: gbstats.py must not find itself when it imports gbstats.
const answer = execFileSync(gbstatsPython(), ['-I', join(import.meta.dirname, 'gbstats.py')], {
  input: JSON.stringify(asked),
  timeout: 300_000,
});
const theirs = theirsSchema.parse(JSON.parse(answer.toString('utf8')));

const summary = ({ users, y, yy }: typeof control) =>
  summaryOf({ n: users, sum: y, sumOfSquares: yy });
const means = () => welch(summary(control), summary(treatment));
/** V with their G/(G − 1) in each arm, so that what is compared is the same quantity. */
function ratios() {
  const rates = stratify(moments);
  if (rates.kind === 'not_enough') throw new Error(rates.reason);
  const arms = (['control', 'treatment'] as const).map((arm) => {
    const users = moments.users[arm];
    return (rates.own[arm].variance * users) / (users - 1);
  });
  return { value: rates.difference.value, variance: arms.reduce((a, b) => a + b, 0) };
}
function sequential() {
  const { value, variance } = ratios();
  const total = control.users + treatment.users;
  const tuned = growthbookTau({ variance, alpha: 0.05 }, total, TUNING);
  if (tuned.kind === 'not_enough') throw new Error(tuned.reason);
  const half = twoSidedHalfWidth({ variance, tau: tuned.tau, alpha: 0.05 });
  return { lower: value - half, upper: value + half };
}
const split = () => armCounts([control.users, treatment.users], shares);

const rows: [string, number, number][] = [];
const ours = means();
if (ours.kind === 'not_enough') throw new Error(ours.reason);
rows.push(['Welch: difference', ours.difference, theirs.means.value]);
rows.push(['Welch: standard error', ours.standardError, theirs.means.standardError]);
rows.push(['Welch: p', ours.p, theirs.means.p]);
rows.push(['Welch: lower', ours.interval[0], theirs.means.lower]);
rows.push(['Welch: upper', ours.interval[1], theirs.means.upper]);
const delta = ratios();
rows.push(['ratio metric: difference', delta.value, theirs.ratios.value]);
rows.push(['ratio metric: standard error', Math.sqrt(delta.variance), theirs.ratios.standardError]);
const sequence = sequential();
rows.push(['sequential: lower', sequence.lower, theirs.sequential.lower]);
rows.push(['sequential: upper', sequence.upper, theirs.sequential.upper]);
const counts = split();
rows.push(['sample ratio: p', counts.kind === 'arm_counts' ? counts.p : 0, theirs.split.p]);

console.log(`\nThe same sums of 10,000 users in gbstats ${GBSTATS}`);
console.log(
  'quantity                     |                  ours |               gbstats | ratio − 1',
);
for (const [name, mine, other] of rows) {
  console.log(
    `${name.padEnd(28)} | ${mine.toPrecision(15).padStart(21)} | ${other.toPrecision(15).padStart(21)} | ${(mine / other - 1).toExponential(1)}`,
  );
}

console.log('\ntime a call, µs             |    ours | gbstats | gbstats / ours');
const times: [string, () => unknown, number][] = [
  ['Welch', means, theirs.means.us],
  ['ratio metric', ratios, theirs.ratios.us],
  ['sequential', sequential, theirs.sequential.us],
  ['sample ratio', split, theirs.split.us],
];
for (const [name, calculate, other] of times) {
  const mine = microseconds(calculate, CALLS);
  console.log(
    `${name.padEnd(27)} | ${mine.toFixed(1).padStart(7)} | ${other.toFixed(1).padStart(7)} | ${(other / mine).toFixed(0).padStart(14)}`,
  );
}
