// Endpoints that exist on one machine only: a clock that can be moved, which fires what is due on
// the way, and the queue's depth. Any other environment answers them with 404.

import { Hono } from 'hono';
import { CRON, cronsDue } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { clockRequestSchema } from '../../core/wire/admin.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { clockOffset, type Env, moveClock, now, settingsOf } from '../env.ts';
import { type App, readJson, requireBearer } from '../http.ts';
import { inFlight } from '../outbox.ts';
import { fire } from '../scheduled.ts';
import { sleep } from '../sleep.ts';

const DRAIN_MS = 20_000;
/** A longer jump is a typing mistake: each of its quarter hours would be listed in memory. */
const LONGEST_JUMP_MS = 366 * 86_400_000;

/** Cron has fired up to here in this isolate; the local stack has no scheduler of its own. */
let firedUntilMs: number | undefined;

export const local = new Hono<App>()
  .use('/local/*', async (c, next) => {
    const settings = settingsOf(c.env);
    if (settings.ENVIRONMENT !== 'local') {
      throw new AppError('not_found', 'There is no such endpoint.');
    }
    await requireBearer(c, settings.ADMIN_TOKEN);
    await next();
  })
  .get('/local/clock', (c) =>
    c.json({ now: new Date(now(c.env)).toISOString(), offset_ms: clockOffset(c.env) }),
  )
  .get('/local/queue', (c) => c.json({ pending: inFlight.count() }))
  .post('/local/clock', async (c) => {
    const body = parseWire(clockRequestSchema, await readJson(c, LIMITS.adminBytes));
    const from = now(c.env);
    const to = 'to' in body ? Date.parse(body.to) : from + body.advance_ms;
    if (to < from) {
      throw new AppError('invalid_request', 'The clock only moves forward.', {
        details: [`to: expected a time after ${new Date(from).toISOString()}`],
      });
    }
    if (to - from > LONGEST_JUMP_MS) {
      throw new AppError('invalid_request', 'The clock moves at most 366 days at once.', {
        details: [`to: expected a time until ${new Date(from + LONGEST_JUMP_MS).toISOString()}`],
      });
    }
    await drained();
    const fired = await fireDue(c.env, from, to);
    moveClock(c.env, to);
    return c.json({ now: new Date(to).toISOString(), fired });
  })
  .post('/local/tick', async (c) => {
    const to = now(c.env);
    const fired = await fireDue(c.env, firedUntilMs ?? to, to);
    return c.json({ now: new Date(to).toISOString(), offset_ms: clockOffset(c.env), fired });
  });

/** Fires every cron in (fromMs, toMs], at its own instant; returns how many were due. */
async function fireDue(env: Env, fromMs: number, toMs: number): Promise<number> {
  firedUntilMs = Math.max(firedUntilMs ?? 0, toMs);
  const due = cronsDue(fromMs, toMs);
  for (const [index, { cron, atMs }] of due.entries()) {
    if (atMs > now(env)) moveClock(env, atMs);
    // A sweep sees the state, not the history: of a run of sweeps only the last changes anything,
    // and the ones around a weekly cut stay in their place.
    const last = index === due.length - 1 || due[index + 1]?.cron === CRON.weekly;
    if (cron === CRON.weekly || last || index === 0) await fire(cron, atMs, env);
  }
  return due.length;
}

/** What was said before the jump is recorded before it. */
async function drained(): Promise<void> {
  const started = performance.now();
  while (inFlight.count() > 0 && performance.now() - started < DRAIN_MS) {
    await sleep(25);
  }
}
