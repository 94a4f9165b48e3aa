// Runs work with bounded concurrency, and waits for a condition with a limit. Used by visits and
// measurements; a rejected piece of work rejects the whole, so callers catch what they tolerate.

import { setTimeout as sleep } from 'node:timers/promises';

/** Results in the order of `items`. */
export async function inPool<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const queue = items.map((item, at) => ({ item, at })).values();
  const done: { at: number; result: Result }[] = [];
  const lane = async () => {
    for (const { item, at } of queue) done.push({ at, result: await work(item) });
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return done.toSorted((a, b) => a.at - b.at).map(({ result }) => result);
}

export interface Wait {
  everyMs: number;
  limitMs: number;
  signal: AbortSignal;
}

/** Polls until a value comes; undefined once the limit has passed. */
export async function waitFor<Value>(
  poll: () => Promise<Value | undefined>,
  { everyMs, limitMs, signal }: Wait,
): Promise<Value | undefined> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const value = await poll();
    if (value !== undefined) return value;
    if (performance.now() >= endMs) return undefined;
    await sleep(everyMs, undefined, { signal });
  }
}
