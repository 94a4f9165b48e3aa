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
const WELL = new Set<unknown>([true, 'ok', 'up', 'healthy']);

export function healthOf({ health, now }: Pick<Status, 'health' | 'now'>): Health[] {
  return Object.entries(health ?? {}).map(([name, value]) =>
    name === 'agent_seen_at' ? agent(value, now) : part(name, value),
  );
}

function part(name: string, value: unknown): Health {
  const well = WELL.has(value);
  const told = typeof value === 'string' ? value : 'not well';
  return { name: words(name), well, says: well ? 'ok' : told };
}

function agent(seenAt: unknown, now: string): Health {
  if (typeof seenAt !== 'string') return { name: 'Mac agent', well: false, says: 'never seen' };
  const well = Date.parse(now) - Date.parse(seenAt) < AWAY_AFTER_MS;
  return { name: 'Mac agent', well, says: well ? 'ok' : `last seen ${ago(seenAt, now)}` };
}
