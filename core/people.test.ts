import fc from 'fast-check';
import { expect, test } from 'vitest';
import { earliestPeople } from './people.ts';
import type { IdentityEvent } from './wire/events.ts';

const T0 = 1_800_000_000_000;
const said = (visitor_id: string, person_id: string, at: number): IdentityEvent => ({
  kind: 'identity',
  v: 1,
  event_id: '00000000-0000-4000-8000-000000000001',
  visitor_id,
  person_id,
  at,
});

test('of what is said about a visitor the earliest stands, in any order', () => {
  const events = [
    said('b', 'shop:2', T0 + 2),
    said('a', 'shop:1', T0 + 1),
    said('b', 'shop:1', T0),
    said('b', 'shop:3', T0 + 1),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
      expect(earliestPeople(shuffled)).toEqual([
        { visitorId: 'a', personId: 'shop:1', at: new Date(T0 + 1) },
        { visitorId: 'b', personId: 'shop:1', at: new Date(T0) },
      ]);
    }),
  );
});

test('two at the same moment end the same in either order', () => {
  const one = said('a', 'shop:1', T0);
  const two = said('a', 'shop:2', T0);
  expect(earliestPeople([one, two])).toEqual(earliestPeople([two, one]));
});

test('nothing said is nothing', () => expect(earliestPeople([])).toEqual([]));
