import { describe, expect, it } from 'vitest';
import { histogramOf } from '../statistics/histogram.ts';
import { momentsOf } from '../statistics/moments.ts';
import { DEFAULT_POLICY } from '../statistics/policy.ts';
import { decide } from './decide.ts';
import { type LiterallyObserved, literalEvidence, literalRules } from './literal.ts';
import { facts, HOUR_MS, policy, running, T0 } from './testing.ts';

const rules = literalRules(DEFAULT_POLICY);

/** Two thousand visitors an arm with one request each. */
const sums = (control: number, treatment: number, users = 2_000) =>
  momentsOf(
    (['control', 'treatment'] as const).flatMap((arm) =>
      Array.from({ length: users }, (_, index) => ({
        visitor: `${arm}${index}`,
        stage: '1000',
        arm,
        n: 1,
        y: index < Math.round(users * (arm === 'control' ? control : treatment)) ? 1 : 0,
      })),
    ),
  );

function observed(
  rates: { error?: number; thumbs_up?: number; hallucination?: number; slower?: number } = {},
  users = 2_000,
): LiterallyObserved {
  const { error = 0.008, thumbs_up = 0.72, hallucination = 0.02, slower = 1 } = rates;
  const latencies = Array.from({ length: users }, (_, index) => 100 + index);
  return {
    metrics: {
      error: sums(0.008, error, users),
      thumbs_up: sums(0.72, thumbs_up, users),
      hallucination: sums(0.02, hallucination, users),
    },
    users: { control: users, treatment: users },
    latencies: {
      control: histogramOf(latencies),
      treatment: histogramOf(latencies.map((ms) => ms * slower)),
    },
  };
}

const harmOf = (rates: Parameters<typeof observed>[0], users?: number) =>
  literalEvidence(observed(rates, users), rules).harm;

describe('the rule of fixed thresholds', () => {
  it.each([
    [{ error: 0.0085 }, 'error 0.85 % in treatment, 0.8 % in control'],
    [{ error: 0.0105 }, 'error 1.05 %, above 1 %'],
    [{ hallucination: 0.0215 }, 'hallucination 2.15 % in treatment, 2 % in control'],
    [{ thumbs_up: 0.68 }, 'thumbs up 68 % in treatment, 72 % in control'],
    [{ slower: 1.12 }, 'p95 of the first token'],
  ])('takes the candidate off for %j alone', (rates, reason) => {
    const { result, reason: said } = harmOf(rates);
    expect(result).toBe('fail');
    expect(said).toContain(reason);
  });

  it('lets equal arms and small changes be', () => {
    expect(harmOf({})).toMatchObject({ result: 'pass', reason: 'no trigger' });
    expect(harmOf({ thumbs_up: 0.69, slower: 1.08 }).result).toBe('pass');
  });

  it('says nothing below the gate', () => {
    expect(harmOf({ error: 1, slower: 2 }, 40).result).toBe('pass');
  });

  it('pools the stages', () => {
    const other = momentsOf([
      { visitor: 'x', stage: '2500', arm: 'treatment', n: 100, y: 100 },
      { visitor: 'y', stage: '1000', arm: 'treatment', n: 1_900, y: 4 },
      ...Array.from({ length: 60 }, (_, at) => ({
        visitor: String(at),
        stage: '1000',
        arm: 'treatment' as const,
        n: 1,
        y: 0,
      })),
      { visitor: 'z', stage: '1000', arm: 'control', n: 2_000, y: 16 },
    ]);
    const { metrics, ...rest } = observed();
    const evidence = literalEvidence({ ...rest, metrics: { ...metrics, error: other } }, rules);
    expect(evidence.harm.result).toBe('fail');
  });

  it('promotes on p < 0.05 for more thumbs up among requests, and not on fewer', () => {
    const better = (thumbs_up: number) =>
      literalEvidence(observed({ thumbs_up }), rules).offline?.better;
    expect(better(0.76)).toBe(true);
    expect(better(0.73)).toBe(false);
    expect(better(0.69)).toBe(false);
  });

  it('goes up by the same decide', () => {
    const evidence = literalEvidence(observed({ thumbs_up: 0.76 }), rules);
    const half = running({ stage: 2, stageRunningMs: 24 * HOUR_MS });
    const look = { policy: policy(rules, {}), nowMs: T0 + HOUR_MS };
    const promoting = decide(half, facts({ evidence }), {
      ...look,
      policy: policy({ ...rules, autoAdvance: true }),
    });
    expect(promoting.effects).toContainEqual({ kind: 'share', shareBp: 10_000 });
    const same = decide(half, facts({ evidence: literalEvidence(observed(), rules) }), look);
    expect(same.effects).toEqual([]);
    expect(same.reason).toContain('thumbs up over requests, p = 1');
  });

  it('counts requests where the other rules count users', () => {
    const evidence = literalEvidence(observed({ thumbs_up: 0.9 }, 900), rules);
    expect(evidence.users).toEqual({ control: 900, treatment: 900 });
  });
});
