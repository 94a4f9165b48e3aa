// Where the time of a chat answer goes: the production bundle in bare workerd under load, looked at by V8's
// own profiler. What the runtime does on behalf of a function (fetch, console, crypto) counts as that
// function's. Run: node_modules/.bin/node bench/profile.ts [--quick].

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { repoRoot } from '../local/home.ts';
import { startLoad, startUpstream } from './lib/children.ts';
import { type CpuProfile, Inspector } from './lib/inspector.ts';
import { readOptions } from './lib/options.ts';
import { startRawWorkerd } from './lib/raw-workerd.ts';
import { newVisitors, ourChats } from './lib/requests.ts';
import { machine, writeSection } from './lib/results.ts';
import { figure, table } from './lib/statistics.ts';

const CONNECTIONS = 50;
const EVERY_US = 200;
/** Parts with less of both kinds are added up. */
const SHOWN_PERCENT = 1;
const options = readOptions(['seconds']);
const seconds = options.number('seconds', 15, 5);

const mapSchema = z.looseObject({
  file: z.string().default('index.js'),
  version: z.int(),
  sources: z.array(z.string()),
  sourcesContent: z.unknown().transform((): string[] => []),
  names: z.array(z.string()),
  mappings: z.string(),
  sourceRoot: z.string().default(''),
});

/** A package, or a file of ours. */
function partOf(source: string): string {
  const path = source.replace(/^(\.\.\/)+/, '');
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path);
  return packaged?.[1] ?? path;
}

function sourceAt(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line, column);
  return 'originalSource' in entry && typeof entry.originalSource === 'string'
    ? entry.originalSource
    : undefined;
}

/** Seconds by part; the time in which nothing was to do is left out. */
function byPart({ nodes, samples, timeDeltas }: CpuProfile, map: SourceMap): Map<string, number> {
  const own = new Map<number, number>();
  samples.forEach((id, at) => {
    own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0) / 1e6);
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = new Map<string, number>();
  const visit = (id: number, caller: string) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName, url, lineNumber, columnNumber } = node.callFrame;
    const source = url.endsWith('index.js') && sourceAt(map, lineNumber, columnNumber);
    const part = source ? partOf(source) : caller;
    const name = functionName === '(garbage collector)' ? 'garbage collection' : part;
    if (functionName !== '(idle)') parts.set(name, (parts.get(name) ?? 0) + (own.get(id) ?? 0));
    for (const child of node.children) visit(child, part);
  };
  const [root] = nodes;
  if (root !== undefined) visit(root.id, 'the runtime');
  return parts;
}

const before = machine();
const upstream = await startUpstream(16);
const load = await startLoad();
const raw = await startRawWorkerd({ upstreamPort: upstream.port, inspector: true });
const visitors = await newVisitors(raw.port, 200);
const map = new SourceMap(
  mapSchema.parse(
    JSON.parse(readFileSync(join(repoRoot, 'dist/worker/bundle/index.js.map'), 'utf8')),
  ),
);

async function measured(stream: boolean) {
  const ask = async (lasting: number) => {
    const requests = ourChats(visitors, stream);
    const shape = { port: raw.port, connections: CONNECTIONS, seconds: lasting };
    const result = await load.run({ ...shape, requests, endsWith: stream ? '[DONE]' : '' });
    if (result.failures > 0) throw new Error(`the first failure: ${result.firstFailure}`);
    return result.requests;
  };
  await ask(3);
  const inspector = await Inspector.of(z.int().parse(raw.inspectorPort), 'bruno');
  let answers = 0;
  const profile = await inspector.profile(async () => {
    answers = await ask(seconds);
  }, EVERY_US);
  inspector.close();
  const parts = byPart(profile, map);
  const busy = [...parts.values()].reduce((sum, one) => sum + one, 0);
  return { answers, busy, percent: (part: string) => ((parts.get(part) ?? 0) / busy) * 100, parts };
}

const whole = await measured(false);
const streamed = await measured(true);
await raw.stop();
await load.stop();
await upstream.child.stop();

const percents = [...new Set([...whole.parts.keys(), ...streamed.parts.keys()])]
  .map((part) => ({ part, whole: whole.percent(part), streamed: streamed.percent(part) }))
  .toSorted((a, b) => b.whole - a.whole);
const isShown = (one: (typeof percents)[number]) =>
  Math.max(one.whole, one.streamed) >= SHOWN_PERCENT;
const rest = percents.filter((one) => !isShown(one));
const sum = (of: 'whole' | 'streamed') => rest.reduce((all, one) => all + one[of], 0);
const milliseconds = ({ busy, answers }: typeof whole) => figure((busy / answers) * 1_000);
writeSection(
  'profile',
  `## Profile: where the time of a chat answer goes

${before} ${figure(seconds)} s of each kind over ${CONNECTIONS} connections: ${whole.answers.toLocaleString('en')} whole answers, ${streamed.answers.toLocaleString('en')} streamed.

The bundle in bare workerd, in percent of the time in which its isolate was at work: ${milliseconds(whole)} ms a whole answer, ${milliseconds(streamed)} ms a streamed one, the profiler’s own cost included. What the runtime does for a
caller counts as the caller’s; the rest of the process (sockets, HTTP, the stand-ins) is not in here.

${table(
  ['part', 'whole %', 'streamed %'],
  [
    ...percents
      .filter(isShown)
      .map((one) => [`\`${one.part}\``, figure(one.whole), figure(one.streamed)]),
    ['everything else', figure(sum('whole')), figure(sum('streamed'))],
  ],
)}`,
  options.quick,
);
