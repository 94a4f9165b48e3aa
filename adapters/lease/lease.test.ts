// A lease on something that may not be there at all; what it costs and shows otherwise is told by the
// routing table's tests.

import { expect, test } from 'vitest';
import { Lease } from './index.ts';

const T0 = 1_800_000_000_000;
const gone = () => Promise.reject(new Error('gone'));
const nothing = { object: gone, copy: async () => undefined };

test('where nothing can be read there is nothing, and the next within the lease does not wait', async () => {
  const lease = new Lease<{ version: number }>();
  let reads = 0;
  const object = () => {
    reads += 1;
    return gone();
  };
  expect(await lease.read({ ...nothing, object }, T0)).toBeUndefined();
  expect(await lease.read({ ...nothing, object }, T0 + 2_999)).toBeUndefined();
  expect(reads).toBe(1);
  const copy = async () => ({ version: 3 });
  expect(await lease.read({ object, copy }, T0 + 3_000)).toEqual({ version: 3 });
});

test('who misses something may ask for a younger value, and gets it once in that time', async () => {
  const lease = new Lease<{ version: number }>();
  let version = 0;
  const sources = { ...nothing, object: async () => ({ version: ++version }) };
  const at = async (ms: number, maxAgeMs?: number) =>
    (await lease.read(sources, T0 + ms, maxAgeMs))?.version;
  expect(await at(0)).toBe(1);
  expect(await at(499, 500)).toBe(1);
  expect(await at(500, 500)).toBe(2);
  expect(await at(600, 500)).toBe(2);
  expect(await at(3_400)).toBe(2);
});

test('the object is told what is held, so that it need not send it again', async () => {
  const lease = new Lease<{ version: number }>();
  const told: unknown[] = [];
  const object = async (held: { version: number } | undefined) => {
    told.push(held?.version);
    return held ?? { version: 4 };
  };
  await lease.read({ ...nothing, object }, T0);
  expect(await lease.read({ ...nothing, object }, T0 + 3_000)).toEqual({ version: 4 });
  expect(told).toEqual([undefined, 4]);
});
