import { expect, test } from 'vitest';
import { loraFor } from './llama-base.ts';
import { chooseSlot, freeSlot, freshSlots, takeSlot } from './slots.ts';

test('a fresh slot never continues a cached prompt', () => {
  expect(chooseSlot(freshSlots(2), 'one')).toEqual({ id: 0, cachePrompt: false });
});

test('a model comes back to its own slot and may use its cache', () => {
  const slots = freeSlot(takeSlot(freshSlots(2), 1, 'one', 1), 1);
  expect(chooseSlot(slots, 'one')).toEqual({ id: 1, cachePrompt: true });
});

test('another model takes an unused slot first, then the oldest, and never its cache', () => {
  let slots = freeSlot(takeSlot(freshSlots(2), 0, 'one', 1), 0);
  expect(chooseSlot(slots, 'two')).toEqual({ id: 1, cachePrompt: false });
  slots = freeSlot(takeSlot(slots, 1, 'two', 2), 1);
  expect(chooseSlot(slots, 'base')).toEqual({ id: 0, cachePrompt: false });
});

test('while every slot is busy there is none', () => {
  expect(chooseSlot(takeSlot(freshSlots(1), 0, 'one', 1), 'one')).toBeNull();
});

test('every adapter is named, and the base turns all of them off', () => {
  expect(loraFor(['a', 'b'], 'b')).toEqual([
    { id: 0, scale: 0 },
    { id: 1, scale: 1 },
  ]);
  expect(loraFor(['a', 'b'], 'tiny-sre').every((entry) => entry.scale === 0)).toBe(true);
});
