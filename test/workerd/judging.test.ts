// Judged answers, from the recorder to the sums: which are judged, by whom, and that each counts once,
// whatever is delivered or replied twice, late, by a stranger or not at all.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { fixJudges } from '../../adapters/postgres/judgments.ts';
import { removeAnswerTexts } from '../../adapters/postgres/privacy.ts';
import { JUDGE_ATTEMPTS } from '../../core/judge-prompt.ts';
import { SUPPORT_CHECK } from '../../core/judging.ts';
import { observedFrom } from '../../core/rollout/observed.ts';
import { harmVerdict } from '../../core/statistics/guardrail.ts';
import { DEFAULT_POLICY } from '../../core/statistics/policy.ts';
import { databaseOf } from '../../workers/env.ts';
import { bruteForce, comparable, deliver, sumsOf, T0, thumbOf } from './experiment-support.ts';
import {
  answerIn,
  claim,
  FALSE,
  hallucination,
  judgmentsIn,
  leasesRunOut,
  modelJudged,
  newExperiment,
  RATE,
  SUPPORTED,
  say,
  UNSUPPORTED,
} from './judging-support.ts';
import { asOperator, call, rows } from './support.ts';

const expectExact = async (experimentId: string) =>
  expect(comparable(await sumsOf(experimentId))).toEqual(
    comparable(await bruteForce(experimentId)),
  );

const verdictOn = async (experimentId: string) => {
  const silent = { newestMs: null, lastDay: 0 };
  const observed = observedFrom(await sumsOf(experimentId), {
    nowMs: T0,
    stratum: 0,
    arrivals: { control: silent, treatment: silent },
    oldestUnjudgedMs: null,
    offline: null,
  });
  return harmVerdict(observed.metrics, DEFAULT_POLICY, observed.waived);
};

test('an answer in the sample is checked as it is recorded, and counts at its stage and arm, once', async () => {
  const experiment = newExperiment();
  const visitor_id = `visitor-${experiment}`;
  const answers = [
    answerIn(experiment, { visitor_id }),
    answerIn(experiment, { visitor_id, response: FALSE }),
    answerIn(experiment, { visitor_id, share_bp: 2_500, arm: 'treatment', response: FALSE }),
    answerIn(experiment, { stratum: 1, arm: 'treatment' }),
    answerIn(experiment, { response: FALSE }, false),
  ];
  await Promise.all([deliver(answers), deliver(answers.toReversed())]);
  const expected = [
    [0, 1_000, 'control', 1, 2, 1],
    [0, 2_500, 'treatment', 1, 1, 1],
    [1, 1_000, 'treatment', 1, 1, 0],
  ];
  expect(await hallucination(experiment)).toEqual(expected);
  const judged = await judgmentsIn(experiment);
  expect(judged).toHaveLength(4);
  expect(new Set(judged.map(({ judge }) => judge))).toEqual(new Set([SUPPORT_CHECK]));
  expect(judged.flatMap(({ unsupported }) => unsupported)).toEqual(['3000', '3000']);
  await deliver(answers);
  expect(await hallucination(experiment)).toEqual(expected);
  await expectExact(experiment);
});

test('without sources nothing is judged, and hallucination is waived by name', async () => {
  const experiment = newExperiment();
  await deliver([
    answerIn(experiment, { sources: [] }),
    answerIn(experiment, { sources: [{ id: '1', title: 'Port 3100' }], arm: 'treatment' }),
  ]);
  expect(await judgmentsIn(experiment)).toEqual([]);
  const { waived, guardrails } = await verdictOn(experiment);
  expect(waived).toEqual(['hallucination']);
  expect(guardrails.map(({ metric }) => metric)).not.toContain('hallucination');
});

test.each([['control'], ['treatment']] as const)(
  'where only the %s has judged answers it holds and says so: it is neither waived nor passed',
  async (arm) => {
    const experiment = newExperiment();
    const other = arm === 'control' ? 'treatment' : 'control';
    await deliver([
      ...Array.from({ length: 5 }, () => answerIn(experiment, { arm })),
      ...Array.from({ length: 5 }, () => answerIn(experiment, { arm: other, sources: [] })),
    ]);
    const found = await verdictOn(experiment);
    expect(found.waived).toEqual([]);
    expect(found.result).toBe('inconclusive');
    const own = found.guardrails.find(({ metric }) => metric === 'hallucination');
    expect(own).toMatchObject({ result: 'inconclusive', amber: false });
    expect(own?.reason).toMatch(/^hallucination: /);
    expect(found.reason).toContain(own?.reason);
  },
);

test('an experiment keeps the judge it began with; one of another version judges no more', async () => {
  const experiment = newExperiment();
  await withDatabase(databaseOf(env), (db) =>
    fixJudges(db, [experiment], { name: 'support-check/0', model: null, rate: RATE }, new Date(T0)),
  );
  await deliver([answerIn(experiment)]);
  expect(await judgmentsIn(experiment)).toEqual([]);
  const kept = await modelJudged();
  // The configuration names no model, and still this one's answers wait for theirs.
  await deliver([answerIn(kept.experimentId)]);
  expect(await judgmentsIn(kept.experimentId)).toMatchObject([
    { judge: kept.judge.name, state: 'waiting' },
  ]);
});

test('a model is asked under a lease, and its verdicts count once, in any order', async () => {
  const { experimentId, model, judge } = await modelJudged();
  const visitor_id = `visitor-${experimentId}`;
  const answers = [
    answerIn(experimentId, { visitor_id }),
    answerIn(experimentId, { visitor_id, response: FALSE, created_at: T0 + 1 }),
    answerIn(experimentId, { arm: 'treatment', response: FALSE, created_at: T0 + 2 }),
  ];
  await deliver([
    ...answers,
    thumbOf(answers[0] ?? { interaction_id: '', visitor_id }, 'thumbs_up', T0),
  ]);
  expect(await hallucination(experimentId)).toEqual([]);
  const offers = await claim(model);
  expect(offers.map(({ id }) => id)).toEqual(answers.map((answer) => answer.interaction_id));
  expect(offers[1]).toMatchObject({ model, judge: judge.name, attempt: 1 });
  expect(JSON.parse(offers[1]?.messages[1]?.content ?? '')).toMatchObject({ answer: FALSE });
  expect(await claim(model, 'mac-2')).toEqual([]);
  const [first, second, third] = offers.map((offer) => [offer]);
  await Promise.all([
    say(third ?? [], { reply: UNSUPPORTED }),
    say(second ?? [], { reply: UNSUPPORTED }),
    say(first ?? [], { reply: SUPPORTED }),
    say(second ?? [], { reply: UNSUPPORTED }),
  ]);
  expect(await say(offers, { reply: UNSUPPORTED })).toEqual({ recorded: 0, stale: 3 });
  await deliver(answers);
  expect(await hallucination(experimentId)).toEqual([
    [0, 1_000, 'control', 1, 2, 1],
    [0, 1_000, 'treatment', 1, 1, 1],
  ]);
  await expectExact(experimentId);
});

test('what a vanished agent held is given to another, and the first comes too late', async () => {
  const { experimentId, model } = await modelJudged();
  await deliver([answerIn(experimentId)]);
  const held = await claim(model, 'mac-1');
  await leasesRunOut(model);
  const [again] = await claim(model, 'mac-2');
  expect(again?.attempt).toBe(2);
  expect(await say(held, { reply: UNSUPPORTED })).toEqual({ recorded: 0, stale: 1 });
  expect(await say(held, { reply: UNSUPPORTED, agent: 'mac-2' })).toEqual({
    recorded: 0,
    stale: 1,
  });
  expect(await hallucination(experimentId)).toEqual([]);
  expect(await say(again ? [again] : [], { reply: SUPPORTED, agent: 'mac-2' })).toMatchObject({
    recorded: 1,
  });
  expect(await hallucination(experimentId)).toEqual([[0, 1_000, 'control', 1, 1, 0]]);
});

test('a reply that is no verdict is asked for again with another seed, and at last counts nowhere', async () => {
  const { experimentId, model } = await modelJudged();
  await deliver([answerIn(experimentId)]);
  const seeds = new Set<number>();
  for (let attempt = 1; attempt <= JUDGE_ATTEMPTS; attempt += 1) {
    const offers = await claim(model);
    expect(offers.map((offer) => offer.attempt)).toEqual([attempt]);
    for (const { seed } of offers) seeds.add(seed);
    await say(offers, attempt % 2 === 0 ? { outcome: 'failed' } : { reply: 'It looks fine.' });
  }
  expect(seeds.size).toBe(JUDGE_ATTEMPTS);
  expect(await claim(model)).toEqual([]);
  expect(await judgmentsIn(experimentId)).toMatchObject([{ state: 'none' }]);
  expect(await hallucination(experimentId)).toEqual([]);
});

test('leases that run out again and again end the same, but what was given back was no attempt', async () => {
  const { experimentId, model } = await modelJudged();
  await deliver([answerIn(experimentId)]);
  for (let time = 0; time < JUDGE_ATTEMPTS + 2; time += 1) {
    const offers = await claim(model);
    expect(offers.map(({ attempt }) => attempt)).toEqual([1]);
    await say(offers, { outcome: 'given_back' });
  }
  for (let time = 0; time < JUDGE_ATTEMPTS; time += 1) {
    expect(await claim(model)).toHaveLength(1);
    await leasesRunOut(model);
  }
  expect(await claim(model)).toEqual([]);
  expect(await judgmentsIn(experimentId)).toMatchObject([{ state: 'none' }]);
});

test('an erased visitor takes the verdicts along, also one under way; the sums stay', async () => {
  const { experimentId, model } = await modelJudged();
  const visitor_id = `visitor-${experimentId}`;
  const answers = [0, 1].map((index) =>
    answerIn(experimentId, { visitor_id, response: FALSE, created_at: T0 + index }),
  );
  await deliver(answers);
  const offers = await claim(model);
  await say(offers.slice(0, 1), { reply: UNSUPPORTED });
  const before = await hallucination(experimentId);
  expect(before).toEqual([[0, 1_000, 'control', 1, 1, 1]]);
  const erased = await call('/admin/erasures', {
    body: { visitor_id, reason: 'asked for it' },
    headers: asOperator,
  });
  expect(erased.status).toBeLessThan(300);
  const left = answers.map(({ interaction_id }) => interaction_id);
  const held = await rows(sql`
    SELECT 1 FROM judgments WHERE interaction_id::text IN (
      SELECT jsonb_array_elements_text(${JSON.stringify(left)}::jsonb))`);
  expect(held).toEqual([]);
  expect(await say(offers.slice(1), { reply: UNSUPPORTED })).toEqual({ recorded: 0, stale: 1 });
  expect(await hallucination(experimentId)).toEqual(before);
});

test('with an answer its quotations lose their words; what was judged still counts', async () => {
  const experiment = newExperiment();
  const visitor_id = `visitor-${experiment}`;
  const old = { visitor_id, response: FALSE, created_at: Date.parse('2020-01-01T00:00:00Z') };
  await deliver([answerIn(experiment, old)]);
  const waiting = await modelJudged();
  await deliver([answerIn(waiting.experimentId, old)]);
  const page = { before: new Date('2020-01-02T00:00:00Z'), at: new Date(T0), limit: 500 };
  await withDatabase(databaseOf(env), (db) => db.transaction((tx) => removeAnswerTexts(tx, page)));
  expect(await judgmentsIn(experiment)).toMatchObject([{ state: 'unsupported', unsupported: [] }]);
  expect(await judgmentsIn(waiting.experimentId)).toMatchObject([{ state: 'none' }]);
  await deliver([answerIn(experiment, { visitor_id }, false)]);
  expect(await hallucination(experiment)).toEqual([[0, 1_000, 'control', 1, 1, 1]]);
});
