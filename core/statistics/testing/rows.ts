// Users' rows for the tests of core/statistics: arbitrary ones for properties, and builders with
// known rates for verdicts. No randomness of its own: fast-check brings the seeds.
import fc from 'fast-check';
import { type Arm, type Moments, momentsOf, type UserRow } from '../moments.ts';

const cell = fc.record({
  stage: fc.constantFrom('s1', 's2', 's3'),
  arm: fc.constantFrom<Arm>('control', 'treatment'),
  n: fc.integer({ min: 0, max: 12 }),
});

const row = fc
  .tuple(fc.integer({ min: 0, max: 14 }), cell, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(
    ([user, { stage, arm, n }, share]): UserRow => ({
      visitor: `v${user}`,
      stage,
      arm,
      n,
      y: Math.round(n * share),
    }),
  );

/** Rows of up to fifteen users who may be in any stage and cross between the arms. */
export const anyRows = fc.array(row, { minLength: 1, maxLength: 60 });

/** Rows that certainly have both arms in a stage. */
export const comparableRows = anyRows.map((rows) => [
  ...rows,
  { visitor: 'a', stage: 's1', arm: 'control' as const, n: 3, y: 1 },
  { visitor: 'b', stage: 's1', arm: 'treatment' as const, n: 4, y: 2 },
]);

/** `users` users with `each` observations, of which `y` users' every observation is an event. */
export function armOf(arm: Arm, users: number, each: number, failing: number, stage = 's1') {
  return Array.from({ length: users }, (_, index): UserRow => {
    const y = index < failing ? each : 0;
    return { visitor: `${arm}-${index}`, stage, arm, n: each, y };
  });
}

/** Every observation its own user: the variance is the binomial one. */
export function independent(
  control: [n: number, y: number],
  treatment: [n: number, y: number],
): Moments {
  return momentsOf([
    ...armOf('control', control[0], 1, control[1]),
    ...armOf('treatment', treatment[0], 1, treatment[1]),
  ]);
}

/** Every number inside a value, however deep. */
export function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
}
