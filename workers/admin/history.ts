// The history for operators: its rows, what was live at a time and why, and its verification, which
// runs here because here is the key.

import { Hono } from 'hono';
import { z } from 'zod';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  findHistory,
  historyAfter,
  historyAtSeq,
  historyUntil,
  listHistory,
} from '../../adapters/postgres/history.ts';
import { AppError } from '../../core/errors.ts';
import { type HistoryRow, isoTime, serialise } from '../../core/history.ts';
import { initialTable, routingTableSchema } from '../../core/routing.ts';
import { historyAtSchema, historyListSchema, historyVerifySchema } from '../../core/wire/admin.ts';
import { parseWire } from '../../core/wire/shared.ts';
import { signerOf } from '../../functions/history/append.ts';
import { verifyPage } from '../../functions/history/verify.ts';
import { databaseOf, now, settingsOf } from '../env.ts';
import type { App } from '../http.ts';
import { objectStoreOf } from '../object-store.ts';
import { tableView } from './views.ts';

const routeBody = z.looseObject({ to: z.unknown(), taken_over: z.boolean().optional() });

function historyView(row: HistoryRow) {
  return {
    seq: row.seq,
    key: row.key,
    kind: row.kind,
    action: row.action,
    subject: row.subject,
    at: isoTime(row.at),
    chained_at: isoTime(row.chainedAt),
    /** Recorded before there was a chain: signed from `chained_at` on only. */
    taken_over: routeBody.safeParse(row.body).data?.taken_over === true,
    who: row.who,
    reason: row.reason,
    summary: row.summary,
    body: row.body,
    key_id: row.keyId,
    prev_hash: row.prevHash,
    hash: row.hash,
  };
}

/** The table that a row left behind; null where this version cannot read it. */
function tableAfter(row: HistoryRow) {
  const to = routingTableSchema.safeParse(routeBody.safeParse(row.body).data?.to);
  return to.success ? tableView(to.data) : null;
}

export const historyRoutes = new Hono<App>()
  .get('/admin/history', async (c) => {
    const filter = parseWire(historyListSchema, c.req.query());
    const rows = await withDatabase(databaseOf(c.env), (db) => listHistory(db, filter));
    return c.json({ rows: rows.map(historyView) });
  })
  .get('/admin/history/at', async (c) => {
    const at = new Date(parseWire(historyAtSchema, c.req.query()).at);
    const { BASE_MODEL: base, TOKEN_KEYS: ring } = settingsOf(c.env);
    return c.json(
      await withDatabase(databaseOf(c.env), async (db) => {
        const row = await historyUntil(db, 'route', at);
        const next = await historyAfter(db, 'route', row?.seq ?? 0);
        const signed = row && (await signerOf(ring)(row.keyId, serialise(row)));
        return {
          at,
          live: row === undefined ? tableView(initialTable(base)) : tableAfter(row),
          because: row === undefined ? null : historyView(row),
          /** Only that this one row is as it was signed; the chain is another question. */
          row_intact: row === undefined ? null : signed === row.hash,
          until: next === undefined ? null : historyView(next),
        };
      }),
    );
  })
  .get('/admin/history/verify', async (c) => {
    const { after } = parseWire(historyVerifySchema, c.req.query());
    const verification = {
      store: objectStoreOf(c.env),
      ring: settingsOf(c.env).TOKEN_KEYS,
      nowMs: now(c.env),
    };
    const page = await withDatabase(databaseOf(c.env), (db) =>
      verifyPage({ ...verification, db }, after),
    );
    const { nextAfter, ...rest } = page;
    return c.json({ ...rest, next_after: nextAfter });
  })
  .get('/admin/history/:id', async (c) => {
    const id = c.req.param('id');
    const row = await withDatabase(databaseOf(c.env), (db) => oneRow(db, id));
    if (!row) throw new AppError('not_found', `There is no row ${id} in the history.`);
    return c.json(historyView(row));
  });

/** By number or by key. */
const oneRow = (db: Database, id: string) =>
  /^\d{1,9}$/.test(id) ? historyAtSeq(db, Number(id)) : findHistory(db, id);
