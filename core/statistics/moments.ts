// The running sums an experiment's metric needs, and how an event changes them. For user i the pair
// (n, y) in a cell (stage and arm) is exposures and events; a cell keeps their sums, a pair of cells
// the sums of products over users who are in both, because people cross from control to treatment as
// its share grows. Everything in core/statistics is computed from these; no user is kept here.

import { isSum, type NotEnough, notEnough } from './not-enough.ts';

export const ARMS = ['control', 'treatment'] as const;
export type Arm = (typeof ARMS)[number];

export interface CellKey {
  /** Stage of the rollout, or stage and stratum where production changed: compared together only. */
  stage: string;
  arm: Arm;
}

/** What one user has in one cell, or what is added to it. Counts. */
export interface UserCell extends CellKey {
  n: number;
  y: number;
}

export interface Cell extends UserCell {
  /** Users with at least one row in this cell. */
  users: number;
}

/** Sums over users of products between a first and a second cell (the same one: second moments). */
export interface CrossMoment {
  /** Σ y_first·y_second */
  yy: number;
  /** Σ y_first·n_second */
  yn: number;
  /** Σ n_first·y_second */
  ny: number;
  /** Σ n_first·n_second */
  nn: number;
}

export interface Moments {
  /**
   * Different users seen in each arm, over all stages. Who keeps users by cell only may give the largest
   * cell of the arm, which is a lower bound and so errs towards waiting.
   */
  users: Record<Arm, number>;
  cells: Cell[];
  /** Cells first ≤ second, by their place in `cells`, at `second·(second + 1)/2 + first`. */
  cross: CrossMoment[];
}

export const emptyMoments = (): Moments => ({
  users: { control: 0, treatment: 0 },
  cells: [],
  cross: [],
});

const place = (first: number, second: number) =>
  first <= second ? (second * (second + 1)) / 2 + first : (first * (first + 1)) / 2 + second;

const sameCell = (a: CellKey, b: CellKey) => a.arm === b.arm && a.stage === b.stage;

function cellIndex(moments: Moments, key: CellKey): number {
  const { cells } = moments;
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at];
    if (cell !== undefined && sameCell(cell, key)) return at;
  }
  moments.cells.push({ stage: key.stage, arm: key.arm, users: 0, n: 0, y: 0 });
  for (let first = 0; first < moments.cells.length; first += 1) {
    moments.cross.push({ yy: 0, yn: 0, ny: 0, nn: 0 });
  }
  return moments.cells.length - 1;
}

/** The products between two cells, in the order asked for. Zeros where nobody is in both. */
export function crossOf(moments: Moments, first: number, second: number): CrossMoment {
  const kept = moments.cross[place(first, second)] ?? { yy: 0, yn: 0, ny: 0, nn: 0 };
  return first <= second ? kept : { ...kept, yn: kept.ny, ny: kept.yn };
}

/**
 * Adds what one user did to the sums, in place, in O(cells of this user), and returns the user's
 * standing after it. `standing` is what the same user had before, each cell once. `change` may be
 * negative to take something back. Whole numbers stay exact up to 2^53.
 */
export function addChange(
  moments: Moments,
  standing: readonly UserCell[],
  change: UserCell,
): UserCell[] {
  const others: UserCell[] = [];
  let own: UserCell | null = null;
  for (const held of standing) {
    if (sameCell(held, change)) own = held;
    else others.push(held);
  }
  addEvent(moments, change, own, others);
  const { stage, arm, n, y } = change;
  others.push({ stage, arm, n: (own?.n ?? 0) + n, y: (own?.y ?? 0) + y });
  return others;
}

/**
 * The same for who keeps standings in another form, as a simulation of millions of events does: `own` is
 * what the user had in this cell, null before their first event there; `others` their other cells.
 */
export function addEvent(
  moments: Moments,
  change: Readonly<UserCell>,
  own: Readonly<{ n: number; y: number }> | null,
  others: readonly UserCell[],
): void {
  const at = cellIndex(moments, change);
  const cell = moments.cells[at];
  if (!cell) return;
  let isNewToArm = own === null;
  for (const held of others) {
    if (held.arm === change.arm) isNewToArm = false;
    addProducts(moments, at, change, held);
  }
  if (isNewToArm) moments.users[change.arm] += 1;
  if (own === null) cell.users += 1;
  cell.n += change.n;
  cell.y += change.y;
  const sums = moments.cross[place(at, at)];
  if (!sums) return;
  const n = own?.n ?? 0;
  const y = own?.y ?? 0;
  const product = (y + change.y) * (n + change.n) - y * n;
  sums.yy += (y + change.y) ** 2 - y ** 2;
  sums.nn += (n + change.n) ** 2 - n ** 2;
  sums.yn += product;
  sums.ny += product;
}

function addProducts(
  moments: Moments,
  at: number,
  change: Readonly<UserCell>,
  other: UserCell,
): void {
  const there = cellIndex(moments, other);
  const sums = moments.cross[place(at, there)];
  if (!sums) return;
  const first = at < there ? change : other;
  const second = at < there ? other : change;
  sums.yy += first.y * second.y;
  sums.yn += first.y * second.n;
  sums.ny += first.n * second.y;
  sums.nn += first.n * second.n;
}

export interface UserRow extends UserCell {
  visitor: string;
}

/** The sums of rows of users; rows of the same user and cell add up, in any order. */
export function momentsOf(rows: Iterable<UserRow>): Moments {
  const moments = emptyMoments();
  const standings = new Map<string, UserCell[]>();
  for (const row of rows) {
    standings.set(row.visitor, addChange(moments, standings.get(row.visitor) ?? [], row));
  }
  return moments;
}

/** Sums kept by name rather than by place, as a table of a database gives them. */
export interface NamedSums {
  users: Record<Arm, number>;
  cells: readonly Cell[];
  /** Each unordered pair once, a cell with itself included. */
  pairs: readonly ({ first: CellKey; second: CellKey } & CrossMoment)[];
}

/** The same as `Moments`, from rows named by stage and arm. A pair of an unknown cell is refused. */
export function momentsFromSums(sums: NamedSums): Moments | NotEnough {
  const moments = emptyMoments();
  moments.users = { ...sums.users };
  for (const cell of sums.cells) Object.assign(moments.cells[cellIndex(moments, cell)] ?? {}, cell);
  for (const { first, second, yy, yn, ny, nn } of sums.pairs) {
    const a = moments.cells.findIndex((cell) => sameCell(cell, first));
    const b = moments.cells.findIndex((cell) => sameCell(cell, second));
    if (a === -1 || b === -1) return notEnough('a pair of sums names a cell that has no sums');
    moments.cross[place(a, b)] = a <= b ? { yy, yn, ny, nn } : { yy, yn: ny, ny: yn, nn };
  }
  return moments;
}

/** Whether every number is one that sums of counts can have; else what is wrong. */
export function usable(moments: Moments): NotEnough | null {
  const wrong = firstWrong(moments);
  if (wrong === undefined) return null;
  return notEnough(`a sum is ${wrong}, where a finite number of zero or more is expected`);
}

// Every look asks this of every sum, several times over: no list is made.
function firstWrong({ users, cells, cross }: Moments): number | undefined {
  for (const arm of ARMS) if (!isSum(users[arm])) return users[arm];
  for (const { users: seen, n, y } of cells) {
    if (!isSum(seen)) return seen;
    if (!isSum(n)) return n;
    if (!isSum(y)) return y;
  }
  for (const { yy, yn, ny, nn } of cross) {
    if (!isSum(yy)) return yy;
    if (!isSum(yn)) return yn;
    if (!isSum(ny)) return ny;
    if (!isSum(nn)) return nn;
  }
  return undefined;
}
