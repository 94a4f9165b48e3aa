import { expect, it } from 'vitest';
import { harmVerdict } from '../statistics/guardrail.ts';
import { momentsOf, type UserRow } from '../statistics/moments.ts';
import { DEFAULT_POLICY } from '../statistics/policy.ts';
import type { Evidence } from './facts.ts';
import { missingUsers } from './missing.ts';

/** Of each arm's visitors, each with one vote, these many are up. */
function evidenceOf(users: number, up: { control: number; treatment: number }): Evidence {
  const rows = (['control', 'treatment'] as const).flatMap((arm) =>
    Array.from(
      { length: users },
      (_, index): UserRow => ({
        visitor: `${arm} ${index}`,
        stage: '1000',
        arm,
        n: 1,
        y: index < users * up[arm] ? 1 : 0,
      }),
    ),
  );
  const harm = harmVerdict({ thumbs_up: momentsOf(rows) }, DEFAULT_POLICY);
  const counted = { control: users, treatment: users };
  return { harm, splitBroken: null, unhealthy: null, users: counted, offline: null };
}
const missing = (users: number, treatment: number) =>
  missingUsers(evidenceOf(users, { control: 0.72, treatment }), DEFAULT_POLICY);

it('says how many more visitors would have established what was seen', () => {
  expect(missing(1_000, 0.76)).toMatch(/^about [\d,]+ more visitors would have established/);
});

it('says that none would where the candidate is not better, and nothing where none is missing', () => {
  expect(missing(1_000, 0.71)).toMatch(/^more visitors like these would not/);
  expect(missing(20_000, 0.8)).toBeNull();
  expect(missingUsers(null, DEFAULT_POLICY)).toBeNull();
});
