// Weeks, curation windows and the names made from them. A window is the seven days up to Sunday
// 02:00 UTC and is named by the ISO week of its Saturday, the last full day in it.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-04T02:00Z, the first Sunday 02:00 of the epoch. */
const FIRST_CUT_MS = 3 * DAY_MS + 2 * HOUR_MS;
const DIGEST_HOUR = 6;
const WEEK_ID = /^(\d{4})-w(\d{2})$/;

export interface IsoWeek {
  year: number;
  week: number;
}

export interface CurationWindow {
  id: string;
  startMs: number;
  endMs: number;
}

/** ISO 8601 week of the UTC day that contains `ms`. */
export function isoWeek(ms: number): IsoWeek {
  const day = new Date(ms);
  const weekday = day.getUTCDay() || 7;
  const thursday = Date.UTC(
    day.getUTCFullYear(),
    day.getUTCMonth(),
    day.getUTCDate() + 4 - weekday,
  );
  const year = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1)) / WEEK_MS) + 1;
  return { year, week };
}

export function weekId({ year, week }: IsoWeek): string {
  return `${year}-w${String(week).padStart(2, '0')}`;
}

/** Throws RangeError for anything but an existing ISO week such as `2026-w42`. */
export function parseWeekId(id: string): IsoWeek {
  const match = WEEK_ID.exec(id);
  const year = Number(match?.[1]);
  const week = Number(match?.[2]);
  const exists = match !== null && week >= 1 && week <= isoWeek(Date.UTC(year, 11, 28)).week;
  if (!exists) throw new RangeError(`expected an ISO week such as 2026-w42, got "${id}"`);
  return { year, week };
}

function windowEndingAt(endMs: number): CurationWindow {
  const saturday = endMs - 2 * HOUR_MS - DAY_MS;
  return { id: weekId(isoWeek(saturday)), startMs: endMs - WEEK_MS, endMs };
}

/** The newest window that has already ended at `now`. */
export function lastClosedWindow(now: number): CurationWindow {
  return windowEndingAt(now - ((((now - FIRST_CUT_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS));
}

/** The newest `count` windows that have ended at `now`, oldest first. */
export function closedWindows(now: number, count: number): CurationWindow[] {
  const { endMs } = lastClosedWindow(now);
  return Array.from({ length: count }, (_, index) =>
    windowEndingAt(endMs - (count - 1 - index) * WEEK_MS),
  );
}

/** The window that `now` lies in; it ends in the future. */
export function openWindow(now: number): CurationWindow {
  return windowEndingAt(lastClosedWindow(now).endMs + WEEK_MS);
}

export interface DigestWeek extends CurationWindow {
  /** It is Monday, and not a later day that makes up for one. */
  onMonday: boolean;
}

/** The ISO week, Monday to Monday UTC, that a digest is due about: from Monday 06:00 on. */
export function digestWeek(now: number): DigestWeek | undefined {
  const day = Math.floor(now / DAY_MS) * DAY_MS;
  const monday = day - ((new Date(day).getUTCDay() || 7) - 1) * DAY_MS;
  if (now < monday + DIGEST_HOUR * HOUR_MS) return undefined;
  const startMs = monday - WEEK_MS;
  return { id: weekId(isoWeek(startMs)), startMs, endMs: monday, onMonday: day === monday };
}

export function windowOfWeek(id: string): CurationWindow {
  const { year, week } = parseWeekId(id);
  const fourth = Date.UTC(year, 0, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() || 7) - 1) * DAY_MS + (week - 1) * WEEK_MS;
  return windowEndingAt(monday + 6 * DAY_MS + 2 * HOUR_MS);
}

export interface ModelNames {
  id: string;
  display: string;
  tags: string[];
}

/** `2026-w42.1`, shown as `v1.42.1`; tags as the model server knows them. */
export function modelNames(week: string, iteration: number, name: string): ModelNames {
  const parsed = parseWeekId(week);
  const id = `${week}.${iteration}`;
  return {
    id,
    display: `v1.${parsed.week}.${iteration}`,
    tags: [`${name}:${id}`, `${name}:week-${String(parsed.week).padStart(2, '0')}`],
  };
}

export const CRON = { tick: '*/15 * * * *', weekly: '0 2 * * SUN' } as const;
const TICK_MS = 15 * 60_000;

export interface DueCron {
  cron: (typeof CRON)[keyof typeof CRON];
  atMs: number;
}

/** Every cron instant in (fromMs, toMs], oldest first; the weekly one after its own tick. */
export function cronsDue(fromMs: number, toMs: number): DueCron[] {
  const due: DueCron[] = [];
  for (let at = (Math.floor(fromMs / TICK_MS) + 1) * TICK_MS; at <= toMs; at += TICK_MS) {
    due.push({ cron: CRON.tick, atMs: at });
    if ((at - FIRST_CUT_MS) % WEEK_MS === 0) due.push({ cron: CRON.weekly, atMs: at });
  }
  return due;
}
