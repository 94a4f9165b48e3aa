// Settings for operators: made once, listed, shown. What comes of them is an experiment's (rollouts.ts).

import { Hono } from 'hono';
import type { z } from 'zod';
import {
  findSettings,
  listSettings,
  type SettingsRow,
} from '../../adapters/postgres/answer-settings.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { BUILT_IN, type SettingsBody, settingsBodySchema } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { CURRENT_PROMPT } from '../../core/system-prompt.ts';
import {
  createSettingsSchema,
  type SettingsAnswer,
  type settingsListSchema,
} from '../../core/wire/settings.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { createSettings } from '../../functions/settings/index.ts';
import { databaseOf } from '../env.ts';
import { type App, readJson } from '../http.ts';

export const settingsRoutes = new Hono<App>()
  .get('/admin/settings', async (c) => {
    const table = await routingTable(c.env);
    const rows = await withDatabase(databaseOf(c.env), (db) => listSettings(db));
    const answer: z.infer<typeof settingsListSchema> = {
      built_in: { ...BUILT_IN, prompt_version: CURRENT_PROMPT },
      settings: rows.map((row) => settingsView(row, table)),
    };
    return c.json(answer);
  })
  .post('/admin/settings', async (c) => {
    const body = parseWire(createSettingsSchema, await readJson(c, LIMITS.adminBytes));
    const { name, reason, ...given } = body;
    const creation = { name, reason, body: wholeBody(given), who: c.get('operator') };
    const table = await routingTable(c.env);
    const { row, existed } = await withDatabase(databaseOf(c.env), (db) =>
      db.transaction((tx) => createSettings(tx, c.env, creation)),
    );
    return c.json({ ...settingsView(row, table), existed }, 201);
  })
  .get('/admin/settings/:id', async (c) => {
    const id = c.req.param('id');
    const table = await routingTable(c.env);
    const row = await withDatabase(databaseOf(c.env), (db) => findSettings(db, id));
    if (!row) throw new AppError('not_found', `There are no settings ${id}.`);
    return c.json(settingsView(row, table));
  });

/** Written out in full: a later version of the built-in ones changes no record. */
const wholeBody = (
  given: Partial<{ [Key in keyof SettingsBody]: SettingsBody[Key] | undefined }>,
) =>
  settingsBodySchema.parse({
    ...BUILT_IN,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });

export function settingsView(row: SettingsRow, table: RoutingTable): SettingsAnswer {
  const { id, name, bodyHash, createdAt, createdBy, reason } = row;
  const isTried = table.experiments.some(({ candidate }) => candidate === id);
  return {
    id,
    name,
    ...settingsBodySchema.parse(row.body),
    body_hash: bodyHash,
    stage: table.settings?.id === id ? 'production' : isTried ? 'candidate' : 'idle',
    created_at: createdAt.toISOString(),
    created_by: createdBy,
    reason,
  };
}
