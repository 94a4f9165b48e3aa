// Several generators as one, in the order in which their values come. Used where two models answer side by
// side: neither waits for the other.

type Step<Value> = { from: AsyncGenerator<Value, void>; result: IteratorResult<Value, void> };

/**
 * Ends when all have ended; one that throws ends all. Leaving early asks each to return, which waits for what
 * it awaits at that moment: abort that first.
 */
export async function* interleave<Value>(
  generators: readonly AsyncGenerator<Value, void>[],
): AsyncGenerator<Value, void> {
  const next = async (from: AsyncGenerator<Value, void>): Promise<Step<Value>> => ({
    from,
    result: await from.next(),
  });
  const awaited = new Map(generators.map((one) => [one, next(one)] as const));
  try {
    while (awaited.size > 0) {
      const { from, result } = await Promise.race(awaited.values());
      if (result.done === true) {
        awaited.delete(from);
        continue;
      }
      awaited.set(from, next(from));
      yield result.value;
    }
  } finally {
    // What is still awaited may fail later, and nobody would hear of it.
    for (const step of awaited.values()) step.catch(() => undefined);
    await Promise.all(generators.map((one) => one.return()));
  }
}
