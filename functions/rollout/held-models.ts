// Which models the held-out slice needs now and in the weeks to come: they stay loaded, and keep their
// files. Reads only.

import type { Queryable } from '../../adapters/postgres/connect.ts';
import { productionPast } from '../../adapters/postgres/models.ts';
import { openWindow } from '../../core/calendar.ts';
import { heldFrom, productionAt, productionsSince } from '../../core/holdout.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { type Env, learningOf, now } from '../../workers/env.ts';

export const holdoutSettings = (env: Env) => learningOf(env).ab_testing.holdout;

/** What the slice has, is about to have and will have when the week ends. Empty while it is off. */
export async function heldOutSoon(db: Queryable, env: Env, table: RoutingTable): Promise<string[]> {
  const { enabled, weeks } = holdoutSettings(env);
  if (!enabled) return [];
  const week = openWindow(now(env));
  const moments = [heldFrom(week, weeks), heldFrom({ startMs: week.endMs }, weeks)];
  const [first = 0] = moments;
  const past = await productionPast(db, table.production, new Date(first));
  const models = moments.map((atMs) => productionAt(past, atMs));
  return models.filter((model) => model !== null);
}

/** Every model that the slice has or will have, as far as is known: production since its oldest moment. */
export async function heldOutEver(
  db: Queryable,
  env: Env,
  table: RoutingTable,
): Promise<Set<string>> {
  const { weeks } = holdoutSettings(env);
  const atMs = heldFrom(openWindow(now(env)), weeks);
  const past = await productionPast(db, table.production, new Date(atMs));
  const held = table.holdout?.model ?? null;
  return new Set([...productionsSince(past, atMs), ...(held === null ? [] : [held])]);
}
