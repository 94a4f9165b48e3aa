// Several generators read as one.

import { expect, it } from 'vitest';
import { interleave } from './interleave.ts';

const all = async <Value>(generator: AsyncGenerator<Value, void>) => {
  const found: Value[] = [];
  for await (const value of generator) found.push(value);
  return found;
};

/** Gives each value when it is let to. */
function gated(values: readonly string[]) {
  const gates = values.map(() => Promise.withResolvers<void>());
  let closed = false;
  async function* generator() {
    try {
      for (const [index, value] of values.entries()) {
        await gates[index]?.promise;
        yield value;
      }
    } finally {
      closed = true;
    }
  }
  return {
    generator: generator(),
    open: (index: number) => gates[index]?.resolve(),
    isClosed: () => closed,
  };
}

it('gives values as they come, whoever they come from', async () => {
  const [a, b] = [gated(['a1', 'a2']), gated(['b1'])];
  const read = interleave([a.generator, b.generator]);
  b.open(0);
  expect(await read.next()).toEqual({ done: false, value: 'b1' });
  a.open(0);
  expect(await read.next()).toEqual({ done: false, value: 'a1' });
  a.open(1);
  expect(await all(read)).toEqual(['a2']);
});

it('loses and doubles nothing where all are ready at once', async () => {
  const many = [1, 2, 3].map((from) =>
    (async function* () {
      for (let step = 0; step < 50; step += 1) yield `${from}.${step}`;
    })(),
  );
  const found = await all(interleave(many));
  expect(found).toHaveLength(150);
  expect(new Set(found).size).toBe(150);
  expect(found.filter((one) => one.startsWith('2.'))[49]).toBe('2.49');
});

it('is over at once with nothing to read', async () => {
  expect(await all(interleave([]))).toEqual([]);
});

it('closes the others when one throws, and throws it', async () => {
  const a = gated(['a1', 'a2']);
  a.open(0);
  a.open(1);
  const broken = (async function* () {
    yield 'b1';
    throw new Error('this one broke');
  })();
  const read = interleave([a.generator, broken]);
  await expect(all(read)).rejects.toThrow('this one broke');
  expect(a.isClosed()).toBe(true);
});

it('closes all when its reader leaves', async () => {
  const [a, b] = [gated(['a1', 'a2']), gated(['b1', 'b2'])];
  const read = interleave([a.generator, b.generator]);
  a.open(0);
  await read.next();
  // A generator returns once what it awaits is over.
  a.open(1);
  b.open(0);
  await read.return();
  expect([a.isClosed(), b.isClosed()]).toEqual([true, true]);
});
