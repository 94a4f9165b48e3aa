// PagerDuty's Events API v2. Its rules (github.com/PagerDuty/developer-docs, docs/events-API-v2):
//   routing_key of 32 characters, event_action, and for a trigger payload.summary (1,024 characters),
//   payload.source and payload.severity (critical, error, warning, info); dedup_key up to 255
//   characters; 512 KB in all; 202 when accepted, 400 is final, 429 and 5xx are tried again.
// The same dedup_key again is the same alert, so a repeat after a lost answer is harmless. The routing
// key is a secret: it is added when a message is sent and never stored with it.

import { z } from 'zod';
import type { Notice, Page } from '../../core/notifications.ts';
import { cut, type Delivery, judge, postJson } from './delivery.ts';
import type { Place } from './slack.ts';

const SUMMARY_CHARS = 1_024;
const KEY_CHARS = 255;
const DETAIL_CHARS = 10_000;

const dedup_key = z.string().min(1).max(KEY_CHARS);
export const pagerDutyEventSchema = z.discriminatedUnion('event_action', [
  z.strictObject({
    event_action: z.literal('trigger'),
    dedup_key,
    payload: z.strictObject({
      summary: z.string().min(1).max(SUMMARY_CHARS),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.string(),
      component: z.string(),
      class: z.string(),
      custom_details: z.record(z.string(), z.string()),
    }),
    links: z.array(z.strictObject({ href: z.string(), text: z.string() })),
    client: z.string(),
  }),
  z.strictObject({ event_action: z.literal('resolve'), dedup_key }),
]);
export type PagerDutyEvent = z.infer<typeof pagerDutyEventSchema>;

export function pagerDutyEvent(
  notice: Notice,
  page: Page,
  about: { kind: string; place: Place; at: Date },
): PagerDutyEvent {
  const { place } = about;
  // Two environments may share a service.
  const dedupKey = cut(`bruno:${place.environment}:${page.dedupKey}`, KEY_CHARS);
  if (page.action === 'resolve') return { event_action: 'resolve', dedup_key: dedupKey };
  const details: Record<string, string> = { What: cut(notice.text, DETAIL_CHARS) };
  for (const [label, value] of notice.facts) details[label] = cut(value, DETAIL_CHARS);
  return {
    event_action: 'trigger',
    dedup_key: dedupKey,
    payload: {
      summary: cut(notice.title, SUMMARY_CHARS),
      source:
        place.consoleUrl === null ? `bruno-${place.environment}` : new URL(place.consoleUrl).host,
      severity: page.severity,
      timestamp: about.at.toISOString(),
      component: 'bruno-loop',
      class: about.kind,
      custom_details: details,
    },
    links:
      place.consoleUrl === null
        ? []
        : [{ href: `${place.consoleUrl}#${notice.section}`, text: 'Console' }],
    client: 'Bruno Loop',
  };
}

export async function sendPagerDuty(
  target: { url: string; routingKey: string },
  event: PagerDutyEvent,
  nowMs: number,
): Promise<Delivery> {
  const reply = await postJson(target.url, { ...event, routing_key: target.routingKey }, nowMs);
  return 'outcome' in reply ? reply : judge(reply, reply.status === 202);
}
