// Which channels are on, from the environment. Read apart from the other settings and never thrown: a
// wrong webhook must not take the service down with it. It is said by `bruno doctor` instead.

import { z } from 'zod';
import type { Place } from '../../adapters/notify/slack.ts';
import type { Channel } from '../../adapters/postgres/notifications.ts';
import type { Env } from '../../workers/env.ts';

type ChannelState<Target> =
  | { state: 'on'; target: Target }
  | { state: 'off'; needs: string }
  | { state: 'unusable'; why: string };

export interface Channels {
  slack: ChannelState<{ url: string }>;
  pagerduty: ChannelState<{ url: string; routingKey: string }>;
}

export const CHANNELS: readonly Channel[] = ['slack', 'pagerduty'];
const ENQUEUE = 'https://events.pagerduty.com/v2/enqueue';

/** On one machine plain http is allowed, for a server of one's own. */
const address = (env: Env) =>
  z.url({ protocol: env.ENVIRONMENT === 'local' ? /^https?$/ : /^https$/ });

export function channelsOf(env: Env): Channels {
  return { slack: slackOf(env), pagerduty: pagerDutyOf(env) };
}

function slackOf(env: Env): Channels['slack'] {
  const url = env.SLACK_WEBHOOK_URL ?? '';
  if (url === '') return { state: 'off', needs: 'SLACK_WEBHOOK_URL' };
  if (address(env).safeParse(url).success) return { state: 'on', target: { url } };
  return { state: 'unusable', why: 'SLACK_WEBHOOK_URL: expected an https address' };
}

function pagerDutyOf(env: Env): Channels['pagerduty'] {
  const routingKey = env.PAGERDUTY_ROUTING_KEY ?? '';
  if (routingKey === '') return { state: 'off', needs: 'PAGERDUTY_ROUTING_KEY' };
  if (!/^[A-Za-z0-9]{32}$/.test(routingKey)) {
    const why = `expected the integration key of 32 letters and digits, got ${routingKey.length} characters`;
    return { state: 'unusable', why: `PAGERDUTY_ROUTING_KEY: ${why}` };
  }
  const url = env.PAGERDUTY_EVENTS_URL || ENQUEUE;
  if (address(env).safeParse(url).success) return { state: 'on', target: { url, routingKey } };
  return { state: 'unusable', why: 'PAGERDUTY_EVENTS_URL: expected an https address' };
}

export const anyOn = (channels: Channels): boolean =>
  CHANNELS.some((channel) => channels[channel].state === 'on');

/** Where a message says it comes from, and where its link leads. */
export function placeOf(env: Env): Place {
  const url = env.PUBLIC_URL ?? '';
  const isUsable = address(env).safeParse(url).success;
  return {
    environment: env.ENVIRONMENT ?? 'unknown',
    consoleUrl: isUsable ? new URL('/console/', url).href : null,
  };
}

const DEFAULT_MINUTES = 15;

/** How long no agent may be seen while a job waits. */
export function silentMinutes(env: Env): number {
  const parsed = z.coerce.number().int().min(5).max(1440).safeParse(env.AGENT_SILENT_MINUTES);
  return parsed.success ? parsed.data : DEFAULT_MINUTES;
}
