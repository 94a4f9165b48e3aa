// The sums that decide an experiment: what one visitor adds to them, and the difference that a change of
// theirs makes. Integers only, so that sums kept by differences equal sums made at once. Called by
// adapters/postgres/experiment-sums.ts; the statistics read the result. Pure.

import type { GUARDED, Latency } from './latency.ts';

export const METRICS = [
  'error',
  'thumbs_up',
  'slow_first_token',
  'slow_output_token',
  'hallucination',
] as const;
/** Kept beside the metrics: answers of people who are in no sum, counted and nothing else. */
export const LEFT_OUT = 'left_out';
export type Metric = (typeof METRICS)[number];

/** Where in an experiment: which control, at which share, in which arm. */
export interface Cell {
  stratum: number;
  shareBp: number;
  arm: 'control' | 'treatment';
}

/** What one visitor gave to a metric in a cell: n exposures, y events. */
export interface VisitorPair extends Cell {
  metric: Metric | typeof LEFT_OUT;
  n: number;
  y: number;
}

type TotalKey = Pick<VisitorPair, keyof Cell | 'metric'>;
type MomentKey = { metric: Metric; a: Cell; b: Cell };
type ArmUsersKey = Pick<TotalKey, 'metric' | 'stratum' | 'arm'>;
/** `lastShareBp`: the stage of the control they were last seen at; null if never seen. */
type AppearanceKey = Cell & { lastShareBp: number | null };

type Numbers<Field extends string> = Record<Field, bigint>;
type TotalField = 'users' | 'n' | 'y';
type MomentField = 'users' | 'yy' | 'yn' | 'ny' | 'nn';

/** An experiment's sums as a look reads them. */
export interface ExperimentSums {
  experimentId: string;
  totals: (TotalKey & { metric: Metric } & Numbers<TotalField>)[];
  /** Distinct users of an arm over the stages of a stratum. */
  armUsers: (ArmUsersKey & { metric: Metric } & Numbers<'users'>)[];
  moments: (MomentKey & Numbers<MomentField>)[];
  appearances: (AppearanceKey & Numbers<'users'>)[];
  /** Visitors in no sum, because they met both arms of a stage on two devices. */
  leftOut: (Cell & Numbers<'users' | 'answers'>)[];
  histograms: (Cell & { latency: Latency; bucket: number } & Numbers<'answers'>)[];
  /** What counts as slow, once it is frozen; until then nothing is counted as slow or not. */
  thresholds: {
    latency: (typeof GUARDED)[number];
    thresholdUs: number;
    answers: number;
    countedAfterMs: number;
  }[];
}

/** Sums by key; what comes to nothing is not there. */
export class Tally<Key extends object, Field extends string> {
  private readonly held = new Map<string, { key: Key; sums: Numbers<Field> }>();
  private readonly fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.fields = fields;
  }

  add(key: Key, sums: Numbers<Field>, sign: 1n | -1n = 1n): void {
    const name = JSON.stringify(key);
    const known = this.held.get(name);
    if (known === undefined) {
      const copy = { ...sums };
      for (const field of this.fields) copy[field] = sign * sums[field];
      this.held.set(name, { key, sums: copy });
      return;
    }
    for (const field of this.fields) known.sums[field] += sign * sums[field];
  }

  rows(): (Key & Numbers<Field>)[] {
    return [...this.held]
      .filter(([, { sums }]) => this.fields.some((field) => sums[field] !== 0n))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { key, sums }]) => ({ ...key, ...sums }));
  }
}

/** The running sums of one experiment, or a difference to them. */
export class Sums {
  readonly totals = new Tally<TotalKey, TotalField>(['users', 'n', 'y']);
  /** Over pairs of cells with a not after b; the pair (b, a) has yn and ny changed about. */
  readonly moments = new Tally<MomentKey, MomentField>(['users', 'yy', 'yn', 'ny', 'nn']);
  readonly armUsers = new Tally<ArmUsersKey, 'users'>(['users']);
  readonly appearances = new Tally<AppearanceKey, 'users'>(['users']);

  /** Adds (or with -1n takes away) all that one visitor has given, in every metric. */
  visitor(pairs: readonly VisitorPair[], sign: 1n | -1n = 1n): this {
    for (const [metric, own] of Map.groupBy(pairs, (pair) => pair.metric)) {
      this.metric(metric, own.filter(({ n }) => n > 0).toSorted(byCell), sign);
    }
    const cells = pairs.filter(({ metric }) => metric === 'error');
    for (const key of appearancesOf(cells)) this.appearances.add(key, { users: 1n }, sign);
    return this;
  }

  private metric(
    metric: VisitorPair['metric'],
    pairs: readonly VisitorPair[],
    sign: 1n | -1n,
  ): void {
    for (const pair of pairs) {
      const { n, y } = whole(pair);
      this.totals.add({ metric, ...cellOf(pair) }, { users: 1n, n, y }, sign);
    }
    const arms = Map.groupBy(pairs, ({ stratum, arm }) => `${stratum} ${arm}`);
    for (const [first] of arms.values()) {
      if (first === undefined) continue;
      const { stratum, arm } = first;
      this.armUsers.add({ metric, stratum, arm }, { users: 1n }, sign);
    }
    if (metric === LEFT_OUT) return;
    for (const [index, one] of pairs.entries()) {
      for (const other of pairs.slice(index)) {
        const [a, b] = [whole(one), whole(other)];
        this.moments.add(
          { metric, a: cellOf(one), b: cellOf(other) },
          { users: 1n, yy: a.y * b.y, yn: a.y * b.n, ny: a.n * b.y, nn: a.n * b.n },
          sign,
        );
      }
    }
  }
}

const whole = ({ n, y }: VisitorPair) => ({ n: BigInt(n), y: BigInt(y) });
const cellOf = ({ stratum, shareBp, arm }: Cell): Cell => ({ stratum, shareBp, arm });

/** In the order of an experiment's life: a new control begins anew, and a share only grows. */
export function byCell(a: Cell, b: Cell): number {
  return a.stratum - b.stratum || a.shareBp - b.shareBp || (a.arm < b.arm ? -1 : 1);
}

/**
 * Which appearances of a visitor the sample-ratio test counts: the first at each stage, until they are
 * in the treatment, where they stay whatever the share.
 */
function appearancesOf(cells: readonly Cell[]): AppearanceKey[] {
  const found: AppearanceKey[] = [];
  let lastShareBp: number | null = null;
  for (const cell of cells.toSorted(byCell)) {
    found.push({ ...cellOf(cell), lastShareBp });
    if (cell.arm === 'treatment') break;
    lastShareBp = cell.shareBp;
  }
  return found;
}

/** Seen in both arms at one stage, on two devices: then nothing of them can be counted. */
export function metBothArms(cells: readonly Cell[]): boolean {
  const arms = new Map<string, Cell['arm']>();
  return cells.some(({ stratum, shareBp, arm }) => {
    const stage = `${stratum} ${shareBp}`;
    const known = arms.get(stage);
    arms.set(stage, arm);
    return known !== undefined && known !== arm;
  });
}

/** What is kept of a visitor who is left out: how many answers, and where. */
export const leftOutPairs = (answers: readonly (Cell & { answers: number })[]): VisitorPair[] =>
  answers.map((cell) => ({ ...cellOf(cell), metric: LEFT_OUT, n: cell.answers, y: 0 }));
