// Rules 1 to 4 on small experiments with known rates.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneSidedHalfWidth } from './confidence-sequence.ts';
import { guardrailVerdict, harmVerdict, type MetricMoments, rollbackAlpha } from './guardrail.ts';
import { upperHarm } from './harm.ts';
import { emptyMoments, type Moments, momentsOf } from './moments.ts';
import { DEFAULT_POLICY, type MetricRule, type Policy } from './policy.ts';
import {
  advanceVerdict,
  improvementOf,
  type PromotionFacts,
  promotionVerdict,
} from './promotion.ts';
import { anyRows, armOf, independent, numbersIn } from './testing/rows.ts';

const policy: Policy = DEFAULT_POLICY;
const ruleOf = (metric: string): MetricRule => {
  const found = policy.metrics.find((rule) => rule.metric === metric);
  if (!found) throw new Error(`no rule for ${metric}`);
  return found;
};
const verdict = (metric: string, moments: Moments) =>
  guardrailVerdict(moments, ruleOf(metric), policy, 0.0125);

/** Every metric measured, alike in both arms. */
const alike: MetricMoments = {
  thumbs_up: independent([9_000, 6_507], [1_000, 723]),
  error: independent([9_000, 76], [1_000, 8]),
  slow_first_token: independent([9_000, 450], [1_000, 50]),
  slow_output_token: independent([9_000, 450], [1_000, 50]),
  hallucination: independent([900, 19], [900, 19]),
};

describe('rule 1, roll back', () => {
  it('on an error rate of 5 % against 0.84 %', () => {
    const found = verdict('error', independent([9_000, 76], [1_000, 50]));
    expect(found).toMatchObject({ metric: 'error', result: 'fail', amber: false });
    expect(found.reason).toMatch(
      /^error 5 % in treatment, 0\.844 % in control: harm \+49\d(\.\d)? %, at least \+\d+(\.\d)? % at every look$/,
    );
  });

  it.each([0, 1, 4])(
    'on a candidate that fails everything against a control that failed %i times',
    (failed) => {
      const rows = [...armOf('control', 500, 1, failed), ...armOf('treatment', 60, 2, 60)];
      expect(verdict('error', momentsOf(rows))).toMatchObject({ result: 'fail' });
    },
  );

  it('on a candidate that fails everybody but one', () => {
    const rows = [...armOf('control', 500, 1, 4), ...armOf('treatment', 60, 2, 59)];
    expect(verdict('error', momentsOf(rows))).toMatchObject({ result: 'fail' });
  });

  it('not on the many failures of a few', () => {
    const control = armOf('control', 900, 5, 8);
    const spread = verdict('error', momentsOf([...control, ...armOf('treatment', 500, 1, 25)]));
    expect(spread).toMatchObject({ result: 'fail' });
    const few = verdict('error', momentsOf([...control, ...armOf('treatment', 100, 5, 5)]));
    expect(few).toMatchObject({ result: 'inconclusive', amber: true });
  });

  it('on many failures against the few of control', () => {
    const rows = [...armOf('control', 250, 1, 5), ...armOf('treatment', 250, 1, 150)];
    expect(verdict('hallucination', momentsOf(rows))).toMatchObject({ result: 'fail' });
  });

  it('on thumbs that are proven worse, however little: its tolerance is zero', () => {
    const found = verdict('thumbs_up', independent([40_000, 28_920], [40_000, 27_480]));
    expect(found).toMatchObject({ result: 'fail' });
  });

  it('on no thumb up at all', () => {
    expect(verdict('thumbs_up', independent([500, 360], [500, 0]))).toMatchObject({
      result: 'fail',
    });
  });

  it('not on a candidate that never fails', () => {
    const found = verdict('error', independent([9_000, 76], [1_000, 0]));
    expect(found).toMatchObject({ result: 'pass', harm: { scale: 'difference' } });
  });

  it('not on harm within the tolerance, however certain', () => {
    const found = verdict('slow_first_token', independent([100_000, 5_000], [100_000, 5_400]));
    expect(found).toMatchObject({ result: 'pass' });
    const beyond = verdict('slow_first_token', independent([100_000, 5_000], [100_000, 5_600]));
    expect(beyond).toMatchObject({ result: 'fail' });
  });

  it('not when both arms fail alike: an outage is nobody’s harm', () => {
    expect(verdict('error', independent([2_000, 900], [2_000, 905]))).toMatchObject({
      result: 'pass',
    });
  });

  it('on a rate proven above its limit and above control’s, where the ratio is not proven yet', () => {
    const few = momentsOf([...armOf('control', 400, 1, 1), ...armOf('treatment', 100, 1, 30)]);
    expect(verdict('error', few).reason).toMatch(/above the limit of 1 %$/);
    expect(verdict('hallucination', few)).toMatchObject({ result: 'inconclusive', amber: true });
  });
});

describe('what is put up with', () => {
  it('is relative to control, and to the rate expected while control has no event', () => {
    const of = (control: [number, number], treatment: [number, number]) =>
      verdict('error', independent(control, treatment)).harm;
    expect(of([9_000, 90], [1_000, 12])?.tolerated).toBeCloseTo(Math.log(1.05), 12);
    expect(of([9_000, 90], [1_000, 0])?.tolerated).toBeCloseTo(0.05 * 0.01, 12);
    expect(of([9_000, 0], [1_000, 12])?.tolerated).toBeCloseTo(0.05 * 0.0084, 12);
  });

  it('is judged at α divided by the number of guardrails', () => {
    const error = independent([9_000, 100], [1_000, 24]);
    const alone = { ...policy, metrics: [ruleOf('error')] };
    expect(rollbackAlpha(policy, 5)).toBeCloseTo(0.01, 12);
    expect(harmVerdict({ error }, alone).result).toBe('fail');
    expect(harmVerdict({ ...alike, error }, policy).result).toBe('inconclusive');
  });
});

describe('rule 2, amber', () => {
  it('holds on harm that looks real and is not proven', () => {
    const found = verdict('error', independent([9_000, 76], [1_000, 16]));
    expect(found).toMatchObject({ result: 'inconclusive', amber: true });
    expect(found.reason).toMatch(/^amber, not proven: error 1\.6 % in treatment/);
  });

  it('does not hold on identical arms', () => {
    expect(harmVerdict(alike, policy)).toMatchObject({
      result: 'pass',
      amber: false,
      reason: 'no evidence of harm in 5 metrics',
    });
  });
});

describe('too little', () => {
  it.each([
    ['nobody', emptyMoments(), /no stage has observations in both arms/],
    ['49 users', independent([500, 20], [49, 9]), /49 of 50 users in treatment/],
    ['99 observations', independent([500, 20], [99, 9]), /99 of 100 observations in treatment/],
    ['9 events', independent([500, 5], [500, 4]), /9 of 10 events/],
  ])('of %s is inconclusive and says what is missing', (_name, moments, reason) => {
    const found = verdict('error', moments);
    expect(found).toMatchObject({ result: 'inconclusive', amber: false });
    expect(found.reason).toMatch(reason);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -3])(
    'a sum of %s is an error, never a verdict',
    (wrong) => {
      const moments = independent([500, 20], [500, 20]);
      Object.assign(moments.cells[0] ?? {}, { n: wrong });
      expect(verdict('error', moments)).toMatchObject({ result: 'error', harm: null });
    },
  );

  it('never hides a harm elsewhere', () => {
    const broken = independent([500, 20], [500, 20]);
    Object.assign(broken.cells[0] ?? {}, { n: Number.NaN });
    const error = independent([9_000, 76], [1_000, 50]);
    expect(harmVerdict({ ...alike, hallucination: broken, error }, policy)).toMatchObject({
      result: 'fail',
    });
    expect(harmVerdict({ error }, policy)).toMatchObject({ result: 'fail' });
    expect(harmVerdict({ ...alike, hallucination: broken }, policy)).toMatchObject({
      result: 'error',
    });
  });

  it('is waived by name, and an experiment without any guardrail is an error', () => {
    const { hallucination: _, ...rest } = alike;
    expect(harmVerdict(rest, policy)).toMatchObject({ result: 'inconclusive' });
    expect(harmVerdict(rest, policy, ['hallucination'])).toMatchObject({
      result: 'pass',
      waived: ['hallucination'],
      reason: 'no evidence of harm in 4 metrics; not measured: hallucination',
    });
    const names = policy.metrics.map(({ metric }) => metric);
    expect(harmVerdict({}, policy, names)).toMatchObject({ result: 'error' });
  });

  it('gives no NaN and no verdict but the four, whatever the rows', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const open = { ...policy, gate: { treatmentUsers: 0, observations: 0, events: 0 } };
        for (const rule of policy.metrics) {
          const found = guardrailVerdict(momentsOf(rows), rule, open, 0.0125);
          expect(numbersIn(found).filter(Number.isNaN)).toEqual([]);
          expect(found.reason).not.toMatch(/NaN|Infinity|∞/);
          expect(['pass', 'fail', 'inconclusive']).toContain(found.result);
        }
      }),
    );
  });
});

const facts = (overrides: Partial<PromotionFacts> = {}): PromotionFacts => ({
  hoursInStage: 24,
  users: { control: 9_000, treatment: 1_000 },
  unhealthy: null,
  harm: harmVerdict(alike, policy),
  offline: null,
  quietHours: 0,
  ...overrides,
});

describe('rule 3, advance', () => {
  it('after 24 hours with 1,000 users an arm, no amber and healthy data', () => {
    expect(advanceVerdict(facts(), policy)).toMatchObject({ result: 'pass' });
  });

  it.each([
    [{ hoursInStage: 23.9 }, 'hold: 24 of 24 h in this stage'],
    [{ hoursInStage: Number.NaN }, /^hold: /],
    [{ users: { control: 9_000, treatment: 412 } }, 'hold: 412 of 1,000 users in treatment'],
    [{ users: { control: 3, treatment: 1_000 } }, 'hold: 3 of 1,000 users in control'],
    [{ unhealthy: 'the newest sum is 3 h old' }, 'hold: the newest sum is 3 h old'],
  ])('holds at %o', (overrides, reason) => {
    const found = advanceVerdict(facts(overrides), policy);
    expect(found.result).toBe('inconclusive');
    expect(found.reason).toMatch(reason);
  });

  it('holds while amber, fails on harm even where data is unhealthy', () => {
    const amber = harmVerdict({ ...alike, error: independent([9_000, 76], [1_000, 16]) }, policy);
    expect(advanceVerdict(facts({ harm: amber }), policy).result).toBe('inconclusive');
    const harm = harmVerdict({ ...alike, error: independent([9_000, 76], [1_000, 50]) }, policy);
    expect(advanceVerdict(facts({ harm, unhealthy: 'broken split' }), policy).result).toBe('fail');
  });
});

describe('rule 4, promote', () => {
  const better: MetricMoments = {
    thumbs_up: independent([12_000, 8_676], [12_000, 9_372]),
    error: independent([60_000, 504], [60_000, 504]),
    slow_first_token: independent([60_000, 3_000], [60_000, 3_000]),
    slow_output_token: independent([60_000, 3_000], [60_000, 3_000]),
    hallucination: independent([20_000, 424], [20_000, 424]),
  };
  const offline = { better: true, reason: '+0.2 nats on 400 phrasings' };
  const promote = (
    metrics: MetricMoments,
    overrides: Partial<PromotionFacts>,
    promoteOn = policy.promoteOn,
  ) =>
    promotionVerdict(facts({ harm: harmVerdict(metrics, policy), ...overrides }), {
      ...policy,
      promoteOn,
    });

  it('on an improvement established and harm above every ceiling excluded', () => {
    const found = promote(better, {});
    expect(found.result).toBe('pass');
    expect(found.reason).toMatch(
      /^thumbs up 78\.1 % in treatment, 72\.3 % in control, better by \+8 %/,
    );
    expect(found.reason).toMatch(/hallucination harm at most \+\d+(\.\d)? % \(ceiling \+50 %\)$/);
  });

  it('not without an improvement, nor with a ceiling still open', () => {
    const same = { ...better, thumbs_up: independent([12_000, 8_676], [12_000, 8_676]) };
    expect(promote(same, { offline }).reason).toMatch(/^hold: improvement not established/);
    const open = { ...better, hallucination: independent([900, 19], [900, 19]) };
    expect(promote(open, {}).reason).toMatch(
      /^hold: hallucination harm at most .* the ceiling is \+50 %$/,
    );
  });

  it('at the α of promotion exactly', () => {
    const found = harmVerdict(better, policy).guardrails[0]?.harm;
    if (!found) throw new Error('no harm');
    const edge = oneSidedHalfWidth({ ...found.effect, alpha: policy.alpha.promote });
    const established = (gain: number) => improvementOf({ ...found, harm: -gain }, policy).result;
    expect([established(edge * 1.001), established(edge * 0.999)]).toEqual([
      'pass',
      'inconclusive',
    ]);
  });

  it('on a candidate that hardly fails, whose few failures are no reason to wait', () => {
    const error = independent([7_000, 59], [7_000, 7]);
    const harm = verdict('error', error).harm;
    if (harm === null) throw new Error('not enough');
    expect(upperHarm(harm, policy.alpha.nonInferiority)).toBeLessThan(0);
  });

  it('where nothing ever failed: the ceilings are excluded by the difference', () => {
    const never = { ...better, error: independent([20_000, 0], [20_000, 0]) };
    expect(harmVerdict(never, policy).reason).toBe('error: 0 of 10 events');
    expect(promote(never, {}).reason).toMatch(
      /error harm at most \+0\.02\d* points \(ceiling \+0\.42 points\)/,
    );
    const silent = { ...better, thumbs_up: independent([200, 0], [200, 9]) };
    expect(promote(silent, {}).reason).toBe('hold: thumbs up: 9 of 10 events');
  });

  it('on non-inferiority only when it is better offline', () => {
    const same = { ...better, thumbs_up: independent([12_000, 8_676], [12_000, 8_676]) };
    expect(promote(same, { offline }, 'non_inferior').result).toBe('pass');
    expect(promote(same, {}, 'non_inferior').reason).toBe('hold: no offline comparison');
    const worse = { offline: { better: false, reason: '−0.1 nats' } };
    expect(promote(same, worse, 'non_inferior').reason).toBe('hold: not better offline: −0.1 nats');
  });

  it('on seven quiet days, saying that nothing was proven live', () => {
    const quiet = promote(alike, { offline, quietHours: 168 }, 'no_evidence_of_harm');
    expect(quiet.reason).toMatch(/without amber\. Not proven better live\./);
    const early = promote(alike, { offline, quietHours: 100 }, 'no_evidence_of_harm');
    expect(early.reason).toBe('hold: 100 of 168 h without amber');
  });

  it('names what is not measured', () => {
    const { hallucination: _, ...rest } = better;
    const harm = harmVerdict(rest, policy, ['hallucination']);
    expect(promotionVerdict(facts({ harm }), policy).reason).toMatch(
      /not measured: hallucination$/,
    );
  });
});
