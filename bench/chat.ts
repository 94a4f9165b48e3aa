// What the production bundle adds to a chat answer, beside Portkey's gateway and beside asking the model
// server directly: (a) in bare workerd, its own cost; (b) in Miniflare with the real recorder behind it.
// Contenders take turns within a round. Run: node_modules/.bin/node bench/chat.ts [--quick].

import { type Contender, chatReport, type Sample } from './lib/chat-report.ts';
import { cpuSecondsOf, type Load, memoryOf, startLoad, startUpstream } from './lib/children.ts';
import { startForwarder } from './lib/forwarder.ts';
import type { LoadResult } from './lib/load-shape.ts';
import { readOptions } from './lib/options.ts';
import { ensurePeers, portkeyConfig, startPortkey } from './lib/peers.ts';
import { startRawWorkerd } from './lib/raw-workerd.ts';
import { chatBody, httpRequest, newVisitors, ourChats } from './lib/requests.ts';
import { machine, writeSection } from './lib/results.ts';
import { startStage } from './lib/stage-client.ts';

const VISITORS = 200;
const CONNECTIONS = [1, 10, 50];
/** Between two runs: what the last one left to do is done, and its sockets are gone. */
const PAUSE_MS = 150;

const options = readOptions(['rounds', 'seconds', 'tokens'], ['per-token']);
const rounds = options.number('rounds', 7, 3);
const seconds = options.number('seconds', 2, 1);
const tokens = options.number('tokens', 16, 16);
const perToken = options.flag('per-token');

interface Target {
  name: Contender;
  port: number;
  pids: readonly number[];
  whole: readonly string[];
  streamed: readonly string[];
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

async function measure(
  load: Load,
  target: Target,
  shape: { stream: boolean; connections: number; seconds: number },
): Promise<Sample> {
  const before = cpuSecondsOf(target.pids);
  const result = await load.run({
    port: target.port,
    requests: [...(shape.stream ? target.streamed : target.whole)],
    connections: shape.connections,
    seconds: shape.seconds,
    endsWith: shape.stream ? '[DONE]' : '',
  });
  // What an answer leaves behind, such as its record, belongs to its cost.
  await pause();
  const cpuSeconds = cpuSecondsOf(target.pids) - before;
  checkAll(target.name, result);
  return {
    ...shape,
    name: target.name,
    requestsPerSecond: result.requests / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuMs: (cpuSeconds / result.requests) * 1_000,
    generatorShare: result.cpuSeconds / result.seconds,
    requests: result.requests,
  };
}

function checkAll(name: string, result: LoadResult): void {
  if (result.failures === 0 && result.requests > 0) return;
  throw new Error(`${name}: ${result.failures} failed, the first: ${result.firstFailure}`);
}

const before = machine();
ensurePeers();
const upstream = await startUpstream(tokens, perToken);
const load = await startLoad();
const portkey = await startPortkey();
const raw = await startRawWorkerd({ upstreamPort: upstream.port });
const forwarder = await startForwarder(upstream.port);
const stage = await startStage(upstream.port);

const direct = (stream: boolean) => [
  httpRequest('/v1/chat/completions', {}, chatBody('bench', stream)),
];
const throughPortkey = (stream: boolean) => [
  httpRequest(
    '/v1/chat/completions',
    { 'x-portkey-config': portkeyConfig(upstream.port) },
    chatBody('bench', stream),
  ),
];
const rawVisitors = await newVisitors(raw.port, VISITORS);
const stageVisitors = await newVisitors(stage.port, VISITORS);
const targets: Target[] = [
  {
    name: 'direct',
    port: upstream.port,
    pids: [upstream.child.pid],
    whole: direct(false),
    streamed: direct(true),
  },
  {
    name: 'portkey',
    port: portkey.port,
    pids: [portkey.child.pid],
    whole: throughPortkey(false),
    streamed: throughPortkey(true),
  },
  {
    name: 'forwarder',
    port: forwarder.port,
    pids: [forwarder.pid],
    whole: direct(false),
    streamed: direct(true),
  },
  {
    name: 'workerd',
    port: raw.port,
    pids: [raw.pid],
    whole: ourChats(rawVisitors, false),
    streamed: ourChats(rawVisitors, true),
  },
  {
    name: 'miniflare',
    port: stage.port,
    pids: [stage.workerdPid, stage.hostPid],
    whole: ourChats(stageVisitors, false),
    streamed: ourChats(stageVisitors, true),
  },
];

const samples: Sample[] = [];
let asked = 0;
const memory: number[] = [];
for (const target of targets) {
  for (const stream of [false, true]) {
    const warm = { stream, connections: 10, seconds: Math.max(2, seconds) };
    const { requests } = await measure(load, target, warm);
    if (target.name === 'workerd') asked += requests;
  }
}
for (const stream of [false, true]) {
  for (const connections of CONNECTIONS) {
    for (let round = 0; round < rounds; round += 1) {
      // Another one goes first each time.
      const turn = targets.map((_, index) => targets[(index + round) % targets.length]);
      for (const target of turn) {
        if (target === undefined) continue;
        const sample = await measure(load, target, { stream, connections, seconds });
        samples.push({ ...sample, round });
        if (target.name !== 'workerd') continue;
        asked += sample.requests;
        memory.push(memoryOf(raw.pid).rssMib);
      }
      process.stderr.write(
        `${stream ? 'streamed' : 'whole'}, c = ${connections}, round ${round + 1} of ${rounds}\n`,
      );
    }
    await stage.drained(120_000);
  }
}
await pause();
const recorded = await raw.queued();
if (recorded !== asked) throw new Error(`of ${asked} answers ${recorded} were recorded`);

writeSection(
  'chat',
  chatReport({ before, samples, rounds, seconds, tokens, perToken, asked, recorded }),
  options.quick,
);
await Promise.all([stage.stop(), raw.stop(), forwarder.stop()]);
await Promise.all([portkey.child.stop(), load.stop(), upstream.child.stop()]);
