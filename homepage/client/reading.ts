// What a visitor does with one answer, from its last word to the next question or the end of the
// visit. Pure: the page reports events with their times; out come the signals to send, once.
// Weighs nothing: how much a copy or a long read counts is decided by the server's curation.
import type { Signals } from './wire.ts';

export interface Reading {
  shownAtMs: number;
  words: number;
  visibleSinceMs: number | null;
  visibleMs: number;
  copied: boolean;
  citationClicks: number;
  voted: boolean;
  firstActionAtMs: number | null;
}

export type ReadingEvent =
  | { type: 'shown'; atMs: number }
  | { type: 'hidden'; atMs: number }
  | { type: 'copied'; atMs: number }
  | { type: 'citation'; atMs: number }
  | { type: 'voted'; atMs: number; positive: boolean };

export type Ending =
  | { type: 'left' }
  | { type: 'asked'; before: string; next: string }
  /** The visitor stopped the answer and asks for it once more: no praise, and no blame either. */
  | { type: 'again' };

// Silent reading of English prose: 238 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047).
const WORDS_PER_SECOND = 238 / 60;
const ADEQUATE_SHARE = 0.8;
// The server takes no more: a tab left open for days is no longer being read.
const LONGEST_SECONDS = 86_400;
const MOST_CLICKS = 100;

export function startReading(text: string, atMs: number, visible: boolean): Reading {
  return {
    shownAtMs: atMs,
    words: countWords(text),
    visibleSinceMs: visible ? atMs : null,
    visibleMs: 0,
    copied: false,
    citationClicks: 0,
    voted: false,
    firstActionAtMs: null,
  };
}

export function advance(reading: Reading, event: ReadingEvent): Reading {
  const acted = { firstActionAtMs: reading.firstActionAtMs ?? event.atMs };
  switch (event.type) {
    case 'shown':
      return { ...reading, visibleSinceMs: reading.visibleSinceMs ?? event.atMs };
    case 'hidden':
      return { ...reading, visibleSinceMs: null, visibleMs: visibleUntil(reading, event.atMs) };
    case 'copied':
      return { ...reading, ...acted, copied: true };
    case 'citation':
      return { ...reading, ...acted, citationClicks: reading.citationClicks + 1 };
    case 'voted':
      // Only an accepting act is a quick accept; a fast thumbs-down is the opposite.
      return { ...reading, voted: true, ...(event.positive ? acted : {}) };
    default:
      return event satisfies never;
  }
}

/** The signals of a finished reading. Only what happened is named; seconds have one decimal. */
export function signalsOf(reading: Reading, ending: Ending, atMs: number): Signals {
  const readSeconds = visibleUntil(reading, atMs) / 1000;
  const signals: Signals = { read_time_seconds: oneDecimal(readSeconds) };
  if (reading.copied) signals.copy_event = true;
  if (reading.citationClicks > 0) {
    signals.citation_clicks = Math.min(reading.citationClicks, MOST_CLICKS);
  }
  if (reading.firstActionAtMs !== null) {
    const seconds = Math.max(0, reading.firstActionAtMs - reading.shownAtMs) / 1000;
    signals.time_to_action_seconds = oneDecimal(seconds);
  }
  if (ending.type === 'again') return signals;
  if (ending.type === 'asked') {
    if (isReformulation(ending.before, ending.next)) signals.reformulated = true;
    else signals.follow_up_asked = true;
    return signals;
  }
  const used = reading.copied || reading.citationClicks > 0 || reading.voted;
  const adequate = readSeconds >= ADEQUATE_SHARE * expectedReadSeconds(reading.words);
  if (!used && !adequate) signals.abandoned = true;
  return signals;
}

export function expectedReadSeconds(words: number): number {
  return words / WORDS_PER_SECOND;
}

export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu)?.length ?? 0;
}

/** The same question in other words: most of the telling words of both are shared. */
export function isReformulation(before: string, next: string): boolean {
  const a = tellingWords(before);
  const b = tellingWords(next);
  if (a.size === 0 || b.size === 0) return false;
  const shared = [...a].filter((word) => b.has(word)).length;
  return shared / (a.size + b.size - shared) >= 0.6;
}

const PLAIN = new Set(
  'a an and are can could do does for how i in is it my of on or please should tell the to was what when where which who why with would you your'.split(
    ' ',
  ),
);

function tellingWords(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !PLAIN.has(word)));
}

function visibleUntil(reading: Reading, atMs: number): number {
  const open = reading.visibleSinceMs === null ? 0 : Math.max(0, atMs - reading.visibleSinceMs);
  return reading.visibleMs + open;
}

function oneDecimal(seconds: number): number {
  return Math.round(Math.min(seconds, LONGEST_SECONDS) * 10) / 10;
}
