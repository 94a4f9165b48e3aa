// What feedback is worth. The one table of implicit signal weights lives here; every weight is
// configuration. Used by ingest (to normalise) and by curation (to score). Pure.

export const FEEDBACK_TYPES = [
  'thumbs_up',
  'thumbs_down',
  'rating',
  'correction',
  'follow_up',
  'abandonment',
] as const;
export type FeedbackType = (typeof FEEDBACK_TYPES)[number];

/** Value of one explicit event in [-1, 1]; `rating` needs stars from 1 to 5. */
export function feedbackValue(type: FeedbackType, stars?: number): number {
  switch (type) {
    case 'thumbs_up':
      return 1;
    case 'thumbs_down':
      return -1;
    case 'rating':
      if (stars === undefined || stars < 1 || stars > 5) {
        throw new RangeError(`a rating needs 1 to 5 stars, got ${stars}`);
      }
      return (stars - 3) / 2;
    case 'correction':
      return -0.5;
    case 'abandonment':
      return -0.8;
    case 'follow_up':
      return 0;
  }
}

export interface ImplicitSignals {
  copy_event?: boolean | undefined;
  citation_clicks?: number | undefined;
  read_time_seconds?: number | undefined;
  time_to_action_seconds?: number | undefined;
  reformulated?: boolean | undefined;
  follow_up_asked?: boolean | undefined;
  abandoned?: boolean | undefined;
}

export interface SignalWeights {
  reformulation: number;
  abandonment: number;
  quick_accept: number;
  copy: number;
  citation_click: number;
  thorough_read: number;
  follow_up: number;
  quick_accept_seconds: number;
  thorough_read_share: number;
  words_per_minute: number;
}

export const DEFAULT_SIGNAL_WEIGHTS: SignalWeights = {
  reformulation: -0.5,
  abandonment: -0.8,
  quick_accept: 0.6,
  copy: 0.4,
  citation_click: 0.3,
  thorough_read: 0.5,
  follow_up: 0.3,
  quick_accept_seconds: 3,
  thorough_read_share: 0.8,
  words_per_minute: 230,
};

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));

/** In view for most of the time that reading it takes. */
export function readThoroughly(
  signals: ImplicitSignals,
  responseWords: number,
  weights: SignalWeights = DEFAULT_SIGNAL_WEIGHTS,
): boolean {
  if (signals.read_time_seconds === undefined || responseWords === 0) return false;
  const expectedSeconds = (responseWords / weights.words_per_minute) * 60;
  return signals.read_time_seconds >= weights.thorough_read_share * expectedSeconds;
}

/**
 * Sum of the weights of the signals that came, clamped to [-1, 1].
 * Undefined when no signal came at all, which is not the same as a sum of zero.
 * The words-per-minute default is the mean silent reading rate for English non-fiction,
 * 238, rounded down (Brysbaert 2019, doi:10.1016/j.jml.2019.104047).
 */
export function implicitScore(
  signals: ImplicitSignals,
  responseWords: number,
  weights: SignalWeights = DEFAULT_SIGNAL_WEIGHTS,
): number | undefined {
  const read = readThoroughly(signals, responseWords, weights);
  const quick =
    signals.time_to_action_seconds !== undefined &&
    signals.time_to_action_seconds < weights.quick_accept_seconds;
  const clicks = signals.citation_clicks ?? 0;
  const parts: [boolean, number][] = [
    [signals.reformulated === true, weights.reformulation],
    [signals.abandoned === true, weights.abandonment],
    [quick, weights.quick_accept],
    [signals.copy_event === true, weights.copy],
    [clicks > 0, weights.citation_click * clicks],
    [read, weights.thorough_read],
    [signals.follow_up_asked === true, weights.follow_up],
  ];
  const present = parts.filter(([came]) => came);
  if (present.length === 0) return undefined;
  return clamp(
    present.reduce((sum, [, weight]) => sum + weight, 0),
    -1,
    1,
  );
}

export interface ExplicitEvent {
  type: FeedbackType;
  value: number;
  atMs: number;
  receivedMs: number;
  eventId: string;
}

/** A thumb up and a thumb down are one kind: the later replaces the earlier. */
export const voteKind = (type: string) =>
  type === 'thumbs_up' || type === 'thumbs_down' ? 'thumb' : type;

/**
 * Of one visitor's votes on one answer the standing ones: the latest of each kind. The view
 * standing_votes says the same in SQL.
 */
export function standingVotes<Vote extends Timed & { type: string }>(
  votes: readonly Vote[],
): Vote[] {
  const latest = new Map<string, Vote>();
  for (const vote of votes) {
    const kind = voteKind(vote.type);
    const known = latest.get(kind);
    if (known === undefined || latestFirst(vote, known) < 0) latest.set(kind, vote);
  }
  return [...latest.values()];
}

interface Timed {
  /** When it was said, as far as the visitor's clock can be believed. */
  atMs: number;
  /** When the server had it. */
  receivedMs: number;
  eventId: string;
}

/**
 * Sorts the latest first. From a slow clock every vote on an answer has the same time, the answer's: then
 * the one received later is. The event id breaks what tie is left, so that replayed queues agree.
 */
export const latestFirst = (a: Timed, b: Timed) =>
  b.atMs - a.atMs ||
  b.receivedMs - a.receivedMs ||
  Number(b.eventId > a.eventId) - Number(b.eventId < a.eventId);

/**
 * The one explicit value of an answer: the correction's if there is one, else the latest thumb or
 * rating. Undefined without any.
 */
export function explicitValue(events: readonly ExplicitEvent[]): number | undefined {
  const standing = standingVotes(events).toSorted(latestFirst);
  const latest = (wanted: readonly FeedbackType[]) =>
    standing.find((event) => wanted.includes(event.type));
  return (latest(['correction']) ?? latest(['thumbs_up', 'thumbs_down', 'rating']))?.value;
}
