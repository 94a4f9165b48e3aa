import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EnrolmentFacts, takesPart } from './enrolment.ts';

const T0 = Date.parse('2026-10-18T10:00:00Z');
const HOUR = 3_600;
const facts = (over: Partial<EnrolmentFacts> = {}): EnrolmentFacts => ({
  visitorId: '018f0000-0000-7000-8000-000000000000',
  rememberedTurns: 0,
  identityIssuedAtMs: T0,
  nowMs: T0,
  ...over,
});

test('the first question of a new identity belongs to no experiment', () => {
  expect(takesPart(facts(), HOUR)).toBe(false);
  expect(takesPart(facts({ nowMs: T0 + HOUR * 1000 - 1 }), HOUR)).toBe(false);
});

test.each<[string, Partial<EnrolmentFacts>]>([
  ['the second question of a session', { rememberedTurns: 1 }],
  ['an identity as old as the setting', { nowMs: T0 + HOUR * 1000 }],
  ['a visitor whom an API key vouches for', { visitorId: 'key-1:ann', identityIssuedAtMs: null }],
])('%s takes part', (_name, over) => {
  expect(takesPart(facts(over), HOUR)).toBe(true);
});

test('an identity that cannot be dated, or is dated in the future, is new', () => {
  expect(takesPart(facts({ identityIssuedAtMs: null }), HOUR)).toBe(false);
  expect(takesPart(facts({ identityIssuedAtMs: T0 + 10 * HOUR * 1000 }), HOUR)).toBe(false);
});

test('with the setting at zero everyone takes part', () => {
  expect(takesPart(facts({ identityIssuedAtMs: null }), 0)).toBe(true);
});

test('who takes part once does so later too: time and history only ever grow', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000_000),
      fc.nat(10_000_000),
      fc.nat(20),
      fc.nat(20),
      (ageMs, laterMs, turns, moreTurns) => {
        const before = takesPart(facts({ nowMs: T0 + ageMs, rememberedTurns: turns }), HOUR);
        const after = takesPart(
          facts({ nowMs: T0 + ageMs + laterMs, rememberedTurns: turns + moreTurns }),
          HOUR,
        );
        return !before || after;
      },
    ),
  );
});
