import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BURST_MS,
  boundVotes,
  fewestBoundable,
  isVote,
  type Vote,
  type VoteBounds,
  weekStartMs,
} from './vote-bounds.ts';

/** A Monday. */
const T0 = Date.UTC(2026, 9, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const bounds: VoteBounds = {
  max_votes_per_day: 6,
  max_votes_per_minute: 3,
  one_way_votes_per_week: 8,
};

let made = 0;
const vote = (receivedMs: number, over: Partial<Vote> = {}): Vote => {
  made += 1;
  const eventId = `e${String(made).padStart(6, '0')}`;
  return { eventId, type: 'thumbs_up', value: 1, receivedMs, ...over };
};
const down = (receivedMs: number) => vote(receivedMs, { type: 'thumbs_down', value: -1 });
/** Up and down in turn, so that the week is not one-way. */
const mixed = (index: number, at: number) => (index % 2 === 0 ? vote(at) : down(at));
const rulesOf = (votes: readonly Vote[]) => {
  const bounded = boundVotes(votes, bounds);
  return votes.map(({ eventId }) => bounded.get(eventId) ?? null);
};
const times = <Value>(count: number, of: (index: number) => Value) =>
  Array.from({ length: count }, (_, index) => of(index));

describe('what bounds a visitor’s votes', () => {
  it('is nothing for few votes, spread out', () => {
    expect(rulesOf([])).toEqual([]);
    expect(rulesOf([vote(T0)])).toEqual([null]);
    expect(rulesOf(times(6, (at) => mixed(at, T0 + at * HOUR)))).toEqual(times(6, () => null));
  });

  it('counts the first votes of a minute and bounds the rest as a burst', () => {
    const votes = times(5, (at) => mixed(at, T0 + at * 1_000));
    expect(rulesOf(votes)).toEqual([null, null, null, 'burst', 'burst']);
  });

  it('lets votes count again a minute after those that counted', () => {
    const votes = [
      ...times(4, (at) => mixed(at, T0 + at)),
      vote(T0 + BURST_MS - 1),
      vote(T0 + BURST_MS),
    ];
    expect(rulesOf(votes)).toEqual([null, null, null, 'burst', 'burst', null]);
  });

  it('counts so many a day of UTC and begins anew at midnight', () => {
    const late = times(7, (at) => mixed(at, T0 + 16 * HOUR + at * HOUR));
    const next = mixed(0, T0 + DAY);
    expect(rulesOf([...late, next])).toEqual([...times(6, () => null), 'daily_cap', null]);
  });

  it('does not spend a day on votes that a burst has bounded', () => {
    const burst = times(9, (at) => mixed(at, T0 + at));
    const later = times(4, (at) => mixed(at, T0 + HOUR + at * HOUR));
    expect(rulesOf(later.concat(burst))).toEqual([
      null,
      null,
      null,
      'daily_cap',
      ...times(3, () => null),
      ...times(6, () => 'burst'),
    ]);
  });

  it('counts one vote of a week in which all point the same way', () => {
    const votes = times(8, (at) => vote(T0 + at * 12 * HOUR));
    expect(rulesOf(votes)).toEqual([null, ...times(7, () => 'one_way')]);
    const against = times(8, (at) => down(T0 + at * 12 * HOUR));
    expect(rulesOf(against)).toEqual([null, ...times(7, () => 'one_way')]);
    expect(rulesOf(votes.slice(1))).toEqual(times(7, () => null));
  });

  it('lets all of a week count again once one points the other way', () => {
    const votes = times(8, (at) => vote(T0 + at * 12 * HOUR));
    expect(rulesOf([...votes, down(T0 + 5 * DAY)])).toEqual(times(9, () => null));
  });

  it('judges each week by itself, from Monday to Sunday', () => {
    const sunday = T0 + 6 * DAY;
    const votes = [
      ...times(4, (at) => vote(sunday + at * HOUR)),
      ...times(4, (at) => vote(sunday + DAY + at * HOUR)),
    ];
    expect(rulesOf(votes)).toEqual(times(8, () => null));
    expect(weekStartMs(sunday + DAY - 1)).toBe(T0);
    expect(weekStartMs(T0)).toBe(T0);
  });

  it('takes stars for thumbs, and neither three stars nor corrections for a direction', () => {
    const stars = times(8, (at) => vote(T0 + at * 12 * HOUR, { type: 'rating', value: 0.5 }));
    expect(rulesOf(stars)).toEqual([null, ...times(7, () => 'one_way')]);
    const neither = times(8, (at) =>
      vote(T0 + at * 12 * HOUR, at % 2 === 0 ? { value: 0 } : { type: 'correction', value: -0.5 }),
    );
    expect(rulesOf(neither)).toEqual(times(8, () => null));
  });

  it('knows what a vote is', () => {
    const types = ['thumbs_up', 'thumbs_down', 'rating', 'correction'];
    expect(types.every(isVote)).toBe(true);
    expect(['follow_up', 'abandonment', 'signals', 'detected'].some(isVote)).toBe(false);
  });
});

const anyVotes = fc.array(
  fc.record({
    value: fc.constantFrom(-1, 0, 1),
    type: fc.constantFrom('thumbs_up', 'thumbs_down', 'rating', 'correction'),
    receivedMs: fc.integer({ min: T0, max: T0 + 9 * DAY }),
  }),
  { maxLength: 60 },
);
const named = (votes: readonly Omit<Vote, 'eventId'>[]): Vote[] =>
  votes.map((one, index) => ({ ...one, eventId: `v${String(index).padStart(3, '0')}` }));

describe('any votes', () => {
  it('are bounded alike in any order', () => {
    fc.assert(
      fc.property(anyVotes, fc.integer(), (votes, shift) => {
        const own = named(votes);
        const turned = own.map((_, at) => own[(at + Math.abs(shift)) % own.length] ?? own[0]);
        const other = turned.filter((one) => one !== undefined).toReversed();
        expect([...boundVotes(other, bounds)].toSorted()).toEqual(
          [...boundVotes(own, bounds)].toSorted(),
        );
      }),
    );
  });

  it('never count more than the caps allow', () => {
    fc.assert(
      fc.property(anyVotes, (votes) => {
        const own = named(votes);
        const bounded = boundVotes(own, bounds);
        const counting = own.filter(({ eventId }) => !bounded.has(eventId));
        for (const { receivedMs } of counting) {
          const day = counting.filter(
            (one) => Math.floor(one.receivedMs / DAY) === Math.floor(receivedMs / DAY),
          );
          expect(day.length).toBeLessThanOrEqual(bounds.max_votes_per_day);
          const minute = counting.filter(
            (one) => one.receivedMs >= receivedMs && one.receivedMs < receivedMs + BURST_MS,
          );
          expect(minute.length).toBeLessThanOrEqual(bounds.max_votes_per_minute);
        }
        if (own.length < fewestBoundable(bounds)) expect(bounded.size).toBe(0);
      }),
    );
  });
});
