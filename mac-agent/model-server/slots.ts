/**
 * Which llama.cpp slot answers next, and whether its prompt cache may be used.
 * llama.cpp keeps a slot's cache when a request turns every adapter off, and then answers as the base
 * from another model's cache. So the slot is chosen here, and cached text is reused only by the model
 * that wrote it. Pure; llama-cpp.ts holds the state.
 */
export type Slot = {
  readonly id: number;
  readonly busy: boolean;
  readonly lastModel: string | null;
  readonly usedAt: number;
};

export type SlotChoice = { id: number; cachePrompt: boolean };

export const freshSlots = (count: number): Slot[] =>
  Array.from({ length: count }, (_, id) => ({ id, busy: false, lastModel: null, usedAt: 0 }));

/** The model's own newest free slot, else a never used one, else the one longest unused; null: wait. */
export const chooseSlot = (slots: readonly Slot[], model: string): SlotChoice | null => {
  const free = slots.filter((slot) => !slot.busy);
  const own = free.filter((slot) => slot.lastModel === model);
  const newest = own.sort((a, b) => b.usedAt - a.usedAt)[0];
  if (newest) return { id: newest.id, cachePrompt: true };
  const unused = free.find((slot) => slot.lastModel === null);
  const oldest = unused ?? free.sort((a, b) => a.usedAt - b.usedAt)[0];
  return oldest ? { id: oldest.id, cachePrompt: false } : null;
};

export const takeSlot = (slots: readonly Slot[], id: number, model: string, at: number): Slot[] =>
  slots.map((slot) => (slot.id === id ? { id, busy: true, lastModel: model, usedAt: at } : slot));

export const freeSlot = (slots: readonly Slot[], id: number): Slot[] =>
  slots.map((slot) => (slot.id === id ? { ...slot, busy: false } : slot));
