// Numbers and times as people read them. Pure; used all over the console. A missing value is a dash.
export const DASH = '–';

type Maybe<T> = T | null | undefined;

const WHOLE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

export function count(value: Maybe<number>): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? DASH
    : WHOLE.format(value);
}

/** `counted(1, 'answer')` is "1 answer"; `counted(2, 'answer')` is "2 answers". */
export function counted(value: Maybe<number>, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** A share from 0 to 1 as per cent; one decimal only where it tells something. */
export function percent(share: Maybe<number>): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return DASH;
  const value = share * 100;
  const digits =
    value !== 0 && Math.abs(value) < 10 && !Number.isInteger(roundTo(value, 6)) ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

/** Basis points (hundredths of a per cent) as per cent. */
export function basisPoints(bp: Maybe<number>): string {
  return bp === null || bp === undefined ? DASH : percent(bp / 10_000);
}

export function decimal(value: Maybe<number>, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? DASH
    : value.toFixed(digits);
}

/** With its sign, a real minus for negative values: "−0.120", "+0.030", "0.000". */
export function signed(value: Maybe<number>, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return value < 0 ? `−${text}` : `+${text}`;
}

/** How long ago, in the largest unit that fits. `now` is the server's clock, not the browser's. */
export function ago(at: Maybe<string>, now: string): string {
  const then = Date.parse(at ?? '');
  const seconds = Math.round((Date.parse(now) - then) / 1000);
  if (!Number.isFinite(seconds)) return DASH;
  if (seconds < -5) return `in ${duration(-seconds)}`;
  return seconds < 5 ? 'just now' : `${duration(seconds)} ago`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A short time: "0.2 s", "14 s". */
export function seconds(ms: Maybe<number>): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return DASH;
  return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
}

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});

/** In UTC, because the loop's week and its schedule are in UTC. */
export function moment(at: Maybe<string>): string {
  const time = Date.parse(at ?? '');
  return Number.isFinite(time) ? `${MOMENT.format(time)} UTC` : DASH;
}

export function day(at: Maybe<string>): string {
  const time = Date.parse(at ?? '');
  if (!Number.isFinite(time)) return DASH;
  return new Date(time).toISOString().slice(0, 10);
}

/** `factual_error` as "factual error". */
export function words(name: Maybe<string>): string {
  return name ? name.replaceAll('_', ' ') : DASH;
}

export function shortHash(hash: Maybe<string>): string {
  return hash ? hash.slice(0, 10) : DASH;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
