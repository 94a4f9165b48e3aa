// How often an isolate reads the routing object for each 1,000 requests, and how late it sees a
// change. Runs the router's own lease over a virtual clock with Poisson arrivals, so that the result
// is exact and the same everywhere: node bench/routing-reads.ts

import { LeasedTable } from '../adapters/routing-table/leased-table.ts';
import { initialTable } from '../core/routing.ts';
import { mulberry32 } from '../simulation/random.ts';

const REQUESTS = 100_000;
const RATES = [0.1, 1, 10, 100, 1_000];

async function measure(perSecond: number) {
  const random = mulberry32(1);
  const leased = new LeasedTable();
  let reads = 0;
  let nowMs = 0;
  let version = 0;
  let changedMs = 0;
  let latestMs = 0;
  for (let request = 0; request < REQUESTS; request += 1) {
    nowMs += (-Math.log(1 - random()) / perSecond) * 1_000;
    // A change every minute, at no particular moment of a lease.
    if (nowMs - changedMs > 60_000) {
      version += 1;
      changedMs = nowMs;
    }
    const seen = await leased.read(
      {
        object: async () => {
          reads += 1;
          return { ...initialTable('base'), version };
        },
        copy: async () => undefined,
        baseModel: 'base',
      },
      nowMs,
    );
    if (seen.version < version) latestMs = Math.max(latestMs, nowMs - changedMs);
  }
  return { perThousand: (reads / REQUESTS) * 1_000, latestMs };
}

console.log(
  'requests/s in one isolate | reads per 1,000 requests | latest old answer after a change',
);
for (const rate of RATES) {
  const { perThousand, latestMs } = await measure(rate);
  console.log(
    `${String(rate).padStart(25)} | ${perThousand.toFixed(1).padStart(24)} | ${(latestMs / 1_000).toFixed(2)} s`,
  );
}
