import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Xoshiro } from './random.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';
import { judgedRates, type SimulatedAnswer, SLOTS_PER_DAY, Traffic } from './traffic.ts';

const scenario = (over: object = {}): Scenario => scenarioSchema.parse({ name: 'test', ...over });

/** Every answer of some days, arms drawn by an even coin that lasts for the visitor. */
function days(count: number, over: object = {}, seed = 1): SimulatedAnswer[] {
  const own = scenario(over);
  const traffic = new Traffic(own, new Xoshiro(seed));
  const out: SimulatedAnswer[] = [];
  for (let slot = 0; slot < count * SLOTS_PER_DAY; slot += 1) {
    for (const visitor of traffic.visitorsOf(slot)) {
      const arm = visitor % 2 === 0 ? 0 : 1;
      const answers = traffic.answersOfVisit();
      for (let at = 0; at < answers; at += 1) {
        out.push({
          ...traffic.answer(visitor, arm, slot / 4, judgedRates(own.judged, 5_000)[arm]),
        });
      }
    }
  }
  return out;
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const share = (
  answers: readonly SimulatedAnswer[],
  of: (one: SimulatedAnswer) => boolean | null,
) => {
  const seen = answers.map(of).filter((value) => value !== null);
  return mean(seen.map(Number));
};

describe('simulated traffic', () => {
  const answers = days(3);
  const arm = (wanted: 0 | 1, of = answers) => of.filter((one) => one.arm === wanted);

  it('has the asked number of visitors a day and answers a visit', () => {
    expect(answers.length / 3).toBeGreaterThan(48_500);
    expect(answers.length / 3).toBeLessThan(51_500);
    const own = new Traffic(scenario(), new Xoshiro(2));
    const everyone = Array.from({ length: SLOTS_PER_DAY }, (_, slot) =>
      own.visitorsOf(slot),
    ).flat();
    expect(everyone).toHaveLength(10_000);
    expect(own.visitors).toBe(10_000);
  });

  it('answers, fails, delays and is voted on at the asked rates', () => {
    expect(share(answers, ({ up }) => up)).toBeCloseTo(0.723, 1.5);
    expect(share(answers, ({ up }) => up !== null)).toBeCloseTo(0.24, 2);
    expect(share(answers, ({ error }) => error)).toBeCloseTo(0.0084, 2.5);
    expect(share(answers, ({ hallucinated }) => hallucinated)).toBeCloseTo(0.0212, 2);
    expect(share(answers, ({ firstTokenMs }) => firstTokenMs > 1_820)).toBeCloseTo(0.05, 2);
    expect(share(answers, ({ firstTokenMs }) => firstTokenMs > 3_450)).toBeCloseTo(0.01, 2.5);
  });

  it('differs between the arms by the scenario alone', () => {
    const better = days(2, { treatment: { thumbs_up: 0.9, error: 1 } });
    expect(share(arm(1, better), ({ error }) => error)).toBe(1);
    expect(share(arm(0, better), ({ error }) => error)).toBeCloseTo(0.0084, 2);
    const lift = share(arm(1, better), ({ up }) => up) - share(arm(0, better), ({ up }) => up);
    expect(lift).toBeCloseTo(0.177, 1.5);
  });

  it('makes one visitor’s answers alike by the asked correlation', () => {
    const byVisitor = Map.groupBy(answers, ({ visitor }) => visitor);
    const slow = (one: SimulatedAnswer) => Math.log(one.firstTokenMs);
    const overall = mean(answers.map(slow));
    const spread = mean(answers.map((one) => (slow(one) - overall) ** 2));
    let product = 0;
    let pairs = 0;
    for (const [first, second] of byVisitor.values()) {
      if (first === undefined || second === undefined) continue;
      product += (slow(first) - overall) * (slow(second) - overall);
      pairs += 1;
    }
    expect(product / pairs / spread).toBeCloseTo(0.3, 1);
  });

  it('judges equally many answers of both arms, whatever the share', () => {
    const [control, treatment] = judgedRates(0.1, 1_000);
    expect(0.9 * control + 0.1 * treatment).toBeCloseTo(0.1);
    expect(0.9 * control).toBeCloseTo(0.1 * treatment);
  });

  it('lets a novelty fade', () => {
    const faded = days(4, { treatment: { thumbs_up: 0.95 }, novelty_hours: 48 });
    const late = faded.slice(-90_000);
    const lift = share(arm(1, late), ({ up }) => up) - share(arm(0, late), ({ up }) => up);
    expect(Math.abs(lift)).toBeLessThan(0.03);
  });

  it('gives the same visitors for the same seed, others for another', () => {
    const few = { users_per_day: 50 };
    expect(days(1, few)).toEqual(days(1, few));
    expect(days(1, few, 2)).not.toEqual(days(1, few));
  });
});

describe('the shipped scenarios', () => {
  const folder = new URL('./scenarios/', import.meta.url);
  it.each(readdirSync(folder))('%s is readable and named after its file', (file) => {
    const own = scenarioSchema.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
    expect(`${own.name}.json`).toBe(file);
    expect(own.what).not.toBe('');
  });

  it('refuse a key that does not exist', () => {
    expect(scenarioSchema.safeParse({ name: 'x', error_rate: 0.1 }).success).toBe(false);
  });
});
