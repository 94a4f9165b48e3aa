// Holding a slice out: which model its visitors get this week, and why. Decided at every sweep from what
// the record says was production some weeks before this week began, so that it advances by itself and
// two sweeps of a week decide the same. The routing table holds what was decided. No IO, no clock.

import { type CurationWindow, parseWeekId, weekId } from './calendar.ts';
import type { Holdout } from './routing.ts';

const WEEK_MS = 7 * 86_400_000;
/** A model that failed while production answered is left alone for so long. */
export const REST_MS = 86_400_000;

export interface HoldoutSettings {
  enabled: boolean;
  share: number;
  weeks: number;
}

/** A change of production, oldest first where there are several. */
export interface ProductionChange {
  atMs: number;
  from: string;
  to: string;
  /** It went back, by hand or by itself. */
  isRollback: boolean;
}

/** By the number of weeks, because another one measures something else. */
export const holdoutId = (weeks: number): string => `holdout-${weeks}w`;
export const isHoldoutId = (id: string): boolean => /^holdout-\d+w$/.test(id);

export function stratumOfWeek(id: string): number {
  const { year, week } = parseWeekId(id);
  return year * 100 + week;
}

export const weekOfStratum = (stratum: number): string =>
  weekId({ year: Math.floor(stratum / 100), week: stratum % 100 });

/** The moment whose production the week's held-out visitors get. */
export const heldFrom = (week: Pick<CurationWindow, 'startMs'>, weeks: number): number =>
  week.startMs - weeks * WEEK_MS;

export interface Past {
  /** All there were from the newest at or before the moment on. */
  changes: readonly ProductionChange[];
  production: string;
  /** When the first answer was given; null before it. */
  firstAnswerMs: number | null;
}

/** Null where nobody was answered yet. */
export function productionAt({ changes, production, firstAnswerMs }: Past, atMs: number) {
  const before = changes.findLast((change) => change.atMs <= atMs);
  if (before !== undefined) return before.to;
  if (firstAnswerMs === null || firstAnswerMs > atMs) return null;
  return changes[0]?.from ?? production;
}

/** Every production since then, that moment's too: what the coming weeks will hold out. */
export function productionsSince(past: Past, atMs: number): Set<string> {
  const first = productionAt(past, atMs);
  const later = past.changes.filter((change) => change.atMs > atMs).map(({ to }) => to);
  return new Set([...(first === null ? [] : [first]), ...later]);
}

/** What the registry says against a model. */
export interface Standing {
  refused: boolean;
  /** It learned from somebody since erased. */
  flagged: boolean;
  prunedAtMs: number | null;
}

export interface HoldoutFacts {
  nowMs: number;
  week: CurationWindow;
  past: Past;
  /** Of the model that was production then; null where the registry knows no such model. */
  standing: Standing | null;
  /** What the model server has; null while it doesn't say. */
  ready: readonly string[] | null;
  /** What the routing table holds. */
  held: Holdout | undefined;
}

/** What the table is to hold; null for nothing. */
export function decideHoldout(settings: HoldoutSettings, facts: HoldoutFacts): Holdout | null {
  if (!settings.enabled) return null;
  const { held, week, nowMs } = facts;
  const resting = held?.resting != null && held.resting.untilMs > nowMs ? held.resting : null;
  return {
    id: holdoutId(settings.weeks),
    shareBp: Math.round(settings.share * 10_000),
    stratum: stratumOfWeek(week.id),
    resting,
    ...chosen(settings, facts, resting),
  };
}

function chosen(
  { weeks }: HoldoutSettings,
  { week, past, standing, ready, held }: HoldoutFacts,
  resting: Holdout['resting'],
): Pick<Holdout, 'model' | 'reason'> {
  const atMs = heldFrom(week, weeks);
  const day = dayOf(atMs);
  const model = productionAt(past, atMs);
  if (model === null) return withheld(`nothing was in production on ${day}`);
  const unfit = unfitness(model, past, standing);
  if (unfit !== null) return withheld(`${model}, production on ${day}, ${unfit}`);
  // Production itself is there, or nobody is answered at all.
  if (model === past.production) {
    return { model, reason: `production on ${day} and still, so there is nothing to compare` };
  }
  if (resting?.model === model) return withheld(held?.reason ?? `${model} failed`);
  if (ready === null) {
    // Nothing was learned: what this week was told stays.
    if (held?.stratum === stratumOfWeek(week.id)) return { model: held.model, reason: held.reason };
    return withheld(`the model server does not say whether it has ${model}, production on ${day}`);
  }
  if (!ready.includes(model)) {
    return withheld(`${model}, production on ${day}, is not at the model server`);
  }
  return { model, reason: `production on ${day}, for ${week.id}` };
}

const withheld = (reason: string) => ({ model: null, reason });

/** Why it must serve nobody; null where nothing is against it. */
function unfitness(model: string, past: Past, standing: Standing | null): string | null {
  if (standing === null) return 'is not in the registry';
  if (standing.refused) return 'was refused by its gate';
  if (standing.flagged) return 'learned from somebody who was erased since';
  if (standing.prunedAtMs !== null) return `lost its files on ${dayOf(standing.prunedAtMs)}`;
  if (model === past.production) return null;
  const back = past.changes.findLast(({ isRollback, from }) => isRollback && from === model);
  return back === undefined ? null : `was rolled back on ${dayOf(back.atMs)}`;
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Whether the table has to change: what is said of it is part of it. */
export function differs(held: Holdout | undefined, wanted: Holdout | null): boolean {
  if (held === undefined || wanted === null) return held !== undefined || wanted !== null;
  return (
    held.id !== wanted.id ||
    held.shareBp !== wanted.shareBp ||
    held.stratum !== wanted.stratum ||
    held.model !== wanted.model ||
    held.reason !== wanted.reason ||
    (held.resting === null) !== (wanted.resting === null)
  );
}
