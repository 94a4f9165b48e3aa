// Seeded randomness for the simulation: the same seed gives the same visitors. Everything that
// draws takes a Random as an argument; nothing here may read the clock or Math.random.

/** Draws a number in [0, 1). */
export type Random = () => number;

/** mulberry32 by Tommy Ettinger (public domain): 32 bits of state, enough for thousands of visits. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An independent stream per name, so that one more draw in one place changes nothing elsewhere. */
export function stream(seed: number, name: string): Random {
  let hash = 2_166_136_261 ^ seed;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  return mulberry32(hash);
}

export function chance(random: Random, rate: number): boolean {
  return random() < rate;
}

/** Throws RangeError for an empty list. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('expected at least one item to pick from, got none');
  return item;
}

/** A number in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}
