import { expect, it } from 'vitest';
import { type Arm, emptyMoments, momentsOf, type UserRow } from '../../core/statistics/moments.ts';
import { mulberry32 } from '../random.ts';
import { Standings } from './standings.ts';

it('gives the sums of the same rows, for visitors in any order, stage and arm', () => {
  const random = mulberry32(7);
  const rows = Array.from({ length: 3_000 }, (): UserRow => {
    const n = 1 + Math.floor(random() * 4);
    const arm: Arm = random() < 0.5 ? 'control' : 'treatment';
    // Far beyond the visitors that room is made for at first, and many who come again.
    const visitor = String(Math.floor(random() ** 4 * 300_000));
    return {
      visitor,
      stage: String(Math.floor(random() * 4)),
      arm,
      n,
      y: Math.floor(random() * n),
    };
  });
  const moments = emptyMoments();
  const standings = new Standings();
  for (const { visitor, ...change } of rows) standings.add(moments, Number(visitor), change);
  expect(moments).toEqual(momentsOf(rows));
  expect(moments.cells).toHaveLength(8);
});
