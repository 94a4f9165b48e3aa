// Slack through an incoming webhook, as Block Kit. The limits are Slack's own:
//   at most 50 blocks; a header is plain text of 150 characters; a section's text has 3,000, each of
//   its at most 10 fields 2,000 (docs.slack.dev/reference/block-kit/blocks);
//   `&`, `<` and `>` are escaped (docs.slack.dev/messaging/formatting-message-text);
//   one message a second, else 429 with Retry-After (docs.slack.dev/apis/web-api/rate-limits);
//   200 with `ok`, else 400 invalid_payload, 403, 404, 410 or 500
//   (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
// The link is text, not a button: a button would need an app that answers its clicks.

import { z } from 'zod';
import type { Notice } from '../../core/notifications.ts';
import { cut, type Delivery, judge, postJson } from './delivery.ts';

const HEADER_CHARS = 150;
const TEXT_CHARS = 3_000;
const FIELD_CHARS = 2_000;
const FIELDS = 10;

const plainText = z.strictObject({ type: z.literal('plain_text'), text: z.string() });
const markdown = z.strictObject({ type: z.literal('mrkdwn'), text: z.string() });
const blockSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText }),
  z.strictObject({
    type: z.literal('section'),
    text: markdown.optional(),
    fields: z.array(markdown).optional(),
  }),
  z.strictObject({ type: z.literal('context'), elements: z.array(markdown) }),
]);
export const slackMessageSchema = z.strictObject({
  text: z.string(),
  blocks: z.array(blockSchema),
});
export type SlackMessage = z.infer<typeof slackMessageSchema>;

export interface Place {
  environment: string;
  /** Where the console is, or null where nobody said. */
  consoleUrl: string | null;
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Escaped and within the limit: escaping lengthens, and an escape must not be cut in two. */
function mrkdwn(text: string, max: number, before = '') {
  let room = max - before.length;
  let body = escaped(cut(text, room));
  while (body.length > max - before.length) {
    room -= body.length - (max - before.length);
    body = escaped(cut(text, Math.max(1, room)));
  }
  return { type: 'mrkdwn' as const, text: `${before}${body}` };
}

export function slackMessage(notice: Notice, place: Place): SlackMessage {
  const { title, text, facts } = notice;
  const fields = facts
    .slice(0, FIELDS)
    .map(([label, value]) => mrkdwn(value, FIELD_CHARS, `*${escaped(label)}*\n`));
  const link =
    place.consoleUrl === null ? '' : ` \u00b7 <${place.consoleUrl}#${notice.section}|Console>`;
  return {
    // What a notification on a phone shows, and whatever cannot draw blocks.
    text: mrkdwn(title, TEXT_CHARS).text,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, HEADER_CHARS) } },
      ...(text === '' ? [] : [{ type: 'section' as const, text: mrkdwn(text, TEXT_CHARS) }]),
      ...(fields.length === 0 ? [] : [{ type: 'section' as const, fields }]),
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: `Bruno, ${escaped(place.environment)}${link}` }],
      },
    ],
  };
}

export async function sendSlack(
  webhookUrl: string,
  message: SlackMessage,
  nowMs: number,
): Promise<Delivery> {
  const reply = await postJson(webhookUrl, message, nowMs);
  if ('outcome' in reply) return reply;
  return judge(reply, reply.status === 200 && reply.text.trim() === 'ok');
}
