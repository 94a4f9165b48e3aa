// Slack's incoming webhooks and PagerDuty's Events API v2 as a local server that keeps to their
// documented rules, for both sides of which see adapters/notify/. What breaks a rule is refused as
// they refuse it; a test may ask for trouble first, and read what was accepted.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const SLACK_PATH = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
const ROUTING_KEY = 'R0123456789abcdef0123456789abcde';

const plainText = (max: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(max),
    emoji: z.boolean().optional(),
  });
/** Outside of links and mentions, no bare angle bracket and no bare ampersand. */
const isEscaped = (text: string) =>
  !/[<>]/.test(text.replaceAll(/<(https?:\/\/[^<>|]+)(\|[^<>]+)?>/g, '')) &&
  !/&(?!amp;|lt;|gt;)/.test(text);
const mrkdwn = (max: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(max).refine(isEscaped, 'not escaped'),
  });
const text = (max: number) => z.union([plainText(max), mrkdwn(max)]);
const block_id = z.string().max(255).optional();
const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), block_id, text: plainText(150) }),
  z
    .strictObject({
      type: z.literal('section'),
      block_id,
      text: text(3000).optional(),
      fields: z.array(text(2000)).min(1).max(10).optional(),
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined),
  z.strictObject({
    type: z.literal('context'),
    block_id,
    elements: z.array(text(2000)).min(1).max(10),
  }),
  z.strictObject({ type: z.literal('divider'), block_id }),
]);
const slackMessage = z
  .strictObject({
    text: z.string().max(40_000).optional(),
    blocks: z.array(block).max(50).optional(),
  })
  .refine((message) => message.text !== undefined || message.blocks !== undefined);

const envelope = {
  routing_key: z.string(),
  dedup_key: z.string().max(255).optional(),
  client: z.string().optional(),
  client_url: z.string().optional(),
  links: z.array(z.strictObject({ href: z.url(), text: z.string().optional() })).optional(),
  images: z.array(z.looseObject({ src: z.url() })).optional(),
};
const pagerDutyEvent = z.discriminatedUnion('event_action', [
  z.strictObject({
    ...envelope,
    event_action: z.literal('trigger'),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
  z.strictObject({
    ...envelope,
    event_action: z.enum(['acknowledge', 'resolve']),
    dedup_key: z.string().min(1).max(255),
  }),
]);

const troubleSchema = z.union([
  z.enum(['hang', 'cut']),
  z.strictObject({
    status: z.number(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.string().optional(),
  }),
]);
type Trouble = z.infer<typeof troubleSchema>;

interface Side {
  accepted: unknown[];
  refused: string[];
  /** Answered first, one a request. */
  troubles: Trouble[];
  lastAt: number;
}
const freshSide = (): Side => ({ accepted: [], refused: [], troubles: [], lastAt: 0 });

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}

const isJson = (request: IncomingMessage) =>
  request.headers['content-type']?.split(';')[0]?.trim() === 'application/json';

/** True when the side had trouble, which is then its answer. */
function troubled(side: Side, response: ServerResponse): boolean {
  const trouble = side.troubles.shift();
  if (trouble === undefined) return false;
  if (trouble === 'cut') response.destroy();
  else if (trouble !== 'hang') {
    response.writeHead(trouble.status, trouble.headers ?? {}).end(trouble.body ?? '');
  }
  return true;
}

/** The word that Slack refuses it with, or undefined. */
function slackRefusal(
  side: Side,
  request: IncomingMessage,
  body: Buffer,
): { status: number; word: string } | undefined {
  if (request.url !== SLACK_PATH) return { status: 404, word: 'no_service' };
  if (request.method !== 'POST') return { status: 405, word: 'method_not_allowed' };
  const sinceMs = Date.now() - side.lastAt;
  side.lastAt = Date.now();
  // Slack asks for one a second and bears short bursts: twice that pace is no delay on the way.
  if (sinceMs < 500) return { status: 429, word: 'rate_limited' };
  const message = slackMessage.safeParse(parsed(body));
  if (!isJson(request) || !message.success) return { status: 400, word: 'invalid_payload' };
  side.accepted.push(message.data);
  return undefined;
}

function slack(side: Side, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const refused = slackRefusal(side, request, body);
  if (refused !== undefined) side.refused.push(refused.word);
  if (refused?.status === 429) response.setHeader('retry-after', '1');
  response.writeHead(refused?.status ?? 200, { 'content-type': 'text/html' });
  response.end(refused?.word ?? 'ok');
}

function pagerDutyRefusal(request: IncomingMessage, body: Buffer): string | undefined {
  if (request.method !== 'POST' || !isJson(request)) return 'expected JSON by POST';
  const event = pagerDutyEvent.safeParse(parsed(body));
  if (!event.success) return event.error.issues[0]?.message ?? 'invalid';
  if (event.data.routing_key.length !== 32) return "Length of 'routing_key' is incorrect";
  return event.data.routing_key === ROUTING_KEY ? undefined : 'unknown routing_key';
}

function pagerDuty(side: Side, request: IncomingMessage, body: Buffer, response: ServerResponse) {
  const tooLarge = body.byteLength > 512 * 1024;
  const refused = tooLarge ? 'too large' : pagerDutyRefusal(request, body);
  if (refused !== undefined) {
    side.refused.push(refused);
    response.writeHead(tooLarge ? 413 : 400, { 'content-type': 'application/json' });
    const message = 'Event object is invalid';
    response.end(JSON.stringify({ status: 'invalid event', message, errors: [refused] }));
    return;
  }
  const { routing_key: _secret, ...event } = pagerDutyEvent.parse(parsed(body));
  side.accepted.push(event);
  const dedup_key = event.dedup_key ?? crypto.randomUUID();
  response.writeHead(202, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status: 'success', message: 'Event processed', dedup_key }));
}

export async function startNotifyServer() {
  let sides = { slack: freshSide(), pagerduty: freshSide() };
  const sideOf = (name: string | undefined) => (name === 'slack' ? sides.slack : sides.pagerduty);
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const [, test, what, name] = (request.url ?? '').split('/');
      if (test === 'test' && what === 'reset') {
        sides = { slack: freshSide(), pagerduty: freshSide() };
        response.end('{}');
      } else if (test === 'test' && what === 'seen') {
        response.end(JSON.stringify(sideOf(name)));
      } else if (test === 'test' && what === 'trouble') {
        sideOf(name).troubles = z.array(troubleSchema).parse(parsed(body));
        response.end('{}');
      } else if (request.url === '/v2/enqueue') {
        if (!troubled(sides.pagerduty, response))
          pagerDuty(sides.pagerduty, request, body, response);
      } else if (!troubled(sides.slack, response)) {
        slack(sides.slack, request, body, response);
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    slackWebhookUrl: `${url}${SLACK_PATH}`,
    pagerDutyUrl: `${url}/v2/enqueue`,
    routingKey: ROUTING_KEY,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
