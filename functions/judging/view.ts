// A judge as operators see it: of an experiment, or the one that is configured for the next; and how it is
// measured, by texts of which it is known whether they are supported.

import type { z } from 'zod';
import type { Queryable } from '../../adapters/postgres/connect.ts';
import {
  type FixedJudge,
  insertJudgments,
  judgedSoFar,
  judgesOf,
  newestMeasurement,
} from '../../adapters/postgres/judgments.ts';
import { judgeView, measurementFrom } from '../../core/judge-view.ts';
import { SUPPORT_CHECK } from '../../core/judging.ts';
import supportCheckMeasured from '../../core/support-check-measured.json' with { type: 'json' };
import {
  type JudgeView,
  type measureJudgeSchema,
  measurementSchema,
  plantedSchema,
} from '../../core/wire/judging.ts';
import type { Env } from '../../workers/env.ts';
import { configuredJudge } from './answers.ts';

/** What is known of how well a judge judges, and how far its newest measurement has come. */
async function measurementOf(db: Queryable, { name }: FixedJudge) {
  if (name === SUPPORT_CHECK) {
    return { measured: measurementSchema.parse(supportCheckMeasured), measuring: null };
  }
  const texts = await newestMeasurement(db, name);
  if (texts.length === 0) return { measured: null, measuring: null };
  const tested = texts.flatMap(({ planted, state }) => {
    if (state === 'waiting' || state === 'leased') return [];
    const { bank, kind } = plantedSchema.parse(planted);
    return [{ bank, kind, state }];
  });
  const waiting = texts.length - tested.length;
  const measured = waiting === 0 ? measurementFrom(name, tested) : null;
  return { measured, measuring: { texts: texts.length, waiting } };
}

export const configuredJudgeView = (db: Queryable, env: Env) =>
  judgeAlone(db, configuredJudge(env));

export async function judgeAlone(db: Queryable, judge: FixedJudge) {
  const { measured, measuring } = await measurementOf(db, judge);
  const view = judgeView({ judge, rate: judge.rate, measured, answers: null });
  return { judge: view, measuring };
}

/** Texts to measure a judge model by: they wait for the agent like answers, and go before them. */
export async function plantTexts(
  db: Queryable,
  judge: FixedJudge,
  { measurement_id: measurementId, texts }: z.infer<typeof measureJudgeSchema>,
  at: Date,
) {
  const planted = texts.map(({ id, ...content }) => ({
    id,
    judge,
    verdict: null,
    createdAt: at,
    judgedAt: at,
    planted: { measurementId, content },
  }));
  await insertJudgments(db, planted);
  return judgeAlone(db, judge);
}

/** Null where none is fixed yet: before its first answer, where nobody planned it. */
export async function judgeViewOf(db: Queryable, experimentId: string): Promise<JudgeView | null> {
  const judge = (await judgesOf(db, [experimentId])).get(experimentId);
  if (judge === undefined) return null;
  const { measured } = await measurementOf(db, judge);
  const found = await judgedSoFar(db, experimentId, judge.name);
  const of = (arm: 'control' | 'treatment') => {
    const own = found.find((row) => row.arm === arm);
    return {
      judged: own?.judged ?? 0,
      waiting: own?.waiting ?? 0,
      no_verdict: own?.none ?? 0,
    };
  };
  const answers = { control: of('control'), treatment: of('treatment') };
  return judgeView({ judge, rate: judge.rate, measured, answers });
}
