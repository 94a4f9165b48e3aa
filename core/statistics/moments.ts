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
  const found = moments.cells.findIndex((cell) => sameCell(cell, key));
  if (found !== -1) return found;
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
  const at = cellIndex(moments, change);
  const cell = moments.cells[at];
  if (!cell) return [...standing];
  // One pass and one new list: this runs for every event of a simulated fortnight.
  const next: UserCell[] = [];
  let before: UserCell | undefined;
  let isNewToArm = true;
  for (const held of standing) {
    if (held.arm === change.arm) isNewToArm = false;
    if (sameCell(held, change)) {
      before = held;
      continue;
    }
    addProducts(moments, at, change, held);
    next.push(held);
  }
  const was = before ?? { n: 0, y: 0 };
  const { stage, arm } = change;
  const after = { stage, arm, n: was.n + change.n, y: was.y + change.y };
  if (isNewToArm) moments.users[arm] += 1;
  if (!before) cell.users += 1;
  cell.n += change.n;
  cell.y += change.y;
  const own = moments.cross[place(at, at)];
  if (own) {
    const product = after.y * after.n - was.y * was.n;
    own.yy += after.y ** 2 - was.y ** 2;
    own.nn += after.n ** 2 - was.n ** 2;
    own.yn += product;
    own.ny += product;
  }
  next.push(after);
  return next;
}

function addProducts(moments: Moments, at: number, change: UserCell, other: UserCell): void {
  const there = cellIndex(moments, other);
  const sums = moments.cross[place(at, there)];
  if (!sums) return;
  const [first, second] = at < there ? [change, other] : [other, change];
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

const isWrong = (sum: number) => !isSum(sum);

function firstWrong<Row>(
  rows: readonly Row[],
  numbers: (row: Row) => number[],
): number | undefined {
  for (const row of rows) {
    const wrong = numbers(row).find(isWrong);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Whether every number is one that sums of counts can have; else what is wrong. */
export function usable(moments: Moments): NotEnough | null {
  const wrong =
    ARMS.map((arm) => moments.users[arm]).find(isWrong) ??
    firstWrong(moments.cells, ({ users, n, y }) => [users, n, y]) ??
    firstWrong(moments.cross, ({ yy, yn, ny, nn }) => [yy, yn, ny, nn]);
  if (wrong === undefined) return null;
  return notEnough(`a sum is ${wrong}, where a finite number of zero or more is expected`);
}
