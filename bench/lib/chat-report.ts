// The chat section of RESULTS.md: what each figure means, the table, and which goals are met.

import { peerVersion } from './peers.ts';
import { figure, median, table, times, verdict } from './statistics.ts';

export type Contender = 'direct' | 'portkey' | 'forwarder' | 'workerd' | 'miniflare';

export interface Sample {
  name: Contender;
  stream: boolean;
  connections: number;
  round?: number;
  seconds: number;
  requests: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the contender's own processes, for each request. */
  cpuMs: number;
  /** Of one core, what the load generator used. */
  generatorShare: number;
}

interface Run {
  before: string;
  samples: readonly Sample[];
  rounds: number;
  seconds: number;
  tokens: number;
  perToken: boolean;
  asked: number;
  recorded: number;
}

const NAMES: Record<Contender, string> = {
  direct: 'direct (the generator’s ceiling)',
  portkey: 'Portkey',
  forwarder: 'workerd, only forwarding',
  workerd: 'ours (a), workerd',
  miniflare: 'ours (b), Miniflare',
};

interface Row {
  name: Contender;
  requestsPerSecond: number;
  addedP50Ms: number;
  addedP99Ms: number;
  cpuMs: number;
}

/** One contender in one round, less what asking directly took in the same round. */
function rowsOf(cell: readonly Sample[], name: Contender): Row[] {
  return cell
    .filter((sample) => sample.name === name)
    .map((sample) => {
      const bare = cell.find((one) => one.name === 'direct' && one.round === sample.round);
      return {
        name,
        requestsPerSecond: sample.requestsPerSecond,
        addedP50Ms: sample.p50Ms - (bare?.p50Ms ?? 0),
        addedP99Ms: sample.p99Ms - (bare?.p99Ms ?? 0),
        cpuMs: sample.cpuMs,
      };
    });
}

type Measure = Exclude<keyof Row, 'name'>;

/** The median of the rounds' ratios. */
const ratio = (ours: readonly Row[], theirs: readonly Row[], of: Measure) =>
  median(ours.map((row, index) => row[of] / (theirs[index]?.[of] ?? Number.NaN)));

interface Goal {
  text: string;
  met: (value: number) => boolean;
  of: Measure;
  name: Contender;
}

const GOALS: readonly Goal[] = [
  {
    text: '(a) half its added p50',
    name: 'workerd',
    of: 'addedP50Ms',
    met: (value) => value <= 0.5,
  },
  {
    text: '(a) half its added p99',
    name: 'workerd',
    of: 'addedP99Ms',
    met: (value) => value <= 0.5,
  },
  {
    text: '(a) twice its requests per second',
    name: 'workerd',
    of: 'requestsPerSecond',
    met: (value) => value >= 2,
  },
  {
    text: '(a) half its CPU per request',
    name: 'workerd',
    of: 'cpuMs',
    met: (value) => value <= 0.5,
  },
  {
    text: '(b) 1.2 times its requests per second',
    name: 'miniflare',
    of: 'requestsPerSecond',
    met: (value) => value >= 1.2,
  },
];

export function chatReport(run: Run): string {
  const cells = new Map<string, Sample[]>();
  for (const sample of run.samples) {
    const key = `${sample.stream ? 'streamed' : 'whole'}, c = ${sample.connections}`;
    cells.set(key, [...(cells.get(key) ?? []), sample]);
  }
  const figures = [...cells].flatMap(([key, cell]) =>
    (['direct', 'portkey', 'forwarder', 'workerd', 'miniflare'] as const).map((name) => {
      const rows = rowsOf(cell, name);
      const middle = (of: Measure) => figure(median(rows.map((row) => row[of])));
      const isDirect = name === 'direct';
      return [
        key,
        NAMES[name],
        middle('requestsPerSecond'),
        isDirect ? '' : middle('addedP50Ms'),
        isDirect ? '' : middle('addedP99Ms'),
        isDirect ? '' : middle('cpuMs'),
      ];
    }),
  );
  const goals = GOALS.map((goal) => {
    const values = [...cells.values()].map((cell) =>
      ratio(rowsOf(cell, goal.name), rowsOf(cell, 'portkey'), goal.of),
    );
    const met = values.filter(goal.met).length;
    return [
      goal.text,
      ...values.map(times),
      met === values.length ? verdict(true) : `${verdict(false)} in ${values.length - met}`,
    ];
  });
  const { before, rounds, seconds, tokens, perToken, asked, recorded } = run;
  const [busiest] = run.samples
    .filter((sample) => sample.name !== 'direct')
    .map((sample) => sample.generatorShare)
    .toSorted((a, b) => b - a);
  return `## Chat: what the bundle adds to an answer

${before} Portkey ${peerVersion('@portkey-ai/gateway')}. ${rounds} rounds of ${seconds} s for each line.

The model server is a stub that answers ${tokens} tokens at once${perToken ? ', each in an HTTP chunk of its own' : ''}; asking it directly shows how far the load
generator goes, and beside a gateway the generator used ${figure((busiest ?? 0) * 100)} % of a core at most. _Added_ is the percentile less the direct one of the
same round, in milliseconds. _CPU_ is user and system time of all the contender’s own processes for each request. Ours has a visitor’s
token checked, an experiment assigned, both rate limits counted, a feedback token issued, a log line written and the answer recorded: of ${asked.toLocaleString('en')} answers
in workerd ${recorded.toLocaleString('en')} events reached its queue. Portkey forwards, with nothing else configured. It waits 25 ms on purpose before the first piece of a
stream. (a) is the bundle in bare workerd with stand-ins for KV, queue, routing object and limiters; (b) is Miniflare on its direct socket, and its
recorder writes to Postgres on the same cores meanwhile. _Only forwarding_ is a
worker of ten lines that hands the request on: the runtime’s own part of (a), which nothing in the bundle can change.

${table(['', 'through', 'requests/s', 'added p50', 'added p99', 'CPU ms'], figures, 2)}

Against Portkey (ratio of ours to its):

${table(['goal', ...cells.keys(), ''], goals)}

Where (a) spends its CPU, of Portkey’s: ${[...cells]
    .map(([key, cell]) => {
      const theirs = rowsOf(cell, 'portkey');
      const floor = ratio(rowsOf(cell, 'forwarder'), theirs, 'cpuMs');
      const all = ratio(rowsOf(cell, 'workerd'), theirs, 'cpuMs');
      return `${key}: ${times(floor)} is forwarding, ${times(all - floor)} the rest`;
    })
    .join(
      '; ',
    )}. The rest is spread thin, as the profile below shows: reading the model’s events (JSON and its schema),
the feedback token’s encryption, the request’s schema and routing, the log line and the event for the queue. An answer is always asked
for as a stream, so that a model that hangs is noticed before its first token; Portkey asks for a whole answer where the client does.`;
}
