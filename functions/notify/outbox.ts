// Into the outbox: an event becomes one row for each channel that is on and has something to say of
// it, in the transaction of whatever caused it. It sends nothing and cannot fail on what it is given.

import { pagerDutyEvent } from '../../adapters/notify/pagerduty.ts';
import { slackMessage } from '../../adapters/notify/slack.ts';
import type { Queryable } from '../../adapters/postgres/connect.ts';
import {
  insertNotifications,
  type NewNotification,
} from '../../adapters/postgres/notifications.ts';
import { type NotificationEvent, noticeOf } from '../../core/notifications.ts';
import { type Env, now } from '../../workers/env.ts';
import { anyOn, channelsOf, placeOf } from './channels.ts';

/** Idempotent by the event's key. Returns the ids of its messages. */
export async function notify(db: Queryable, env: Env, event: NotificationEvent): Promise<string[]> {
  const messages = messagesFor(env, event, new Date(now(env)));
  await insertNotifications(db, messages);
  return messages.map(({ id }) => id);
}

function messagesFor(env: Env, event: NotificationEvent, at: Date): NewNotification[] {
  const channels = channelsOf(env);
  if (!anyOn(channels)) return [];
  const notice = noticeOf(event);
  const { kind } = event;
  const place = placeOf(env);
  const common = { kind, subject: notice.subject, title: notice.title, createdAt: at };
  const messages: NewNotification[] = [];
  if (channels.slack.state === 'on' && notice.chat) {
    const payload = slackMessage(notice, place);
    messages.push({ ...common, id: `slack:${notice.key}`, channel: 'slack', payload });
  }
  if (channels.pagerduty.state === 'on' && notice.page !== null) {
    const payload = pagerDutyEvent(notice, notice.page, { kind, place, at });
    messages.push({ ...common, id: `pagerduty:${notice.key}`, channel: 'pagerduty', payload });
  }
  return messages;
}
