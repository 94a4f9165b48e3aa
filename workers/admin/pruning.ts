// Which models lose their files, for operators: what the rule says now, and doing it now.

import { Hono } from 'hono';
import type { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findModels } from '../../adapters/postgres/models.ts';
import {
  type prunedAnswerSchema,
  pruneRequestSchema,
  type pruningAnswerSchema,
} from '../../core/wire/pruning.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { artifactsOf } from '../../functions/registry/models.ts';
import { GRACE_MS, pruneNow, pruningPlan, pruningRule } from '../../functions/registry/pruning.ts';
import { databaseOf, type Env, learningOf, now } from '../env.ts';
import { type App, readJson } from '../http.ts';

export const pruningRoutes = new Hono<App>()
  .get('/admin/pruning', async (c) => c.json(await pruningView(c.env)))
  .post('/admin/pruning', async (c) => {
    const body = parseWire(pruneRequestSchema, await readJson(c, LIMITS.adminBytes));
    const atMs = now(c.env);
    const reason = body.reason ?? 'an operator asked for it';
    const pruned = await pruneNow(c.env, { who: c.get('operator'), reason, atMs });
    const answer: z.infer<typeof prunedAnswerSchema> = {
      pruned,
      deleted_from: new Date(atMs + GRACE_MS).toISOString(),
    };
    return c.json(answer);
  });

async function pruningView(env: Env): Promise<z.infer<typeof pruningAnswerSchema>> {
  const plan = await pruningPlan(env, now(env));
  const rows = await withDatabase(databaseOf(env), (db) =>
    findModels(
      db,
      plan.map(({ id }) => id),
    ),
  );
  const bytes = new Map(
    rows.map((row) => [row.id, artifactsOf(row).reduce((sum, file) => sum + file.bytes, 0)]),
  );
  const { keepLast, keepDays } = pruningRule(env);
  return {
    automatic: learningOf(env).models.prune,
    keep_last: keepLast,
    keep_days: keepDays,
    models: plan.map(({ id, createdAtMs, kept }) => ({
      model_id: id,
      created_at: new Date(createdAtMs).toISOString(),
      bytes: bytes.get(id) ?? 0,
      kept,
    })),
  };
}
