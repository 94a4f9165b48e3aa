// The arithmetic of a difference drawn over time: which looks are drawn, how far the scale reaches, and the
// paths of band, line and limit. Pure. Horizontally 0 to 1000, vertically the height that is given.
import { scale } from './scale.ts';

export interface SequenceLook {
  atMs: number;
  share: number;
  stratum: number;
  scale: 'ratio' | 'difference';
  estimate: number;
  lower: number;
  upper: number;
  tolerated: number;
}

export interface Mark {
  value: number;
  y: number;
}

export interface Sequence {
  fromMs: number;
  toMs: number;
  low: number;
  high: number;
  band: string;
  lowerEdge: string;
  upperEdge: string;
  estimate: string;
  tolerated: string;
  /** From the tolerance to the edge, on the side of harm. */
  harmful: string;
  zero: Mark;
  toleratedNow: Mark;
  /** Null where it has none, or where it lies too far out to be drawn. */
  ceiling: Mark | null;
  ticks: Mark[];
  /** Where the share or the control changed, in per cent of the width. */
  changes: { at: number; share: number; isAnew: boolean }[];
  /** Looks before these were on another scale and are not drawn. */
  isShortened: boolean;
}

export const SEQUENCE_WIDTH = 1_000;
/** How many times the newest reach earlier, wider bounds may claim. */
const WIDEST = 3;
/** Beyond these, or beyond this many times the difference itself, a bound is cut: it says "nobody knows". */
const FURTHEST = { ratio: 2, difference: 0.1 } as const;
const BEYOND_ESTIMATE = 1.6;
const AIR = 0.08;

interface Options {
  harmIs: 'more' | 'less';
  ceiling: number | null;
  height: number;
}

/** Null below two looks: there is no line to draw. */
export function sequenceOf(looks: readonly SequenceLook[], options: Options): Sequence | null {
  const newest = looks.at(-1);
  if (newest === undefined) return null;
  const drawn = looks.filter((look) => look.scale === newest.scale);
  const [first] = drawn;
  if (first === undefined || drawn.length < 2) return null;
  const [low, high] = reachOf(drawn, newest, options.ceiling);
  const x = scale([first.atMs, newest.atMs], [0, SEQUENCE_WIDTH]);
  const y = scale([low, high], [options.height, 0]);
  const within = (value: number) => Math.min(high, Math.max(low, value));
  const mark = (value: number): Mark => ({ value, y: y(value) });
  const segments = bySegment(drawn);
  const path = (of: (look: SequenceLook) => number) =>
    segments.map((one) => pathOf(one, (look) => [x(look.atMs), y(within(of(look)))])).join('');
  const area = (from: (look: SequenceLook) => number, to: (look: SequenceLook) => number) =>
    segments.map((one) => areaOf(one, { x: (look) => x(look.atMs), from, to })).join('');
  const edge = options.harmIs === 'more' ? 0 : options.height;
  return {
    fromMs: first.atMs,
    toMs: newest.atMs,
    low,
    high,
    band: area(
      (look) => y(within(look.upper)),
      (look) => y(within(look.lower)),
    ),
    lowerEdge: path(({ lower }) => lower),
    upperEdge: path(({ upper }) => upper),
    estimate: path(({ estimate }) => estimate),
    tolerated: path(({ tolerated }) => tolerated),
    harmful: area(
      (look) => y(within(look.tolerated)),
      () => edge,
    ),
    zero: mark(0),
    toleratedNow: mark(newest.tolerated),
    ceiling:
      options.ceiling === null || within(options.ceiling) !== options.ceiling
        ? null
        : mark(options.ceiling),
    ticks: ticksOf(low, high).map(mark),
    changes: changesOf(drawn, (look) => (x(look.atMs) / SEQUENCE_WIDTH) * 100),
    isShortened: drawn.length < looks.length,
  };
}

/**
 * Zero, what is tolerated, the newest difference and its bounds fit, if these are not endless; of the earlier
 * bounds as much as leaves the newest readable.
 */
function reachOf(
  drawn: readonly SequenceLook[],
  newest: SequenceLook,
  ceiling: number | null,
): [number, number] {
  const end = Math.max(FURTHEST[newest.scale], Math.abs(newest.estimate) * BEYOND_ESTIMATE);
  const within = (value: number) => Math.min(end, Math.max(-end, value));
  const must = [0, newest.tolerated, newest.estimate, within(newest.lower), within(newest.upper)];
  const half = (newest.upper - newest.lower) / 2;
  const later = drawn.slice(Math.floor(drawn.length / 3));
  const furthest = within(newest.estimate + WIDEST * half);
  const lowest = within(newest.estimate - WIDEST * half);
  let high = Math.max(...must, Math.min(furthest, Math.max(...later.map(({ upper }) => upper))));
  let low = Math.min(...must, Math.max(lowest, Math.min(...later.map(({ lower }) => lower))));
  const span = high - low;
  if (ceiling !== null && ceiling > high && ceiling - high < span) high = ceiling;
  if (ceiling !== null && ceiling < low && low - ceiling < span) low = ceiling;
  const air = (high - low) * AIR || 1;
  return [low - air, high + air];
}

/** A look against another control does not go on from the one before. */
function bySegment(drawn: readonly SequenceLook[]): SequenceLook[][] {
  return [...Map.groupBy(drawn, ({ stratum }) => stratum).values()];
}

const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function pathOf(
  looks: readonly SequenceLook[],
  place: (look: SequenceLook) => readonly [number, number],
): string {
  return looks.map((look, index) => `${index === 0 ? 'M' : 'L'}${at(...place(look))}`).join('');
}

interface Area {
  x: (look: SequenceLook) => number;
  from: (look: SequenceLook) => number;
  to: (look: SequenceLook) => number;
}

function areaOf(looks: readonly SequenceLook[], { x, from, to }: Area): string {
  const there = looks.map((look) => at(x(look), from(look)));
  const back = looks.toReversed().map((look) => at(x(look), to(look)));
  return `M${[...there, ...back].join('L')}Z`;
}

/** Round values, three to six of them. */
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Closer than this, in per cent of the width, the earlier name gives way. */
const ROOM = 9;

function changesOf(
  drawn: readonly SequenceLook[],
  x: (look: SequenceLook) => number,
): Sequence['changes'] {
  const all = drawn.flatMap((look, index) => {
    const before = drawn[index - 1];
    const isAnew = before !== undefined && before.stratum !== look.stratum;
    if (before !== undefined && before.share === look.share && !isAnew) return [];
    return [{ at: x(look), share: look.share, isAnew }];
  });
  return all.filter((one, index) => (all[index + 1]?.at ?? 200) - one.at >= ROOM);
}

/** At most `most` of them, evenly, with the newest: for the table beside the drawing. */
export function sampled<T>(looks: readonly T[], most: number): T[] {
  const every = Math.ceil(looks.length / most);
  return looks.filter((_, index) => (looks.length - 1 - index) % every === 0);
}
