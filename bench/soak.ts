// A soak at half the peak: chats and votes for ten minutes on the local stack, its database gone for one of
// them. At the end everything that was acknowledged is counted in the record: nothing lost, nothing doubled.
// Run: node_modules/.bin/node bench/soak.ts [--minutes N] [--quick].

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { someAnswers, voteRequests } from './lib/answers.ts';
import { type Load, memoryOf, startLoad, startUpstream } from './lib/children.ts';
import { Inspector } from './lib/inspector.ts';
import { readOptions } from './lib/options.ts';
import { newVisitors, ourChats } from './lib/requests.ts';
import { machine, writeSection } from './lib/results.ts';
import { startStage } from './lib/stage-client.ts';
import { figure, median, table, verdict } from './lib/statistics.ts';

const ANSWERS = 1_000;
const CONNECTIONS = 20;
/** One vote for each so many answers. */
const VOTE_EVERY = 4;
const PEAK_SECONDS = 8;
/** Messages come again after at most a minute; nothing new for longer than that is the end. */
const SETTLED_AFTER_MS = 90_000;
const FLAT = 1.25;

const options = readOptions(['minutes', 'seconds']);
const minutes = Math.max(3, Math.round(options.number('minutes', 10, 4)));
/** How long one of these minutes is: shorter only to try the script. */
const seconds = options.number('seconds', 60, 10);
const goneIn = Math.floor(minutes / 2);

const totalsSchema = z.object({
  answers: z.coerce.number().int(),
  votes: z.coerce.number().int(),
  exposures: z.coerce.number().int(),
  met: z.coerce.number().int(),
});
const TOTALS = `select (select count(*) from interactions) as answers,
  (select count(*) from feedback_events) as votes,
  (select count(*) from exposures) as exposures,
  (select count(distinct visitor_id) from interactions where experiment_id is not null) as met`;

const before = machine();
const upstream = await startUpstream(16);
const chats = await startLoad();
const votes = await startLoad();
const stage = await startStage(upstream.port, { inspected: true });
const visitors = await newVisitors(stage.port, ANSWERS);
const given = await someAnswers(stage.port, ANSWERS);
const acknowledged = { answers: given.length, votes: 0 };
const failures: string[] = [];

interface Asked {
  rate?: number;
  seconds: number;
}

async function send(load: Load, requests: string[], asked: Asked, status: number): Promise<number> {
  const result = await load.run({
    port: stage.port,
    requests,
    connections: CONNECTIONS,
    status,
    ...asked,
  });
  if (result.failures > 0) failures.push(`${result.failures} times ${result.firstFailure}`);
  return result.requests;
}

async function run(asked: Asked): Promise<number> {
  const { rate } = asked;
  const [answered, voted] = await Promise.all([
    send(chats, ourChats(visitors, false), asked, 200),
    send(
      votes,
      voteRequests(given),
      rate === undefined ? { ...asked, rate: 20 } : { ...asked, rate: rate / VOTE_EVERY },
      202,
    ),
  ]);
  acknowledged.answers += answered;
  acknowledged.votes += voted;
  return answered;
}

// The peak is what also reaches the record: a queue that only grows is no rate to live with.
await run({ seconds: 2 });
await stage.drained(120_000);
const startedMs = performance.now();
const atPeak = await run({ seconds: PEAK_SECONDS });
await stage.drained(120_000);
const peak = atPeak / ((performance.now() - startedMs) / 1_000);
const rate = peak / 2;

/** Miniflare's simulators have isolates of their own in the same process. */
async function heapOfTheWorker(): Promise<number> {
  const inspector = await Inspector.of(stage.inspectorPort ?? 0, 'core:user:bruno-loop');
  const { heapUsedMib } = await inspector.heap();
  inspector.close();
  return heapUsedMib;
}

interface Minute {
  minute: number;
  answered: number;
  gone: boolean;
  heap: number;
  workerd: number;
  host: number;
}
const lines: Minute[] = [];
for (let minute = 0; minute < minutes; minute += 1) {
  const gone = minute === goneIn;
  if (gone) await stage.database('stop');
  const answered = await run({ rate, seconds });
  if (gone) await stage.database('start');
  const workerd = memoryOf(stage.workerdPid).rssMib;
  const host = memoryOf(stage.hostPid).rssMib;
  lines.push({ minute, answered, gone, heap: await heapOfTheWorker(), workerd, host });
  process.stderr.write(
    `minute ${minute + 1} of ${minutes}: ${answered} answers, workerd ${figure(workerd)} MiB${gone ? ', no database' : ''}\n`,
  );
}

const settled = async () => {
  let last = await stage.row(TOTALS, totalsSchema);
  let changedMs = Date.now();
  for (;;) {
    const all = last.answers >= acknowledged.answers && last.votes >= acknowledged.votes;
    if (all || Date.now() - changedMs > SETTLED_AFTER_MS) break;
    await sleep(500);
    const next = await stage.row(TOTALS, totalsSchema);
    if (next.answers !== last.answers || next.votes !== last.votes) changedMs = Date.now();
    last = next;
  }
  // What would be written twice comes after it was written once.
  await sleep(3_000);
  return stage.row(TOTALS, totalsSchema);
};
const written = await settled();
await stage.stop();
await Promise.all([chats.stop(), votes.stop(), upstream.child.stop()]);

const exact = written.answers === acknowledged.answers && written.votes === acknowledged.votes;
const once = written.exposures === written.met;
// Before the outage against the end: what the outage itself piled up is to be gone again.
const early = median(lines.slice(1, goneIn).map((line) => line.workerd + line.host));
const late = median(lines.slice(-Math.max(1, goneIn - 1)).map((line) => line.workerd + line.host));
const flat = late / early <= FLAT;
writeSection(
  'soak',
  `## Soak: ${minutes} minutes at half the peak

${before} A minute here has ${seconds} s; peak ${figure(peak)} answers a second until they are in the record, so ${figure(rate)} were asked for, and a vote with every fourth.

On the local stack in Miniflare. Postgres was stopped for minute ${goneIn + 1}; chats and votes went on. _Heap_ is what V8 says the Worker’s isolate uses, garbage not yet collected included; the process has
Miniflare’s simulators of queue, KV and objects in it too, each with an isolate of its own.

${table(
  ['minute', 'answers', 'heap MiB', 'workerd MiB', 'host MiB', ''],
  lines.map((line) => [
    String(line.minute + 1),
    line.answered.toLocaleString('en'),
    figure(line.heap),
    figure(line.workerd),
    figure(line.host),
    line.gone ? 'no database' : '',
  ]),
)}

${table(
  ['', 'acknowledged', 'in the record', 'lost', 'doubled'],
  (['answers', 'votes'] as const).map((what) => [
    what,
    acknowledged[what].toLocaleString('en'),
    written[what].toLocaleString('en'),
    String(Math.max(0, acknowledged[what] - written[what])),
    String(Math.max(0, written[what] - acknowledged[what])),
  ]),
)}

Exposures: ${written.exposures.toLocaleString('en')} for ${written.met.toLocaleString('en')} visitors who met the experiment. Requests refused or failed: ${failures.length === 0 ? 'none' : failures.join('; ')}.
Nothing lost, nothing doubled: ${verdict(exact && once && failures.length === 0)}. Memory at the end ${figure(late / early)} times that before the outage; flat, meaning at most ${FLAT}: ${verdict(flat)}.`,
  options.quick,
);
// A few seconds each say nothing of memory: a runtime fills what it may before it collects.
const leaks = !options.quick && !flat;
if (!exact || !once || failures.length > 0 || leaks) process.exitCode = 1;
