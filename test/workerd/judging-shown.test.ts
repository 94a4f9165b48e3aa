// A judge as operators meet it: fixed with an experiment's plan, shown by name and kind with how well it
// judges, and measured by texts of which it is known whether they are supported.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { fixJudges } from '../../adapters/postgres/judgments.ts';
import { SUPPORT_CHECK } from '../../core/judging.ts';
import measured from '../../core/support-check-measured.json' with { type: 'json' };
import { experimentAnswerSchema, planAnswerSchema } from '../../core/wire/experiments.ts';
import { judgeAnswerSchema } from '../../core/wire/judging.ts';
import { judgeAlone, judgeViewOf, plantTexts } from '../../functions/judging/view.ts';
import { databaseOf } from '../../workers/env.ts';
import { deliver, T0 } from './experiment-support.ts';
import {
  answerIn,
  claim,
  FALSE,
  hallucination,
  modelJudged,
  newExperiment,
  RATE,
  SOURCE,
  SUPPORTED,
  say,
  TRUE,
  UNSUPPORTED,
} from './judging-support.ts';
import { cleared, newModel } from './rollout-support.ts';
import { asOperator, call, rows } from './support.ts';

beforeAll(cleared);
afterAll(cleared);

const withDb = <Value>(use: Parameters<typeof withDatabase<Value>>[1]) =>
  withDatabase(databaseOf(env), use);
const created = async () => {
  const body = { model_id: await newModel(), reason: 'for a test' };
  const reply = await call('/admin/experiments', { body, headers: asOperator });
  return experimentAnswerSchema.parse(reply.body);
};

test('a planned experiment has its judge from the start, in its history and its answer', async () => {
  const made = await created();
  expect(made.judge).toMatchObject({ name: SUPPORT_CHECK, kind: 'deterministic', rate: 0.1 });
  expect(made.history.at(-1)?.summary).toContain(
    `Its answers are judged by ${SUPPORT_CHECK}, 10 % of them.`,
  );
  const other = { name: 'llama/prompt-1', model: 'llama', rate: 0.5 };
  await withDb((db) => fixJudges(db, [made.id], other, new Date(T0)));
  expect((await withDb((db) => judgeViewOf(db, made.id)))?.name).toBe(SUPPORT_CHECK);
});

test('a plan says who would judge, and how well it was found to', async () => {
  const reply = await call('/admin/experiments/plan', { headers: asOperator });
  const { judge } = planAnswerSchema.parse(reply.body);
  expect(judge.measured).toEqual(measured);
  expect(judge.answers).toBeNull();
  expect(judge.says[0]).toContain('a deterministic check, not a judge of claims');
  expect(judge.says[1]).toContain(
    `(${measured.detail.caught + measured.words.caught} of ${measured.detail.of + measured.words.of})`,
  );
});

test('what was judged in past experiments is planned with, at the rate of the next one', async () => {
  const experiment = newExperiment();
  const at = Date.now() - 3_600_000;
  await deliver(
    Array.from({ length: 8 }, (_, index) =>
      answerIn(experiment, { created_at: at + index, ...(index < 2 ? { response: FALSE } : {}) }),
    ),
  );
  const reply = await call('/admin/experiments/plan', { headers: asOperator });
  const { plan } = planAnswerSchema.parse(reply.body);
  const own = plan.metrics.find(({ metric }) => metric === 'hallucination');
  expect(plan.waived).not.toContain('hallucination');
  expect(own?.rate).toBeGreaterThan(0);
  expect(own?.observed_share).toBeGreaterThan(0);
  expect(own?.observed_share).toBeLessThanOrEqual(0.1);
});

test('an experiment says how far its judge has come in each arm', async () => {
  const { experimentId, model, judge } = await modelJudged();
  const view = () => withDb((db) => judgeViewOf(db, experimentId));
  expect((await view())?.says.at(-1)).toContain('hallucination is not measured, so it is waived');
  await deliver([
    answerIn(experimentId, { created_at: T0 }),
    answerIn(experimentId, { created_at: T0 + 1, arm: 'treatment' }),
  ]);
  await say((await claim(model)).slice(0, 1), { reply: SUPPORTED });
  expect(await view()).toMatchObject({
    name: judge.name,
    kind: 'model',
    model,
    measured: null,
    answers: {
      control: { judged: 1, waiting: 0, no_verdict: 0 },
      treatment: { judged: 0, waiting: 1, no_verdict: 0 },
    },
  });
  expect((await view())?.says).toEqual([
    expect.stringContaining(`the model ${model}`),
    expect.stringContaining('not measured'),
    expect.stringContaining('Until some are in treatment, hallucination holds.'),
  ]);
});

const planted = (kind: 'detail' | 'words' | 'honest') => ({
  id: crypto.randomUUID(),
  bank: 'mini',
  kind,
  question: 'Which port?',
  answer: kind === 'honest' ? TRUE : FALSE,
  sources: [SOURCE],
});

test('planted texts go before answers, by the same way, and count in no experiment', async () => {
  const { experimentId, model, judge } = await modelJudged();
  await deliver([answerIn(experimentId)]);
  const fixed = { ...judge, rate: RATE };
  const texts = [planted('detail'), planted('words'), planted('honest'), planted('honest')];
  const body = { measurement_id: crypto.randomUUID(), texts };
  const plant = () => withDb((db) => plantTexts(db, fixed, body, new Date(T0 + 1)));
  await plant();
  expect((await plant()).measuring).toEqual({ texts: 4, waiting: 4 });
  const offers = await claim(model);
  expect(offers.map(({ id }) => id).toSorted()).toEqual(texts.map(({ id }) => id).toSorted());
  expect(offers[0]?.messages[1]?.content).toContain(SOURCE.text);
  const kindOf = (id: string) => texts.find((text) => text.id === id)?.kind;
  for (const offer of offers) {
    // It finds the wrong port, believes the words, and doubts one honest answer for good.
    const isCaught = kindOf(offer.id) === 'detail' || offer.id === texts[3]?.id;
    await say([offer], { reply: isCaught ? UNSUPPORTED : SUPPORTED });
  }
  const { judge: view, measuring } = await withDb((db) => judgeAlone(db, fixed));
  expect(measuring).toEqual({ texts: 4, waiting: 0 });
  expect(view.measured).toEqual({
    judge: judge.name,
    banks: ['mini'],
    detail: { caught: 1, of: 1 },
    words: { caught: 0, of: 1 },
    honest: { flagged: 1, of: 2 },
    no_verdict: 0,
  });
  expect((await withDb((db) => judgeViewOf(db, experimentId)))?.measured).toEqual(view.measured);
  expect(await hallucination(experimentId)).toEqual([]);
  const [waiting] = await claim(model);
  expect(waiting?.attempt).toBe(1);
});

test('the deterministic check is not measured through the stack, and the refusal says why', async () => {
  const shown = await call('/admin/judge', { headers: asOperator });
  expect(judgeAnswerSchema.parse(shown.body)).toMatchObject({
    judge: { name: SUPPORT_CHECK, measured },
    measuring: null,
  });
  const body = { measurement_id: crypto.randomUUID(), texts: [planted('honest')] };
  const refused = await call('/admin/judge/measure', { body, headers: asOperator });
  expect(refused.status).toBe(409);
  const { error } = z.object({ error: z.object({ message: z.string() }) }).parse(refused.body);
  expect(error.message).toContain('ab_testing.judge.model');
  const id = body.texts[0]?.id;
  expect(await rows(sql`SELECT 1 FROM judgments WHERE interaction_id = ${id}::uuid`)).toEqual([]);
  expect((await call('/admin/judge/measure', { body })).status).toBe(401);
});
