/**
 * Turns the text of an option or argument into its value, or says in one sentence why it can't be.
 * Called by the commands before anything is sent. Pure.
 */
import { UsageError } from './errors.ts';
import { suggestion } from './nearest-word.ts';

/** A share of visitors: above 0, at most 1. To give a candidate nobody is to roll back. */
export function parseShare(text: string, source: string): number {
  const share = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (share > 0 && share <= 1) return share;
  const wholePercent = /^(\d+|\d+\.\d+(?=\s*%))\s*%?$/.exec(text)?.[1];
  const meant = wholePercent === undefined ? Number.NaN : Number(wholePercent) / 100;
  const hint = meant > 0 && meant <= 1 ? `, did you mean ${meant}` : '';
  throw new UsageError(`${source} must be a share above 0 and at most 1, not "${text}"${hint}`);
}

/** Seconds within bounds, or the fallback when the option was not given. */
export function parseSeconds(
  source: string,
  text: string | undefined,
  bounds: { readonly fallback: number; readonly least: number; readonly most: number },
): number {
  if (text === undefined) return bounds.fallback;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= bounds.least && seconds <= bounds.most) return seconds;
  throw new UsageError(
    `${source} must be a number of seconds from ${bounds.least} to ${bounds.most}, not "${text}"`,
  );
}

/** An ISO week as the loop names it: 2026-w42. */
export function parseWeek(text: string): string {
  const week = text.toLowerCase();
  if (/^\d{4}-w(0[1-9]|[1-4]\d|5[0-3])$/.test(week)) return week;
  throw new UsageError(`--week must be a year and an ISO week such as 2026-w42, not "${text}"`);
}

/** One of a fixed set of words. */
export function parseChoice<Word extends string>(
  text: string,
  words: readonly Word[],
  source: string,
): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `${source} must be one of ${words.join(', ')}, not "${text}"${suggestion(text, words)}`,
  );
}

export function parseRequestId(text: string): string {
  const id = text.toLowerCase();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new UsageError(`--request-id must be a UUID, not "${text}"`);
}

/** An id that goes into a path: dots alone would climb out of it. */
export function parseId(text: string, source: string): string {
  if (text.trim() !== '' && text !== '.' && text !== '..' && text.length <= 256) return text;
  throw new UsageError(
    `${source} must be an id of 1 to 256 characters, not "${text.slice(0, 40)}"`,
  );
}

/** Words with commas between, each of a fixed set, none twice. */
export function parseChoices<Word extends string>(
  text: string,
  words: readonly Word[],
  source: string,
): Word[] {
  return [...new Set(text.split(',').map((word) => parseChoice(word.trim(), words, source)))];
}

/** When a key ends: in so many days, or at the end of a day or a moment in UTC. */
export function parseExpiry(text: string): { expires_in_days: number } | { expires_at: string } {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  if (days !== undefined && Number(days) >= 1 && Number(days) <= 3650) {
    return { expires_in_days: Number(days) };
  }
  const moment = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text;
  const isWhole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(
    moment,
  );
  // A day that there is not, such as the 30th of February, is moved on by Date and so found out.
  const day = new Date(`${moment.slice(0, 10)}T00:00:00Z`);
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(moment.slice(0, 10));
  if (isWhole && exists && !Number.isNaN(Date.parse(moment))) {
    return { expires_at: new Date(moment).toISOString() };
  }
  throw new UsageError(
    `--expires must be 1d to 3650d, a day such as 2027-01-31 or a moment such as 2027-01-31T12:00:00Z, not "${text}"`,
  );
}

/** A sentence for the record: not blank. */
export function parseText(text: string, source: string): string {
  const trimmed = text.trim();
  if (trimmed !== '' && trimmed.length <= 2000) return trimmed;
  throw new UsageError(`${source} must be a text of 1 to 2000 characters`);
}

/** A whole number within bounds. */
export function parseCount(
  text: string,
  source: string,
  bounds: { readonly least: number; readonly most: number },
): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.least && value <= bounds.most) return value;
  throw new UsageError(
    `${source} must be a whole number from ${bounds.least} to ${bounds.most}, not "${text}"`,
  );
}

/** A time with its zone: without one, people in two places would mean two times. */
export function parseInstant(text: string, source: string): string {
  const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
  if (shape.test(text) && !Number.isNaN(Date.parse(text))) return text;
  const near = `${text.replace(' ', 'T')}${/(Z|[+-]\d{2}:\d{2})$/.test(text) ? '' : 'Z'}`;
  const hint = shape.test(near) && !Number.isNaN(Date.parse(near)) ? `, did you mean ${near}` : '';
  throw new UsageError(
    `${source} must be a time with its zone such as 2026-11-03T10:00Z, not "${text}"${hint}`,
  );
}
