// The outbox for operators: which channels are on, what lies in it, and a test of each channel.

import { Hono } from 'hono';
import { type Queryable, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  countNotifications,
  findNotifications,
  listNotifications,
  type NotificationRow,
} from '../../adapters/postgres/notifications.ts';
import { AppError } from '../../core/errors.ts';
import { uuidv7 } from '../../core/ids.ts';
import { notificationListSchema, notifyTestSchema } from '../../core/wire/admin.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { CHANNELS, channelsOf, placeOf } from '../../functions/notify/channels.ts';
import { deliverDue } from '../../functions/notify/deliver.ts';
import { notify } from '../../functions/notify/outbox.ts';
import { databaseOf, type Env, now, randomBytes } from '../env.ts';
import { type App, readJson } from '../http.ts';

const notificationView = (row: NotificationRow) => ({
  id: row.id,
  channel: row.channel,
  kind: row.kind,
  subject: row.subject,
  title: row.title,
  state: row.state,
  attempts: row.attempts,
  created_at: row.createdAt,
  next_at: row.state === 'pending' ? row.nextAt : null,
  sent_at: row.sentAt,
  last_error: row.lastError,
  payload: row.payload,
});

/** Each channel's state, and why; no address and no key. */
export function channelViews(env: Env) {
  const channels = channelsOf(env);
  return CHANNELS.map((name) => {
    const channel = channels[name];
    const why =
      channel.state === 'on'
        ? null
        : channel.state === 'off'
          ? `${channel.needs} is not set`
          : channel.why;
    return { name, state: channel.state, why };
  });
}

const RECENT_MS = 7 * 86_400_000;

/** What waits, and what became of the last seven days'. */
export const recentCounts = (db: Queryable, env: Env) =>
  countNotifications(db, new Date(now(env) - RECENT_MS));

export const notificationRoutes = new Hono<App>()
  .get('/admin/notifications', async (c) => {
    const filter = parseWire(notificationListSchema, c.req.query());
    const { rows, counts } = await withDatabase(databaseOf(c.env), async (db) => ({
      rows: await listNotifications(db, filter),
      counts: await recentCounts(db, c.env),
    }));
    return c.json({
      channels: channelViews(c.env),
      console_url: placeOf(c.env).consoleUrl,
      counts,
      notifications: rows.map(notificationView),
    });
  })
  .post('/admin/notifications/test', async (c) => {
    const { request_id } = parseWire(notifyTestSchema, await readJson(c, LIMITS.adminBytes));
    const channels = channelViews(c.env);
    if (channels.every(({ state }) => state !== 'on')) {
      throw new AppError('conflict', 'No channel is on, so there is nothing to test.', {
        details: channels.map(({ name, why }) => `${name}: ${why}`),
      });
    }
    const id = request_id ?? uuidv7(now(c.env), randomBytes(10));
    const ids = await withDatabase(databaseOf(c.env), (db) =>
      db.transaction(async (tx) => [
        ...(await notify(tx, c.env, { kind: 'test', id, who: c.get('operator') })),
        ...(await notify(tx, c.env, { kind: 'test_over', id })),
      ]),
    );
    await deliverDue(c.env);
    const rows = await withDatabase(databaseOf(c.env), (db) => findNotifications(db, ids));
    return c.json({ channels, notifications: rows.map(notificationView) });
  });
