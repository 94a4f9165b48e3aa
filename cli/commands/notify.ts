/**
 * `bruno notify list|test`: the outbox to Slack and PagerDuty, and a message to try each channel.
 */
import { parseChoice, parseCount, parseRequestId } from '../option-values.ts';
import { type Command, textOption } from '../outcome.ts';
import { outbox } from '../schemas.ts';
import { outboxPage } from '../views/notify-view.ts';

const STATES = ['pending', 'sent', 'failed'] as const;

export const listNotifications: Command = async ({ client, options }) => {
  const query = new URLSearchParams();
  const state = textOption(options, 'state');
  if (state !== undefined) query.set('state', parseChoice(state, STATES, '--state'));
  const limit = textOption(options, 'limit');
  if (limit !== undefined) {
    query.set('limit', String(parseCount(limit, '--limit', { least: 1, most: 200 })));
  }
  const document = await client.get(`/admin/notifications?${query}`, outbox);
  return { document, text: outboxPage(document) };
};

export const testChannels: Command = async ({ client, io, options }) => {
  const given = textOption(options, 'request-id');
  const requestId = given === undefined ? io.newId() : parseRequestId(given);
  const request = {
    path: '/admin/notifications/test',
    body: { request_id: requestId },
    // A repeat is the same message: it is delivered once.
    repeatable: true,
  };
  const document = await client.post(request, outbox);
  const outcome = { document, text: outboxPage(document) };
  const unsent = document.notifications.filter(({ state }) => state !== 'sent');
  const unusable = document.channels.filter(({ state }) => state === 'unusable');
  const [first] = unsent;
  if (first !== undefined) {
    const why = first.last_error ?? 'it has not been tried yet';
    const message = `The test message to ${first.channel} was not delivered: ${why}`;
    return { ...outcome, failure: { code: 'not_delivered', message } };
  }
  if (unusable[0] === undefined) return outcome;
  const message = `${unusable[0].name} is not usable: ${unusable[0].why ?? ''}`;
  return { ...outcome, failure: { code: 'channel_unusable', message } };
};
