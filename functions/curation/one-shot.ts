// How much of a dataset may come from visitors with a single answer. Identities are free to make, so
// whoever makes thousands could fill a week with praise that no cap of one visitor meets. What an
// operator accepted is not counted here: they read it. Pure.

export interface Shared<Item> {
  /** Of what is uncorrected in each part; 1 takes everything. */
  share: number;
  /** The cap holds in each part by itself: a held-out set is as easily bent as what is taught. */
  partOf: (item: Item) => string;
  isCorrected: (item: Item) => boolean;
  isOneShot: (item: Item) => boolean;
  /** The lower is left out first. */
  quality: (item: Item) => number;
  /** Breaks ties, so that the same answers make the same dataset. */
  id: (item: Item) => string;
}

/** What stays, in its order, and how many were left out. */
export function withinOneShotShare<Item>(
  items: readonly Item[],
  rule: Shared<Item>,
): { kept: Item[]; left: number } {
  if (rule.share >= 1) return { kept: [...items], left: 0 };
  const isCapped = (item: Item) => rule.isOneShot(item) && !rule.isCorrected(item);
  const left = new Set<Item>();
  for (const part of Map.groupBy(items, rule.partOf).values()) {
    const capped = part.filter(isCapped);
    const others = part.filter((item) => !isCapped(item) && !rule.isCorrected(item)).length;
    // n of n + others is at most the share; the small term is for what rounding takes from a whole n.
    const room = Math.floor((rule.share / (1 - rule.share)) * others + 1e-9);
    const best = capped.toSorted(
      (a, b) =>
        rule.quality(b) - rule.quality(a) ||
        Number(rule.id(a) > rule.id(b)) - Number(rule.id(a) < rule.id(b)),
    );
    for (const item of best.slice(room)) left.add(item);
  }
  return { kept: items.filter((item) => !left.has(item)), left: left.size };
}
