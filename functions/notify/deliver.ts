// Out of the outbox: what is due goes to its channel, one message after the other at the channel's
// pace. Called after something was written, where nobody waits, and by the sweep. At least once: a
// sender that dies between sending and writing it down lets a message be sent again, which PagerDuty
// recognises by its key and Slack shows twice.

import type { Delivery } from '../../adapters/notify/delivery.ts';
import { pagerDutyEventSchema, sendPagerDuty } from '../../adapters/notify/pagerduty.ts';
import { sendSlack, slackMessageSchema } from '../../adapters/notify/slack.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  type Channel,
  claimNotification,
  type NotificationRow,
  type Settled,
  settleNotification,
} from '../../adapters/postgres/notifications.ts';
import { retryAt } from '../../core/notifications.ts';
import { databaseOf, type Env, now } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';
import { sleep } from '../../workers/sleep.ts';
import { anyOn, CHANNELS, type Channels, channelsOf } from './channels.ts';

/** Slack takes one message a second; a little more, because clocks differ. */
const PACE_MS: Readonly<Record<Channel, number>> = { slack: 1_200, pagerduty: 0 };
const LEASE_MS = 60_000;
/** What a request may go on for after its answer; the rest is the sweep's. */
const LONGEST_MS = 20_000;
const MOST_MESSAGES = 50;

/** Sends what is due. Throws when the record cannot be used. */
export async function deliverDue(env: Env): Promise<void> {
  const channels = channelsOf(env);
  if (!anyOn(channels)) return;
  // One connection each: a channel that hangs does not hold up the other.
  const ended = await Promise.allSettled(
    CHANNELS.filter((channel) => channels[channel].state === 'on').map((channel) =>
      withDatabase(databaseOf(env), (db) => drain(db, env, channel)),
    ),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** The same for where nobody could do anything about a failure; the next sweep tries again. */
export async function deliverQuietly(env: Env): Promise<void> {
  await deliverDue(env).catch((cause: unknown) => report('notifications_undelivered', cause));
}

async function drain(db: Database, env: Env, channel: Channel): Promise<void> {
  const started = Date.now();
  for (let sent = 0; sent < MOST_MESSAGES; ) {
    const paceMs = PACE_MS[channel];
    const terms = { channel, now: new Date(now(env)), paceMs, leaseMs: LEASE_MS };
    const claimed = await claimNotification(db, terms);
    if (claimed.state === 'nothing' || Date.now() - started > LONGEST_MS) return;
    if (claimed.state === 'paced') {
      await sleep(claimed.waitMs);
      continue;
    }
    sent += 1;
    const delivery = await send(channelsOf(env), claimed.row, now(env));
    await settleNotification(db, claimed.row, settledBy(delivery, claimed.row, now(env)));
    // Whatever is wrong there is wrong for the next message too.
    if (delivery.outcome === 'later') return;
  }
}

async function send(
  channels: Channels,
  { channel, payload }: NotificationRow,
  nowMs: number,
): Promise<Delivery> {
  const off: Delivery = { outcome: 'refused', error: 'the channel is not set up any more' };
  if (channel === 'slack') {
    if (channels.slack.state !== 'on') return off;
    return sendSlack(channels.slack.target.url, slackMessageSchema.parse(payload), nowMs);
  }
  if (channels.pagerduty.state !== 'on') return off;
  return sendPagerDuty(channels.pagerduty.target, pagerDutyEventSchema.parse(payload), nowMs);
}

function settledBy(delivery: Delivery, row: NotificationRow, nowMs: number): Settled {
  if (delivery.outcome === 'sent') return { state: 'sent', at: new Date(nowMs) };
  const { error } = delivery;
  if (delivery.outcome === 'refused') return failed(row, error);
  const nextAt = retryAt({
    attempts: row.attempts,
    createdAtMs: row.createdAt.getTime(),
    nowMs,
    retryAfterMs: delivery.retryAfterMs,
  });
  if (nextAt === null) return failed(row, `given up after a day: ${error}`);
  return { state: 'pending', nextAt: new Date(nextAt), error };
}

/** Seen in the log too, because who was to be told was not. */
function failed(row: NotificationRow, error: string): Settled {
  const { id, kind } = row;
  console.error(
    JSON.stringify({ level: 'error', code: 'notification_failed', id, kind, detail: error }),
  );
  return { state: 'failed', error };
}
