// Feedback on its whole way, HTTP to queue to recorder to Postgres, in durable rows per second, beside the
// same Postgres taking the same rows in plain batches. The two take turns within a round.
// Run: node_modules/.bin/node bench/feedback.ts [--quick].

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { withConnection } from '../local/migrate.ts';
import { type Given, signalRequests, someAnswers, voteRequests } from './lib/answers.ts';
import { type Load, startLoad, startUpstream } from './lib/children.ts';
import { readOptions } from './lib/options.ts';
import { machine, writeSection } from './lib/results.ts';
import { type Stage, startStage } from './lib/stage-client.ts';
import { figure, median, table, times, verdict } from './lib/statistics.ts';

const GOAL = 0.5;
/** Of as many visitors: one visitor who votes hundreds of times is another load than many who do a few. */
const ANSWERS = 1_500;
/** A request waits for its batch to be sent, so it takes many at once to keep the stack busy. */
const CONNECTIONS = { signals: 32, votes: 256 };
const SIGNALS_A_REQUEST = 20;
const ROWS_A_BATCH = 100;
const DRAIN_WITHIN_MS = 120_000;

const options = readOptions(['rounds', 'seconds']);
const rounds = options.number('rounds', 5, 3);
const seconds = options.number('seconds', 8, 3);

const countSchema = z.object({ total: z.coerce.number().int() });
const rowsNow = async (stage: Stage) =>
  (await stage.row('select count(*) as total from feedback_events', countSchema)).total;

interface Turn {
  rowsPerSecond: number;
  rows: number;
}

/** From the first request until the last row is committed. */
async function throughTheStack(
  stage: Stage,
  load: Load,
  sent: { requests: readonly string[]; eventsEach: number; connections: number },
): Promise<Turn> {
  const before = await rowsNow(stage);
  const startedMs = performance.now();
  const result = await load.run({
    port: stage.port,
    requests: [...sent.requests],
    connections: sent.connections,
    seconds,
    status: 202,
  });
  if (result.failures > 0) throw new Error(`the first failure: ${result.firstFailure}`);
  await stage.drained(DRAIN_WITHIN_MS);
  const tookSeconds = (performance.now() - startedMs) / 1_000;
  const rows = (await rowsNow(stage)) - before;
  const acknowledged = result.requests * sent.eventsEach;
  if (rows !== acknowledged)
    throw new Error(`${acknowledged} events were acknowledged, ${rows} written`);
  return { rowsPerSecond: rows / tookSeconds, rows };
}

const columns = [
  'event_id',
  'interaction_id',
  'visitor_id',
  'source',
  'feedback_type',
  'feedback_value',
  'model_version',
  'metadata',
  'at',
  'received_at',
];

/** One connection, one statement of a hundred rows after the other. */
async function plainBatches(stage: Stage, answers: readonly Given[]): Promise<Turn> {
  return withConnection(stage.databaseUrl, stage.proxyAddress, async (client) => {
    const one = `(${columns.map(() => '?').join(', ')})`;
    let parameter = 0;
    const values = Array.from({ length: ROWS_A_BATCH }, () => one)
      .join(', ')
      .replaceAll('?', () => {
        parameter += 1;
        return `$${parameter}`;
      });
    const statement = `insert into feedback_events (${columns.join(', ')}) values ${values} on conflict do nothing`;
    let rows = 0;
    const startedMs = performance.now();
    while (performance.now() - startedMs < seconds * 1_000) {
      const now = new Date();
      const batch = Array.from({ length: ROWS_A_BATCH }, (_, index) => [
        randomUUID(),
        answers[index % answers.length]?.interaction_id,
        randomUUID(),
        'explicit',
        'thumbs_up',
        1,
        '2026-w41.1',
        '{}',
        now,
        now,
      ]);
      await client.query(statement, batch.flat());
      rows += ROWS_A_BATCH;
    }
    return { rowsPerSecond: rows / ((performance.now() - startedMs) / 1_000), rows };
  });
}

const before = machine();
const upstream = await startUpstream(16);
const load = await startLoad();
const stage = await startStage(upstream.port);
const answers = await someAnswers(stage.port, ANSWERS);
const contenders = {
  plain: () => plainBatches(stage, answers),
  signals: () =>
    throughTheStack(stage, load, {
      requests: signalRequests(answers, SIGNALS_A_REQUEST),
      eventsEach: SIGNALS_A_REQUEST,
      connections: CONNECTIONS.signals,
    }),
  votes: () =>
    throughTheStack(stage, load, {
      requests: voteRequests(answers),
      eventsEach: 1,
      connections: CONNECTIONS.votes,
    }),
};
const names = ['plain', 'signals', 'votes'] as const;
type Name = (typeof names)[number];
const turns: Record<Name, Turn>[] = [];
for (const name of names) await contenders[name]();
for (let round = 0; round < rounds; round += 1) {
  const turn: Partial<Record<Name, Turn>> = {};
  for (let index = 0; index < names.length; index += 1) {
    const name = names[(index + round) % names.length];
    if (name !== undefined) turn[name] = await contenders[name]();
  }
  const { plain, signals, votes } = turn;
  if (plain && signals && votes) turns.push({ plain, signals, votes });
  process.stderr.write(`round ${round + 1} of ${rounds}\n`);
}
await stage.stop();
await load.stop();
await upstream.child.stop();

const ratio = (name: Name) =>
  median(turns.map((turn) => turn[name].rowsPerSecond / turn.plain.rowsPerSecond));
const row = (what: string, name: Name) => [
  what,
  figure(median(turns.map((turn) => turn[name].rowsPerSecond))),
  name === 'plain' ? '' : times(ratio(name)),
  name === 'plain' ? '' : verdict(ratio(name) >= GOAL),
];
writeSection(
  'feedback',
  `## Feedback: events to durable rows

${before} ${rounds} rounds of ${seconds} s each; ${ANSWERS.toLocaleString('en')} visitors with an answer each; ${CONNECTIONS.signals} connections for signals, ${CONNECTIONS.votes} for votes.

From HTTP over the token’s check, the rate limits, the queue and the recorder to a committed row, in Miniflare and the embedded Postgres; the time runs until
the last event is written, and every acknowledged event is counted in the table. _Plain_ is one connection that inserts ${ROWS_A_BATCH} rows at a time into the
same table, indexes and triggers included, and does nothing else. What keeps ours from it: HTTP, the decryption of each event’s token, the simulated
queue and the recorder share the one thread of the local runtime, where a deployed Worker has isolates of its own for each; the recorder
opens a connection for each batch, as it must; and the queue hands over one batch of at most a hundred at a time, the last after a second.

${table(
  ['', 'rows/s', 'of plain', `goal ${times(GOAL)}`],
  [
    row('plain batches', 'plain'),
    row(`signals, ${SIGNALS_A_REQUEST} a request, as the trackers send them`, 'signals'),
    row('votes, one a request', 'votes'),
  ],
)}`,
  options.quick,
);
