import { describe, expect, it } from 'vitest';
import { type Moments, momentsOf, type UserRow } from '../../core/statistics/moments.ts';
import { boundVotes, type Vote, type VoteBounds } from '../../core/vote-bounds.ts';
import { Xoshiro } from './random.ts';
import { SimulatedRecord } from './record.ts';
import { SLOT_MS } from './traffic.ts';

const bounds: VoteBounds = {
  max_votes_per_day: 4,
  max_votes_per_minute: 3,
  one_way_votes_per_week: 6,
};
const GAP_MS = 15_000;
const ANSWER = {
  visitor: 0,
  error: false,
  firstTokenMs: 900,
  outputTokenMs: 30,
  hallucinated: null,
} as const;

interface Cast extends Vote {
  visitor: number;
  share: number;
  arm: 0 | 1;
}

/** Visits in growing shares, some of visitors who only ever like what they get. */
function cast(record: SimulatedRecord, seed: number): Cast[] {
  const random = new Xoshiro(seed);
  const votes: Cast[] = [];
  for (let slot = 0; slot < 300; slot += 1) {
    record.arrive(slot);
    const visitor = Math.floor(random.uniform() * 12);
    const share = [1_000, 2_500, 5_000][Math.floor(slot / 100)] ?? 1_000;
    const arm = visitor * 600 < share ? 1 : 0;
    record.begin(visitor, arm);
    const count = Math.floor(random.uniform() * 5);
    for (let at = 0; at < count; at += 1) {
      const up = visitor % 3 === 0 || random.uniform() < 0.7;
      record.answer({ ...ANSWER, arm, up });
      votes.push({
        visitor,
        share,
        arm,
        eventId: `${String(slot).padStart(4, '0')}-${at}`,
        type: up ? 'thumbs_up' : 'thumbs_down',
        value: up ? 1 : -1,
        receivedMs: slot * SLOT_MS + at * GAP_MS,
      });
    }
    if (count > 0) record.end(slot, share, GAP_MS);
  }
  return votes;
}

const comparable = ({ users, cells }: Moments) => ({
  users,
  cells: cells
    .filter((cell) => cell.users > 0)
    .toSorted((a, b) => (`${a.stage} ${a.arm}` < `${b.stage} ${b.arm}` ? -1 : 1)),
});
const total = ({ cross }: Moments) =>
  cross.reduce((sum, { yy, yn, ny, nn }) => sum + yy + yn + ny + nn, 0);

describe('the thumbs of a simulated record', () => {
  it.each([1, 2, 3])('are those that count, counted at once or visit by visit (%i)', (seed) => {
    const record = new SimulatedRecord({ delaySlots: 0, bounds, keepsLatencies: false });
    const votes = cast(record, seed);
    const bounded = new Map(
      [...Map.groupBy(votes, ({ visitor }) => visitor).values()].flatMap((own) => [
        ...boundVotes(own, bounds),
      ]),
    );
    expect(new Set(bounded.values())).toEqual(new Set(['burst', 'daily_cap', 'one_way']));
    const rows = votes
      .filter(({ eventId }) => !bounded.has(eventId))
      .map(
        ({ visitor, share, arm, value }): UserRow => ({
          visitor: String(visitor),
          stage: String(share),
          arm: arm === 0 ? 'control' : 'treatment',
          n: 1,
          y: value === 1 ? 1 : 0,
        }),
      );
    const { thumbs_up: kept } = record.observed(300).metrics;
    if (kept === undefined) throw new Error('thumbs are measured');
    const expected = momentsOf(rows);
    expect(comparable(kept)).toEqual(comparable(expected));
    expect(total(kept)).toBe(total(expected));
  });
});
