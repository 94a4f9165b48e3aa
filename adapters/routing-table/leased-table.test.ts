// The isolate's lease on the routing table: what it costs, and what it shows when parts are ill.

import { expect, test } from 'vitest';
import { initialTable, type RoutingTable } from '../../core/routing.ts';
import { LeasedTable, type TableSources } from './leased-table.ts';

const T0 = 1_800_000_000_000;
const table = (version: number): RoutingTable => ({ ...initialTable('base'), version });
const gone = () => Promise.reject(new Error('gone'));
const sources = (over: Partial<TableSources>): TableSources => ({
  object: gone,
  copy: gone,
  baseModel: 'base',
  ...over,
});

test('a thousand requests in ten seconds read the object four times', async () => {
  const leased = new LeasedTable();
  let reads = 0;
  const object = async () => {
    reads += 1;
    return table(1);
  };
  for (let request = 0; request < 1_000; request += 1) {
    await leased.read(sources({ object }), T0 + request * 10);
  }
  expect(reads).toBe(4);
});

test('a change reaches every isolate within five seconds though KV lags by sixty', async () => {
  const changedMs = T0 + 100_000;
  const old = table(7);
  const next = table(8);
  // Ten isolates whose leases began at different moments, asked every 100 ms.
  const isolates = Array.from({ length: 10 }, () => new LeasedTable());
  const lastOldMs: number[] = [];
  for (let nowMs = T0; nowMs < changedMs + 10_000; nowMs += 100) {
    for (const [index, leased] of isolates.entries()) {
      if (nowMs < T0 + index * 300) continue;
      const seen = await leased.read(
        sources({
          object: async () => (nowMs >= changedMs ? next : old),
          copy: async () => (nowMs >= changedMs + 60_000 ? next : old),
        }),
        nowMs,
      );
      if (seen.version === 7) lastOldMs[index] = nowMs;
    }
  }
  expect(lastOldMs).toHaveLength(10);
  for (const atMs of lastOldMs) expect(atMs - changedMs).toBeLessThan(5_000);
});

test('KV behind what the isolate has seen changes nothing', async () => {
  const leased = new LeasedTable();
  await leased.read(sources({ object: async () => table(8) }), T0);
  const stale = sources({ copy: async () => table(7) });
  expect((await leased.read(stale, T0 + 60_000)).version).toBe(8);
});

test('with everything out of reach: the last good table, in a cold isolate the default', async () => {
  const warm = new LeasedTable();
  await warm.read(sources({ object: async () => table(8) }), T0);
  expect((await warm.read(sources({}), T0 + 3_600_000)).version).toBe(8);
  expect(await new LeasedTable().read(sources({}), T0)).toEqual(initialTable('base'));
});

test('a cold isolate waits for what is out of reach once a lease, not on every request', async () => {
  const leased = new LeasedTable();
  let reads = 0;
  const counted = () => {
    reads += 1;
    return gone();
  };
  for (let request = 0; request < 100; request += 1) {
    await leased.read(sources({ object: counted }), T0 + request * 10);
  }
  expect(reads).toBe(1);
});

test('the default gives way to the first table that can be read', async () => {
  const leased = new LeasedTable();
  await leased.read(sources({}), T0);
  expect((await leased.read(sources({ copy: async () => table(3) }), T0 + 3_000)).version).toBe(3);
});

test('a clock that goes back by an hour does not keep an old table for an hour', async () => {
  const leased = new LeasedTable();
  await leased.read(sources({ object: async () => table(7) }), T0);
  const backMs = T0 - 3_600_000;
  expect((await leased.read(sources({ object: async () => table(8) }), backMs)).version).toBe(8);
});

test('requests during a refresh go on with the held table and do not wait', async () => {
  const leased = new LeasedTable();
  await leased.read(sources({ object: async () => table(7) }), T0);
  const slow = Promise.withResolvers<RoutingTable>();
  const refreshing = leased.read(sources({ object: () => slow.promise }), T0 + 3_000);
  expect((await leased.read(sources({}), T0 + 3_001)).version).toBe(7);
  slow.resolve(table(8));
  expect((await refreshing).version).toBe(8);
});
