// The judge of answers for operators: which one is configured, how well it judges, and texts planted to
// find that out. They wait for the agent like answers do, and are judged before them.

import { Hono } from 'hono';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { AppError } from '../../core/errors.ts';
import { measureJudgeSchema } from '../../core/wire/judging.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { configuredJudge } from '../../functions/judging/answers.ts';
import { configuredJudgeView, plantTexts } from '../../functions/judging/view.ts';
import { databaseOf, now } from '../env.ts';
import { type App, readJson } from '../http.ts';

export const judgeRoutes = new Hono<App>()
  .get('/admin/judge', async (c) =>
    c.json(await withDatabase(databaseOf(c.env), (db) => configuredJudgeView(db, c.env))),
  )
  .post('/admin/judge/measure', async (c) => {
    const body = parseWire(measureJudgeSchema, await readJson(c, LIMITS.adminBytes));
    const judge = configuredJudge(c.env);
    if (judge.model === null) {
      throw new AppError(
        'conflict',
        `${judge.name} is measured without the stack: its figures come with it. Only a model set in ab_testing.judge.model can be asked.`,
      );
    }
    const at = new Date(now(c.env));
    return c.json(await withDatabase(databaseOf(c.env), (db) => plantTexts(db, judge, body, at)));
  });
