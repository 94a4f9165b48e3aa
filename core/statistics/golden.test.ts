// The library against statistics-reference.json: 28 cases computed at 60 digits by another program.
// Every number there is compared; a key this test does not know fails it.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  confidenceSequence,
  growthbookTau,
  logMixtureRatio,
  logOneSidedE,
  oneSidedExactHalfWidth,
  oneSidedHalfWidth,
  tightestTau,
  twoSidedHalfWidth,
} from './confidence-sequence.ts';
import file from './golden/statistics-reference.json' with { type: 'json' };
import { quantile } from './histogram.ts';
import { momentsOf } from './moments.ts';
import { normalQuantile, normalTwoSidedP } from './normal.ts';
import type { NotEnough } from './not-enough.ts';
import { sampleRatio } from './sample-ratio.ts';
import { armCounts } from './sample-ratio-arms.ts';
import { stratify } from './stratified.ts';
import { studentQuantile } from './student.ts';
import { effectSize, lift, type Summary, summaryOf, summaryOfValues, welch } from './welch.ts';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const twoSampleInput = z.union([
  z.strictObject({ dataA: z.array(z.number()), dataB: z.array(z.number()) }),
  z.strictObject({ A: triple, B: triple }),
]);
const userRow = z.tuple([z.string(), z.number(), z.number(), z.number(), z.number()]);
const numbers = z.record(z.string(), z.unknown());
const fields = { id: z.string(), desc: z.string().optional(), expect: numbers };
const numeric = z.coerce.number();
const csInput = z.strictObject({ estimate: numeric, V: numeric, tau: numeric, alpha: numeric });
const reference = z.strictObject({
  note: z.string(),
  cases: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        ...fields,
        kind: z.literal('twoSample'),
        input: twoSampleInput,
        tauDiff: numeric,
        tauLog: numeric,
        alpha: z.number(),
      }),
      z.strictObject({
        ...fields,
        kind: z.literal('clustered'),
        input: z.array(userRow),
        tau: numeric,
        alpha: z.number(),
      }),
      z.strictObject({ ...fields, kind: z.literal('cs'), input: csInput }),
      z.strictObject({
        ...fields,
        kind: z.literal('growthbook'),
        input: z.strictObject({
          estimate: numeric,
          se: numeric,
          n: z.number(),
          Nstar: z.number(),
          alpha: numeric,
        }),
      }),
      z.strictObject({
        ...fields,
        kind: z.literal('tuning'),
        input: z.strictObject({ Vstar: numeric, alpha: numeric }),
      }),
      z.strictObject({
        ...fields,
        kind: z.literal('srm'),
        input: z.strictObject({
          counts: z.array(z.number()),
          probs: z.array(z.string()),
          K: z.number(),
        }),
      }),
      z.strictObject({
        ...fields,
        kind: z.literal('srmMixture'),
        input: z.array(z.tuple([z.number(), z.number(), z.string()])),
      }),
      z.strictObject({
        ...fields,
        kind: z.literal('quantile'),
        input: z.array(z.number()),
      }),
    ]),
  ),
  edgeCases: z.array(z.strictObject({ id: z.string(), desc: z.string() })),
});

type Case = z.infer<typeof reference>['cases'][number];
type Of<Kind extends Case['kind']> = Extract<Case, { kind: Kind }>;

const { cases, edgeCases } = reference.parse(file);

/** "1/3", "frac:0.15/0.9" or "0.1". */
function share(text: string): number {
  const [top = '', bottom = '1'] = text.replace('frac:', '').split('/');
  return Number(top) / Number(bottom);
}

const isMissing = (value: unknown): value is NotEnough | null =>
  value === null || (typeof value === 'object' && 'kind' in value && value.kind === 'not_enough');

function computed<Value>(value: Value | NotEnough | null): Value {
  if (isMissing(value)) throw new Error(`a number was expected, not ${JSON.stringify(value)}`);
  return value;
}

function sequence(estimate: number, variance: number, tau: number, alpha: number) {
  const scale = { variance, tau, alpha };
  const all = computed(confidenceSequence(estimate, scale));
  return {
    halfTwoSided: twoSidedHalfWidth(scale),
    lower: all.lower,
    upper: all.upper,
    halfOneSided: oneSidedHalfWidth(scale),
    lowerOneSided: all.lowerOneSided,
    halfOneSidedExact: computed(oneSidedExactHalfWidth(scale)),
    mSPRT: Math.exp(logMixtureRatio(estimate, variance, tau)),
    pAlwaysValid: all.p,
    eOneSided: Math.exp(logOneSidedE(estimate, variance, tau)),
    pAlwaysValidOneSided: all.pOneSided,
  };
}

function summaries(input: Of<'twoSample'>['input']): [Summary, Summary] {
  if ('dataA' in input) {
    return [computed(summaryOfValues(input.dataA)), computed(summaryOfValues(input.dataB))];
  }
  const [a, b] = [input.A, input.B].map(([n, sum, sumOfSquares]) =>
    computed(summaryOf({ n, sum, sumOfSquares })),
  );
  return [computed(a ?? null), computed(b ?? null)];
}

function twoSample({ input, tauDiff, tauLog, alpha }: Of<'twoSample'>) {
  const [a, b] = summaries(input);
  const test = computed(welch(a, b));
  const size = computed(effectSize(a, b));
  const relative = computed(lift(a, b));
  const log = computed(relative.log);
  const df = computed(test.degreesOfFreedom);
  return {
    meanA: a.mean,
    meanB: b.mean,
    varA: a.variance,
    varB: b.variance,
    diff: test.difference,
    se: test.standardError,
    t: test.t,
    df,
    pTwoSided: test.p,
    tCrit975: studentQuantile(0.975, df),
    ci95: test.interval,
    pooledSd: size.pooledDeviation,
    cohenD: size.cohenD,
    hedgesG: size.hedgesG,
    relLift: relative.value,
    relLiftSe: relative.standardError,
    relLiftCi95Delta: relative.interval,
    logRatio: log.value,
    logRatioVar: log.variance,
    relLiftCi95Log: log.interval,
    csDiff: {
      tau: tauDiff,
      alpha,
      ...sequence(test.difference, test.standardError ** 2, tauDiff, alpha),
    },
    csLogRatio: { tau: tauLog, alpha, ...sequence(log.value, log.variance, tauLog, alpha) },
  };
}

function clustered({ input, tau, alpha }: Of<'clustered'>) {
  const moments = momentsOf(
    input.map(([visitor, stage, arm, n, y]) => ({
      visitor,
      stage: String(stage),
      arm: arm === 0 ? 'control' : 'treatment',
      n,
      y,
    })),
  );
  const result = computed(stratify(moments));
  const log = computed(result.logRatio);
  const z = result.difference.value / Math.sqrt(result.difference.variance);
  const half = normalQuantile(0.975) * Math.sqrt(log.variance);
  const [varA, varB] = [result.own.control.variance, result.own.treatment.variance];
  const { control, treatment } = moments.users;
  const [a1, b1] = [(varA * control) / (control - 1), (varB * treatment) / (treatment - 1)];
  const naive = result.stages.reduce((sum, stage) => {
    const own = [stage.control, stage.treatment].map(({ rate, n }) => (rate * (1 - rate)) / n);
    return sum + stage.weight ** 2 * own.reduce((a, b) => a + b, 0);
  }, 0);
  return {
    users: new Set(input.map(([user]) => user)).size,
    weights: result.stages.map(({ weight }) => weight),
    rateA: result.control,
    rateB: result.treatment,
    diff: result.difference.value,
    varDiff: result.difference.variance,
    seDiff: Math.sqrt(result.difference.variance),
    zDiff: z,
    pDiffNormal: normalTwoSidedP(z),
    logRatio: log.value,
    varLogRatio: log.variance,
    relLift: Math.expm1(log.value),
    relLiftCi95Log: [Math.expm1(log.value - half), Math.expm1(log.value + half)],
    varA,
    varB,
    csLogRatio: { tau, alpha, ...sequence(log.value, log.variance, tau, alpha) },
    varA_G1: a1,
    varB_G1: b1,
    varDiff_G1: a1 + b1,
    varDiffIgnoringUsers: naive,
  };
}

function growthbook({ input }: Of<'growthbook'>) {
  const { estimate, se, n, Nstar, alpha } = input;
  const tuned = computed(growthbookTau({ variance: se ** 2, alpha }, n, Nstar));
  const width = twoSidedHalfWidth({ variance: se ** 2, tau: tuned.tau, alpha });
  return {
    rho: tuned.rho,
    halfWidth: width,
    lower: estimate - width,
    upper: estimate + width,
    equivalentTau: tuned.tau,
    halfWidthViaTau: width,
  };
}

function answer(one: Case): Record<string, unknown> {
  switch (one.kind) {
    case 'twoSample':
      return twoSample(one);
    case 'clustered':
      return clustered(one);
    case 'cs':
      return sequence(one.input.estimate, one.input.V, one.input.tau, one.input.alpha);
    case 'growthbook':
      return growthbook(one);
    case 'tuning':
      return { tau: computed(tightestTau(one.input.Vstar, one.input.alpha)) };
    case 'srm': {
      const { counts, probs, K } = one.input;
      const { chiSquare, degreesOfFreedom, p, logE, pSequential } = computed(
        armCounts(counts, probs.map(share), K),
      );
      return { chi2: chiSquare, df: degreesOfFreedom, p, K, logE, pSequential };
    }
    case 'srmMixture': {
      const groups = one.input.map(([control, treatment, chance]) => ({
        control,
        treatment,
        share: share(chance),
      }));
      const { logE, p } = computed(sampleRatio(groups));
      return { logE, pSequential: p };
    }
    case 'quantile': {
      const at = (p: number) => computed(quantile(one.input, p));
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
    }
  }
}

/** Every number under its path. */
function flat(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, `${path}/${key}`));
}

// What cancels (E of 45,500 users: terms of 60,000 for a result of 8) keeps the absolute precision of its terms.
const RELATIVE = 1e-10;
const ABSOLUTE = 1e-11;

describe('the reference', () => {
  it.each(cases.map((one) => [one.id, one] as const))('%s', (_id, one) => {
    const ours = new Map(flat(answer(one)));
    for (const [path, expected] of flat(one.expect)) {
      const got = ours.get(path) ?? Number.NaN;
      const off = Math.abs(got - expected);
      // p-values far below 1 are compared by ratio alone.
      const within =
        off <= RELATIVE * Math.abs(expected) || (Math.abs(expected) > 1e-6 && off <= ABSOLUTE);
      expect({ path, got: within ? expected : got }).toEqual({ path, got: expected });
    }
  });

  it('has 28 cases, 500 numbers and five edges', () => {
    expect(cases).toHaveLength(28);
    expect(cases.flatMap((one) => flat(one.expect)).length).toBe(500);
    expect(edgeCases.map(({ id }) => id)).toEqual(['E1', 'E2', 'E3', 'E4', 'E5']);
  });
});

const bare = (n: number, mean: number, variance = 0): Summary => ({ n, mean, variance });

describe('the edges', () => {
  it('E1: nothing varies and the means are equal', () => {
    const test = welch(bare(5, 1), bare(5, 1));
    expect(test).toMatchObject({ t: 0, p: 1, degenerate: true });
  });

  it('E2: nothing varies and the means differ', () => {
    const up = welch(bare(5, 1), bare(5, 2));
    expect(up).toMatchObject({ t: Number.POSITIVE_INFINITY, p: 0, degenerate: true });
    const down = welch(bare(5, 2), bare(5, 1));
    expect(down).toMatchObject({ t: Number.NEGATIVE_INFINITY, p: 0, degenerate: true });
  });

  it('E3: fewer than two observations have no variance', () => {
    expect(summaryOf({ n: 1, sum: 3, sumOfSquares: 9 })).toBeNull();
    expect(summaryOfValues([3])).toBeNull();
    expect(welch(null, bare(5, 1))).toMatchObject({ kind: 'not_enough' });
  });

  it('E4: a control without events has a difference but no lift', () => {
    const control = summaryOf({ n: 100, sum: 0, sumOfSquares: 0 });
    const treatment = summaryOf({ n: 100, sum: 5, sumOfSquares: 5 });
    expect(lift(control, treatment)).toMatchObject({ kind: 'not_enough' });
    expect(welch(control, treatment)).toMatchObject({ kind: 'welch', difference: 0.05 });
  });

  it('E5: a treatment without events has a lift of −100 % and no log ratio', () => {
    const control = summaryOf({ n: 100, sum: 5, sumOfSquares: 5 });
    const treatment = summaryOf({ n: 100, sum: 0, sumOfSquares: 0 });
    expect(lift(control, treatment)).toMatchObject({ value: -1, log: null });
  });
});
