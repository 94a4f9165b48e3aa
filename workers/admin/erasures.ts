// Erasures as operators order and watch them. Mounted by index.ts behind the operators' sign-in.

import { Hono } from 'hono';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findErasure, listErasures, previewErasure } from '../../adapters/postgres/erasures.ts';
import { AppError } from '../../core/errors.ts';
import { erasureRequestSchema } from '../../core/wire/admin.ts';
import { LIMITS, parseWire, uuidSchema } from '../../core/wire/shared.ts';
import { eraseVisitor } from '../../functions/erasure/index.ts';
import { databaseOf, now } from '../env.ts';
import { type App, readJson } from '../http.ts';
import { erasureView } from './views.ts';

export const erasures = new Hono<App>()
  .get('/', async (c) => {
    const rows = await withDatabase(databaseOf(c.env), (db) => listErasures(db));
    return c.json({ erasures: rows.map(erasureView) });
  })
  .get('/:id', async (c) => {
    const id = parseWire(uuidSchema, c.req.param('id'));
    const row = await withDatabase(databaseOf(c.env), (db) => findErasure(db, id));
    if (row === undefined) throw new AppError('not_found', `There is no erasure ${id}.`);
    return c.json(erasureView(row));
  })
  .post('/', async (c) => {
    const body = parseWire(erasureRequestSchema, await readJson(c, LIMITS.adminBytes));
    if (body.dry_run === true) {
      const preview = await withDatabase(databaseOf(c.env), (db) =>
        previewErasure(db, body.visitor_id),
      );
      return c.json({ dry_run: true, ...preview });
    }
    const row = await eraseVisitor(c.env, {
      visitorId: body.visitor_id,
      who: c.get('operator'),
      reason: body.reason,
      atMs: now(c.env),
    });
    return c.json(erasureView(row), 202);
  });
