// Memory of an isolate under load: the production bundle in bare workerd, asked as fast as it answers, while
// the operating system says what the process holds and V8's inspector what the isolate's heap holds.
// Run: node_modules/.bin/node bench/memory.ts [--quick].

import { z } from 'zod';
import { memoryOf, startLoad, startUpstream } from './lib/children.ts';
import { Inspector } from './lib/inspector.ts';
import { readOptions } from './lib/options.ts';
import { startRawWorkerd } from './lib/raw-workerd.ts';
import { newVisitors, ourChats } from './lib/requests.ts';
import { machine, writeSection } from './lib/results.ts';
import { figure, median, most, table } from './lib/statistics.ts';

/** Cloudflare's limit for an isolate: https://developers.cloudflare.com/workers/platform/limits/ */
const LIMIT_MIB = 128;
const CONNECTIONS = 50;
const options = readOptions(['seconds']);
const seconds = Math.max(5, Math.round(options.number('seconds', 60, 10)));

const before = machine();
const upstream = await startUpstream(16);
const load = await startLoad();
const raw = await startRawWorkerd({ upstreamPort: upstream.port, inspector: true });
const inspector = await Inspector.of(z.int().parse(raw.inspectorPort), 'bruno');
const idle = { ...memoryOf(raw.pid), ...(await inspector.heap()) };
const visitors = await newVisitors(raw.port, 200);

const samples: (typeof idle & { requests: number })[] = [];
let asked = 0;
for (let second = 0; second < seconds; second += 1) {
  const result = await load.run({
    port: raw.port,
    requests: ourChats(visitors, second % 2 === 1),
    connections: CONNECTIONS,
    seconds: 1,
  });
  if (result.failures > 0) throw new Error(`the first failure: ${result.firstFailure}`);
  asked += result.requests;
  samples.push({ ...memoryOf(raw.pid), ...(await inspector.heap()), requests: asked });
}
inspector.close();
await raw.stop();
await load.stop();
await upstream.child.stop();

const third = Math.floor(samples.length / 3);
type Measure = keyof typeof idle;
const row = (name: string, of: Measure) => [
  name,
  figure(idle[of]),
  figure(median(samples.slice(0, third).map((sample) => sample[of]))),
  figure(median(samples.slice(-third).map((sample) => sample[of]))),
  figure(most(samples.map((sample) => sample[of]))),
];
const heapMost = most(samples.map((sample) => sample.heapUsedMib));
writeSection(
  'memory',
  `## Memory: an isolate under load

${before} ${asked.toLocaleString('en')} answers in ${seconds} s over ${CONNECTIONS} connections, every second one streamed.

In MiB. _Heap_ is what V8 says the isolate uses, garbage not yet collected included; Cloudflare ends an isolate at ${LIMIT_MIB} MiB. _RSS_ and _PSS_ are the
whole process: the runtime, its code and the stand-ins too, under a V8 that nothing tells to keep small.

${table(
  ['', 'idle', 'first third', 'last third', 'most'],
  [row('heap used', 'heapUsedMib'), row('RSS', 'rssMib'), row('PSS', 'pssMib')],
)}

At its most the heap used ${figure((heapMost / LIMIT_MIB) * 100)} % of an isolate’s limit.`,
  options.quick,
);
