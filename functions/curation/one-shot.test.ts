import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Shared, withinOneShotShare } from './one-shot.ts';

interface Item {
  id: string;
  part: string;
  once: boolean;
  corrected: boolean;
  quality: number;
}
const item = (id: string, over: Partial<Item> = {}): Item => ({
  id,
  part: 'train',
  once: false,
  corrected: false,
  quality: 0.9,
  ...over,
});
const rule = (share: number): Shared<Item> => ({
  share,
  partOf: ({ part }) => part,
  isCorrected: ({ corrected }) => corrected,
  isOneShot: ({ once }) => once,
  quality: ({ quality }) => quality,
  id: ({ id }) => id,
});
const ids = (items: readonly Item[], share = 0.25) =>
  withinOneShotShare(items, rule(share)).kept.map(({ id }) => id);

describe('one-shot identities', () => {
  const others = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => item(id));

  test('make up at most their share, the best judged of them', () => {
    const once = [0.7, 0.9, 0.8, 0.6].map((quality, at) => item(`o${at}`, { once: true, quality }));
    expect(withinOneShotShare([...once, ...others], rule(0.25))).toMatchObject({ left: 2 });
    expect(ids([...once, ...others])).toEqual(['o1', 'o2', 'a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('have no place where nobody else has, or all of it where the share is one', () => {
    const once = [item('o1', { once: true }), item('o2', { once: true })];
    expect(ids(once)).toEqual([]);
    expect(ids(once, 0)).toEqual([]);
    expect(ids(once, 1)).toEqual(['o1', 'o2']);
    expect(ids([])).toEqual([]);
  });

  test('keep what an operator accepted, which makes no room for the rest either', () => {
    const corrected = ['k1', 'k2', 'k3'].map((id) => item(id, { once: true, corrected: true }));
    expect(ids([...corrected, item('o1', { once: true }), ...others.slice(0, 2)])).toEqual([
      'k1',
      'k2',
      'k3',
      'a',
      'b',
    ]);
  });

  test('are counted in each part by itself', () => {
    const test = (id: string) => item(id, { part: 'test', once: true });
    expect(ids([...others, test('t1'), item('o1', { once: true })])).toEqual([
      ...others.map(({ id }) => id),
      'o1',
    ]);
  });

  test('never exceed their share of any part, and the order of the answers does not matter', () => {
    const items = fc.uniqueArray(
      fc.record({
        id: fc.uuid(),
        part: fc.constantFrom('train', 'test'),
        once: fc.boolean(),
        corrected: fc.boolean(),
        quality: fc.constantFrom(0.6, 0.8),
      }),
      { selector: ({ id }) => id, maxLength: 40 },
    );
    fc.assert(
      fc.property(items, fc.double({ min: 0, max: 0.99, noNaN: true }), (all, share) => {
        const { kept, left } = withinOneShotShare(all, rule(share));
        expect(kept.length + left).toBe(all.length);
        for (const part of ['train', 'test']) {
          const own = kept.filter((one) => one.part === part && !one.corrected);
          const once = own.filter((one) => one.once).length;
          expect(once).toBeLessThanOrEqual(share * own.length + 1e-6);
        }
        const turned = withinOneShotShare(all.toReversed(), rule(share)).kept;
        expect(turned.map(({ id }) => id).toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
      }),
    );
  });
});
