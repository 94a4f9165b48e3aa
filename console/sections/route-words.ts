// A routing table in a few words. Pure; used by the routing history. A side that the server could not
// read is said to be so, never guessed.
import type { RouteTable } from '../api/schema.ts';
import { shareText, trialsOf } from './trials.ts';

export function describeRoute(table: RouteTable | null | undefined): string {
  if (!table) return 'an unreadable table';
  const tried = trialsOf(table).map((trial) => `${trial.candidate} at ${shareText(trial)}`);
  const live = answererText(table.production, table.settings);
  return tried.length === 0 ? live : `${live} with ${tried.join(' and ')}`;
}

/** A model, and what it answers under where that is not built in. */
export const answererText = (model: string, settings: RouteTable['settings']) =>
  settings ? `${model} under ${settings.id} (${settings.name})` : model;
