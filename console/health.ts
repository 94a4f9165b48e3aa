// The health of the loop's parts in words. Pure. A part that is not told counts as not known, never as
// well; an agent that was not seen for a minute is away.
import type { Status } from './api/schema.ts';
import { ago, words } from './format.ts';

export interface Health {
  name: string;
  well: boolean;
  says: string;
}

const AWAY_AFTER_MS = 60_000;

export function healthOf({ health, now }: Pick<Status, 'health' | 'now'>): Health[] {
  if (!health) return [];
  const { agent_seen_at: seenAt, ...parts } = health;
  return [
    ...Object.entries(parts).map(([name, value]) => part(name, value === true)),
    agent(seenAt, now),
  ];
}

function part(name: string, well: boolean): Health {
  return { name: words(name), well, says: well ? 'ok' : 'not well' };
}

function agent(seenAt: string | null | undefined, now: string): Health {
  if (!seenAt) return { name: 'Mac agent', well: false, says: 'never seen' };
  const well = Date.parse(now) - Date.parse(seenAt) < AWAY_AFTER_MS;
  return { name: 'Mac agent', well, says: well ? 'ok' : `last seen ${ago(seenAt, now)}` };
}
