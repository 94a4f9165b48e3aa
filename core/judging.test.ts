import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canJudge,
  isSampled,
  judgeable,
  judgedRates,
  judgeOf,
  PROMPT_VERSION,
  SUPPORT_CHECK,
} from './judging.ts';
import { interactionEventSchema } from './wire/events.ts';

const shares = fc.integer({ min: 1, max: 9_999 });
const rates = fc.double({ min: 0.1, max: 1, noNaN: true });

describe('how much of each arm is judged', () => {
  it.each([
    [1_000, 0.1, { control: 0.05 / 0.9, treatment: 0.5 }],
    [5_000, 0.1, { control: 0.1, treatment: 0.1 }],
    [9_500, 0.1, { control: 1, treatment: 0.05 / 0.95 }],
    [200, 0.1, { control: 0.08 / 0.98, treatment: 1 }],
    [1_000, 1, { control: 1, treatment: 1 }],
  ])('at a share of %i and a rate of %d', (shareBp, rate, expected) => {
    const found = judgedRates(shareBp, rate);
    expect(found.control).toBeCloseTo(expected.control, 12);
    expect(found.treatment).toBeCloseTo(expected.treatment, 12);
  });

  it('is the whole rate of all answers, equal in both arms unless an arm is judged whole', () => {
    fc.assert(
      fc.property(shares, rates, (shareBp, rate) => {
        const share = shareBp / 10_000;
        const { control, treatment } = judgedRates(shareBp, rate);
        const counts = [control * (1 - share), treatment * share] as const;
        expect(counts[0] + counts[1]).toBeCloseTo(rate, 9);
        for (const part of [control, treatment]) {
          expect(part).toBeGreaterThan(0);
          expect(part).toBeLessThanOrEqual(1);
        }
        if (Math.max(control, treatment) < 1) expect(counts[0]).toBeCloseTo(counts[1], 9);
      }),
    );
  });

  it('is nothing of an arm that nobody is in', () => {
    expect(judgedRates(0, 0.1)).toEqual({ control: 0.1, treatment: 0 });
    expect(judgedRates(10_000, 0.1)).toEqual({ control: 0, treatment: 0.1 });
  });

  it.each([200, 1_000, 2_500, 5_000, 9_500])(
    'comes out so by hash at a share of %i, within what chance allows',
    (shareBp) => {
      const rate = 0.1;
      const expected = judgedRates(shareBp, rate);
      for (const arm of ['control', 'treatment'] as const) {
        const placed = { experimentId: 'rollout-1', arm, shareBp };
        const all = 40_000;
        let judged = 0;
        for (let index = 0; index < all; index += 1) {
          if (isSampled(`answer-${index}`, placed, rate)) judged += 1;
        }
        const mean = all * expected[arm];
        // Five standard deviations; the hash is fixed, so that this passes always or never.
        const allowed = 5 * Math.sqrt(mean * (1 - expected[arm]));
        expect(Math.abs(judged - mean)).toBeLessThanOrEqual(allowed);
      }
    },
  );
});

describe('which answers are judged', () => {
  const placed = { experimentId: 'rollout-1', arm: 'treatment', shareBp: 1_000 } as const;
  const ids = Array.from({ length: 2_000 }, (_, index) => `answer-${index}`);

  it('is the same however often it is asked, and other answers in another experiment', () => {
    const chosen = (experimentId: string) =>
      ids.filter((id) => isSampled(id, { ...placed, experimentId }, 0.1));
    expect(chosen('rollout-1')).toEqual(chosen('rollout-1'));
    const both = chosen('rollout-1').filter((id) => isSampled(id, placed, 0.1));
    const other = new Set(chosen('rollout-2'));
    expect(both.filter((id) => other.has(id)).length).toBeLessThan(both.length * 0.6);
  });

  const event = (over: object) =>
    interactionEventSchema.parse({
      kind: 'interaction',
      v: 1,
      interaction_id: 'a',
      visitor_id: 'v',
      session_id: 's',
      trace_id: 't',
      query: 'Which port?',
      history_turns: 0,
      response: 'Port 3100.',
      sources: [{ id: '1', title: 'Loki', text: 'Port 3100.' }],
      retrieval_possible: true,
      prompt_version: 'v1',
      model_served: 'm',
      model_assigned: 'm',
      arm: 'control',
      experiment_id: 'rollout-1',
      share_bp: 1_000,
      routing_version: 1,
      status: 'complete',
      error_code: null,
      prompt_tokens: null,
      completion_tokens: null,
      first_token_ms: null,
      total_ms: 1,
      training_opt_out: false,
      platform: 'homepage',
      created_at: 0,
      ...over,
    });

  it('are complete answers of experiments with a source that says something', () => {
    expect(judgeable(event({}))).toEqual({
      experimentId: 'rollout-1',
      arm: 'control',
      shareBp: 1_000,
    });
    expect(judgeable(event({ fault: 'model' }))).toBeDefined();
  });

  it.each([
    ['no sources', { sources: [] }],
    ['sources that are titles only', { sources: [{ id: '1', title: 'Port 3100', text: ' ' }] }],
    ['a broken answer', { status: 'partial' }],
    ['a fault of the service', { fault: 'service' }],
    ['no experiment', { experiment_id: null, arm: 'none' }],
    ['no stage', { share_bp: null }],
    ['a visitor who is held out', { experiment_id: 'holdout-4w' }],
  ])('never with %s', (_what, over) => {
    expect(judgeable(event(over))).toBeUndefined();
  });
});

describe('who judges', () => {
  it('is the deterministic check, by name, where no model is configured', () => {
    expect(judgeOf({ rate: 0.1, model: null })).toEqual({ name: SUPPORT_CHECK, model: null });
  });

  it('is the model with the version of its prompt where one is', () => {
    const judge = judgeOf({ rate: 0.1, model: 'llama3.1:8b' });
    expect(judge).toEqual({ name: `llama3.1:8b/${PROMPT_VERSION}`, model: 'llama3.1:8b' });
    expect(canJudge(judge)).toBe(true);
  });

  it('is nobody where the judge of the start is of another version', () => {
    expect(canJudge({ name: 'support-check/0', model: null })).toBe(false);
    expect(canJudge({ name: 'llama3.1:8b/prompt-0', model: 'llama3.1:8b' })).toBe(false);
  });
});
