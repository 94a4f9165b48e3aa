import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confidenceSequence,
  growthbookTau,
  logOneSidedE,
  oneSidedExactHalfWidth,
  oneSidedHalfWidth,
  runningP,
  studentized,
  tightestTau,
  twoSidedHalfWidth,
} from './confidence-sequence.ts';
import { normalCdf } from './normal.ts';
import { studentQuantile } from './student.ts';
import { numbersIn } from './testing/rows.ts';

const size = fc.double({ min: 1e-8, max: 10, noNaN: true });
const chance = fc.double({ min: 1e-6, max: 0.5, noNaN: true });
const anyNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 5e-324, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY),
);

describe('a half-width whose variance was estimated', () => {
  it.each([5, 10, 30, 100, 1_000])(
    'leaves the tail of Student’s t with %i degrees of freedom',
    (degrees) => {
      for (const errors of [0.5, 1, 2, 3, 4]) {
        const exact = -studentQuantile(normalCdf(-errors), degrees);
        const got = studentized(errors * 0.2, 0.04, degrees) / 0.2;
        expect(Math.abs(got / exact - 1)).toBeLessThan(0.25 / degrees);
      }
    },
  );

  it('is the sequence’s own for many users, and never narrower', () => {
    fc.assert(
      fc.property(size, size, fc.double({ min: 1, max: 1e9, noNaN: true }), (half, v, degrees) => {
        const got = studentized(half, v, degrees);
        expect(Number.isFinite(got)).toBe(true);
        if (half / Math.sqrt(v) < 1_000) expect(got).toBeGreaterThanOrEqual(half * (1 - 1e-12));
      }),
    );
    expect(studentized(0.3, 0.01, 1e9)).toBeCloseTo(0.3, 6);
  });
});

describe('a confidence sequence', () => {
  it('excludes zero exactly when its p is below alpha', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        size,
        size,
        chance,
        (effect, variance, tau, alpha) => {
          const sequence = confidenceSequence(effect, { variance, tau, alpha });
          if (sequence.kind === 'not_enough') throw new Error(sequence.reason);
          const isExcluded = sequence.lower > 0 || sequence.upper < 0;
          if (Math.abs(sequence.p / alpha - 1) > 1e-9) expect(isExcluded).toBe(sequence.p < alpha);
        },
      ),
    );
  });

  it('has one-sided bounds inside the two-sided ones, and the solved bound inside the closed form', () => {
    fc.assert(
      fc.property(size, size, chance, (variance, tau, alpha) => {
        const scale = { variance, tau, alpha };
        const solved = oneSidedExactHalfWidth(scale);
        if (typeof solved !== 'number') throw new Error(solved.reason);
        expect(oneSidedHalfWidth(scale)).toBeLessThanOrEqual(twoSidedHalfWidth(scale));
        expect(solved).toBeLessThanOrEqual(oneSidedHalfWidth(scale));
        expect(logOneSidedE(solved, variance, tau) + Math.log(alpha)).toBeCloseTo(0, 6);
      }),
    );
  });

  it('is a mirror image for the opposite effect', () => {
    fc.assert(
      fc.property(size, size, size, (effect, variance, tau) => {
        const up = confidenceSequence(effect, { variance, tau, alpha: 0.05 });
        const down = confidenceSequence(-effect, { variance, tau, alpha: 0.05 });
        if (up.kind === 'not_enough' || down.kind === 'not_enough') throw new Error('no sequence');
        expect([down.lower, down.upper, down.p]).toEqual([-up.upper, -up.lower, up.p]);
      }),
    );
  });

  it('gives a finite number or not enough for any input', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, anyNumber, anyNumber, (effect, variance, tau, alpha) => {
        const scale = { variance, tau, alpha };
        const all = [
          confidenceSequence(effect, scale),
          oneSidedExactHalfWidth(scale),
          tightestTau(variance, alpha),
          growthbookTau(scale, effect, tau),
        ];
        expect(numbersIn(all).filter(Number.isNaN)).toEqual([]);
      }),
    );
  });

  it('is tightest near the variance its tau was chosen for', () => {
    const tau = tightestTau(0.0004, 0.05);
    if (typeof tau !== 'number') throw new Error(tau.reason);
    const width = (other: number) =>
      twoSidedHalfWidth({ variance: 0.0004, tau: other, alpha: 0.05 });
    expect(width(tau)).toBeLessThan(width(tau * 2));
    expect(width(tau)).toBeLessThan(width(tau / 2));
  });

  it('keeps evidence once shown', () => {
    expect([0.4, 0.01, 0.3].reduce(runningP, 1)).toBe(0.01);
  });

  // 400 streams of 1,000 looks at a standard normal: the seed is fixed, so the count is a fact.
  it('is wrong at some look in far fewer streams than a fixed-horizon interval', () => {
    let state = 7;
    const uniform = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let sequential = 0;
    let fixed = 0;
    for (let stream = 0; stream < 400; stream += 1) {
      let sum = 0;
      let wrongSequence = false;
      let wrongInterval = false;
      for (let n = 1; n <= 1_000; n += 1) {
        sum += normal();
        const mean = Math.abs(sum / n);
        wrongSequence ||= mean > twoSidedHalfWidth({ variance: 1 / n, tau: 0.1, alpha: 0.05 });
        wrongInterval ||= mean > 1.96 / Math.sqrt(n);
      }
      sequential += wrongSequence ? 1 : 0;
      fixed += wrongInterval ? 1 : 0;
    }
    expect(sequential / 400).toBeLessThan(0.05);
    expect(fixed / 400).toBeGreaterThan(0.4);
  });
});
