// GrowthBook's SDK deciding the same experiment for many users, in a process of its own beside its packages.
// Takes {"users": N} on stdin and answers the nanoseconds for each and how many it treated.

import { createInterface } from 'node:readline';
import { GrowthBookClient } from '@growthbook/growthbook';

const shareBp = Number(process.argv[2]);
// The client for servers: one for all users, each handed in with the call.
const client = new GrowthBookClient({});
client.initSync({ payload: { features: {} } });
const experiment = {
  key: 'exp-2026-w42.1-1',
  seed: '2026-w42.1:1',
  hashAttribute: 'id',
  hashVersion: 2,
  variations: ['2026-w41.1', '2026-w42.1'],
  weights: [1 - shareBp / 10_000, shareBp / 10_000],
};

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const { users } = JSON.parse(line);
  let treated = 0;
  const startedMs = performance.now();
  for (const id of users) {
    const result = client.runInlineExperiment(experiment, { attributes: { id } });
    if (result.variationId === 1) treated += 1;
  }
  const tookMs = performance.now() - startedMs;
  console.log(JSON.stringify({ nsPerUser: (tookMs * 1e6) / users.length, treated }));
}
