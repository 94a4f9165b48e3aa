// How often an isolate reads the routing object for each 1,000 requests, and how late it sees a
// change. Runs the router's own lease over a virtual clock with Poisson arrivals, so that the result
// is exact and the same everywhere. Run: node_modules/.bin/node bench/routing-reads.ts [--quick].

import { LeasedTable } from '../adapters/routing-table/leased-table.ts';
import { initialTable } from '../core/routing.ts';
import { mulberry32 } from '../simulation/random.ts';
import { readOptions } from './lib/options.ts';
import { writeSection } from './lib/results.ts';
import { figure, table } from './lib/statistics.ts';

const RATES = [0.1, 1, 10, 100, 1_000];

/** Where few come in that time, it goes on until so many have. */
const FEWEST = 100_000;

const options = readOptions(['minutes']);
const minutes = options.number('minutes', 60, 10);

async function measure(perSecond: number) {
  const random = mulberry32(1);
  const leased = new LeasedTable();
  const requests = Math.max(FEWEST, Math.round(perSecond * minutes * 60));
  let reads = 0;
  let nowMs = 0;
  let version = 0;
  let changedMs = 0;
  // About every minute, at no particular moment of a lease.
  const nextChangeMs = (fromMs: number) => fromMs + 30_000 + random() * 60_000;
  let nextMs = nextChangeMs(0);
  let latestMs = 0;
  for (let request = 0; request < requests; request += 1) {
    nowMs += (-Math.log(1 - random()) / perSecond) * 1_000;
    if (nowMs >= nextMs) {
      version += 1;
      changedMs = nextMs;
      nextMs = nextChangeMs(nowMs);
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
  return { perThousand: (reads / requests) * 1_000, latestMs };
}

const rows: string[][] = [];
for (const rate of RATES) {
  const { perThousand, latestMs } = await measure(rate);
  rows.push([figure(rate), figure(perThousand), figure(latestMs / 1_000)]);
}
writeSection(
  'routing-reads',
  `## Routing: how often the table is read

The lease that the router uses, over a virtual clock: requests come as a Poisson process for ${figure(minutes)} minutes, and until there are ${FEWEST.toLocaleString('en')};
the table changes about every minute, at any moment of a lease. Exact, and the same on every machine. _Latest old answer_ is how long after a change a request was still answered by the table before it.

${table(
  [
    'requests/s in one isolate',
    'reads of the routing object per 1,000 requests',
    'latest old answer, s',
  ],
  rows,
)}`,
  options.quick,
);
