// Who gets which model: what one decision costs here and in GrowthBook's SDK, for an equal experiment and
// the same users. Run: node_modules/.bin/node bench/assignment.ts [--quick].

import { z } from 'zod';
import { uuidv7 } from '../core/ids.ts';
import { assign } from '../core/routing.ts';
import { mulberry32 } from '../simulation/random.ts';
import { SHARE_BP, tableWithExperiment } from './lib/experiment.ts';
import { readOptions } from './lib/options.ts';
import { ensurePeers, peerVersion, startGrowthBook } from './lib/peers.ts';
import { machine, writeSection } from './lib/results.ts';
import { figure, least, median, most, table, times, verdict } from './lib/statistics.ts';

const GOAL = 0.2;
const options = readOptions(['rounds', 'users']);
const rounds = options.number('rounds', 25, 7);
const count = options.number('users', 100_000, 30_000);

interface Turn {
  nsPerUser: number;
  treated: number;
}
const turnSchema = z.strictObject({ nsPerUser: z.number(), treated: z.int() });

const random = mulberry32(1);
const T0 = 1_800_000_000_000;
const users = Array.from({ length: count }, (_, index) =>
  uuidv7(
    T0 + index,
    Uint8Array.from({ length: 10 }, () => random() * 256),
  ),
);
const routing = tableWithExperiment(T0);

function ours(): Turn {
  let treated = 0;
  const startedMs = performance.now();
  for (const id of users) if (assign(routing, id).arm === 'treatment') treated += 1;
  return { nsPerUser: ((performance.now() - startedMs) * 1e6) / users.length, treated };
}

const before = machine();
ensurePeers();
const peer = await startGrowthBook(SHARE_BP);
const theirs = async (): Promise<Turn> => {
  peer.tell({ users });
  return turnSchema.parse(await peer.line());
};

for (let warm = 0; warm < 3; warm += 1) {
  ours();
  await theirs();
}
const turns: { ours: Turn; theirs: Turn }[] = [];
for (let round = 0; round < rounds; round += 1) {
  // Who goes first changes.
  if (round % 2 === 0) turns.push({ ours: ours(), theirs: await theirs() });
  else {
    const second = await theirs();
    turns.push({ theirs: second, ours: ours() });
  }
}
await peer.stop();

const ratios = turns.map((turn) => turn.ours.nsPerUser / turn.theirs.nsPerUser);
const row = (name: string, of: (turn: (typeof turns)[number]) => Turn) => {
  const each = turns.map(of);
  const share = (each[0]?.treated ?? 0) / users.length;
  return [
    name,
    figure(median(each.map((turn) => turn.nsPerUser))),
    `${figure(share * 100)} % (${figure(SHARE_BP / 100)} % asked for)`,
  ];
};
const ratio = median(ratios);
writeSection(
  'assignment',
  `## Assignment: one decision

${before} GrowthBook ${peerVersion('@growthbook/growthbook')}, its client for servers. ${rounds} rounds over ${users.length.toLocaleString('en')} users each.

What one user’s assignment to an experiment costs, hash included.

${table(
  ['', 'ns', 'treated'],
  [row('ours', (turn) => turn.ours), row('GrowthBook', (turn) => turn.theirs)],
)}

Ours takes ${times(ratio)} its time (${times(least(ratios))} to ${times(most(ratios))} over the rounds); goal at most ${times(GOAL)}: ${verdict(ratio <= GOAL)}.`,
  options.quick,
);
