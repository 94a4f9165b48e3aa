// A rule of fixed thresholds, as evidence for the same `decide`: every quarter of an hour the
// point estimates of pooled requests against fixed tolerances, and a t-test over requests to promote. It is
// there to be compared with (bench/DECISIONS.md): it takes back nearly every candidate, good or bad.

import { type LogHistogram, percentile } from '../statistics/histogram.ts';
import type { Arm, Moments } from '../statistics/moments.ts';
import { normalTwoSidedP } from '../statistics/normal.ts';
import type { Policy } from '../statistics/policy.ts';
import * as say from '../statistics/sentences.ts';
import type { Observed } from './evidence.ts';
import type { Evidence } from './facts.ts';

export interface LiterallyObserved extends Pick<Observed, 'metrics' | 'users'> {
  /** Time to the first token of every answer, whatever the stage. */
  latencies: Record<Arm, LogHistogram>;
}

const TOLERANCE = { error: 0.05, p95: 0.1, thumbs_up: 0.05, hallucination: 0.05 } as const;
const ERROR_LIMIT = 0.01;
const SIGNIFICANT = 0.05;

/**
 * 24 hours at 10, 25 and 50 %, then everyone. `promoteOn` reads what the t-test says from where other
 * rules keep the comparison offline. Documents end at 100 %; `decide` holds it as long as the stages before.
 */
export const literalRules = (rules: Policy): Policy => ({
  ...rules,
  shares: [0.1, 0.25, 0.5, 1],
  quietHours: 0,
  promoteOn: 'no_evidence_of_harm',
});

interface Pooled {
  n: number;
  y: number;
  rate: number;
}

/** Both arms over all stages; null below the gate, which such a rule lacks: without it noise decides at once. */
function pooled(moments: Moments | undefined, { gate }: Policy): Record<Arm, Pooled> | null {
  if (!moments || moments.users.treatment < gate.treatmentUsers) return null;
  const of = (wanted: Arm): Pooled => {
    let n = 0;
    let y = 0;
    for (const cell of moments.cells) {
      if (cell.arm !== wanted) continue;
      n += cell.n;
      y += cell.y;
    }
    return { n, y, rate: y / n };
  };
  const control = of('control');
  const treatment = of('treatment');
  const isEnough =
    control.n >= gate.observations &&
    treatment.n >= gate.observations &&
    control.y + treatment.y >= gate.events;
  return isEnough ? { control, treatment } : null;
}

/** What its users are, is requests: its minimum is of samples. */
export function literalEvidence(observed: LiterallyObserved, rules: Policy): Evidence {
  const { metrics } = observed;
  const broken = [
    overError(pooled(metrics.error, rules)),
    overTolerance('hallucination', pooled(metrics.hallucination, rules), 1),
    overTolerance('thumbs_up', pooled(metrics.thumbs_up, rules), -1),
    overP95(observed, rules),
  ].filter((reason) => reason !== null);
  const failed = broken.length > 0;
  const reason = failed ? broken.join('; ') : 'no trigger';
  const requests = (wanted: Arm) =>
    (metrics.error?.cells ?? []).reduce((sum, { arm, n }) => (arm === wanted ? sum + n : sum), 0);
  return {
    harm: { result: failed ? 'fail' : 'pass', amber: false, reason, guardrails: [], waived: [] },
    splitBroken: null,
    unhealthy: null,
    users: { control: requests('control'), treatment: requests('treatment') },
    offline: tTest(pooled(metrics.thumbs_up, rules)),
  };
}

function overError(arms: Record<Arm, Pooled> | null): string | null {
  if (arms && arms.treatment.rate > ERROR_LIMIT) {
    return `error ${say.rate(arms.treatment.rate)}, above ${say.rate(ERROR_LIMIT)}`;
  }
  return overTolerance('error', arms, 1);
}

function overTolerance(
  metric: 'error' | 'hallucination' | 'thumbs_up',
  arms: Record<Arm, Pooled> | null,
  harmIs: 1 | -1,
): string | null {
  if (!arms || arms.control.rate === 0) return null;
  const change = arms.treatment.rate / arms.control.rate - 1;
  if (!(harmIs * change > TOLERANCE[metric])) return null;
  return `${say.name(metric)} ${say.rate(arms.treatment.rate)} in treatment, ${say.rate(arms.control.rate)} in control`;
}

function overP95({ latencies, users }: LiterallyObserved, { gate }: Policy): string | null {
  if (users.treatment < gate.treatmentUsers) return null;
  const control = percentile(latencies.control, 0.95);
  const treatment = percentile(latencies.treatment, 0.95);
  if (typeof control !== 'number' || typeof treatment !== 'number') return null;
  const change = treatment / control - 1;
  return change > TOLERANCE.p95 ? `p95 of the first token ${say.asLift(Math.log1p(change))}` : null;
}

/** Student's, equal variances; at a thousand requests and more its p is the normal one's. */
function tTest(arms: Record<Arm, Pooled> | null): Evidence['offline'] {
  if (!arms) return null;
  const { control, treatment } = arms;
  const squares = [control, treatment].reduce((sum, { n, rate }) => sum + n * rate * (1 - rate), 0);
  const variance = squares / (control.n + treatment.n - 2);
  const error = Math.sqrt(variance * (1 / control.n + 1 / treatment.n));
  if (!(error > 0)) return null;
  const p = normalTwoSidedP((treatment.rate - control.rate) / error);
  const better = p < SIGNIFICANT && treatment.rate > control.rate;
  return { better, reason: `thumbs up over requests, p = ${p.toPrecision(2)}` };
}
