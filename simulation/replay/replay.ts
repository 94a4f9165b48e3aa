// One written run, sent through the product: each answer asked over HTTP of the router, each vote given with the
// answer's own token, all of it recorded through the queue, and at each look of the simulator a look of the
// real experiment object, at the same time by the local clock. Then what the record holds is compared.

import type { Database } from '../../adapters/postgres/connect.ts';
import { latestTable } from '../../adapters/postgres/models.ts';
import { inPool } from '../pool.ts';
import { SLOT_MS } from '../rollout/traffic.ts';
import { PREFIX, type ReplayClient } from './client.ts';
import { differences } from './differences.ts';
import type { LookLine, WrittenRun } from './events.ts';
import { placesOf, userAt } from './names.ts';
import { makeRollout } from './product.ts';
import {
  type Began,
  recordedLatencies,
  recordedLook,
  recordedSteps,
  stepLine,
  writtenLatencies,
} from './record.ts';
import type { ReplayStack } from './stack.ts';
import { type Asked, timesOf } from './timing.ts';

/** Votes wait a moment each for others, so that many at once cost little more than one. */
const WIDTH = 32;
/** Longer than an isolate holds on to a routing table. */
const LEASE_OVER_MS = 5_000;
const MOST_SHOWN = 20;

export interface Replayed {
  scenario: string;
  seed: number;
  /** As the product's object ended it, or `frozen`. */
  outcome: string;
  hours: number;
  reason: string;
  answers: number;
  votes: number;
  looks: number;
  /** Who answers a new visitor afterwards. */
  answersNow: 'candidate' | 'production';
  /** None: every sum, decision and latency was identical. */
  differences: string[];
}

export interface Stage {
  stack: ReplayStack;
  client: ReplayClient;
  db: Database;
  /** The Worker's time; the replay moves it on. */
  nowMs: number;
  signal: AbortSignal;
}

export async function replay(stage: Stage, written: WrittenRun, number: number): Promise<Replayed> {
  const { client, db } = stage;
  const began = await begin(stage, written, number);
  const found: string[] = [];
  const visits = await prepare(stage, written, began);
  for (const look of written.looks) {
    stage.signal.throwIfAborted();
    if (look.slot > 0) {
      await pass(stage, visits, look.slot - 1);
      await moveTo(stage, began.startMs + look.slot * SLOT_MS);
    }
    const { kind: _kind, slot, ...simulated } = look;
    const recorded = await recordedLook(db, began);
    found.push(...differences(`look at ${slot / 4} h`, simulated, recorded));
    // What follows a difference follows from it.
    if (found.length > 0) break;
  }
  if (found.length === 0) found.push(...(await afterwards(stage, written, began)));
  const last = written.looks.at(-1);
  if (last === undefined) throw new Error('a run without a look cannot be replayed');
  const recorded = await recordedLook(db, began);
  const { at } = recorded.state;
  const answersNow = await whoAnswers(stage, began, number);
  if (at.phase !== 'ended') await client.command(began.id, 'stop');
  return {
    scenario: written.run.scenario,
    seed: written.run.seed,
    outcome: at.phase === 'ended' ? at.outcome : at.phase,
    hours: (stage.nowMs - began.startMs) / 3_600_000,
    reason: recorded.reason,
    answers: written.answers.length,
    votes: written.votes.length,
    looks: written.looks.length,
    answersNow,
    differences: found.slice(0, MOST_SHOWN),
  };
}

/** A rollout of a new model, up to its first look. */
async function begin(stage: Stage, { run }: WrittenRun, number: number): Promise<Began> {
  const { stack, db } = stage;
  const table = await latestTable(db);
  const production = table?.production ?? stack.bindings.BASE_MODEL ?? '';
  const candidate = `replayed-${number}`;
  const id = await makeRollout(stage, {
    candidate,
    parent: production,
    policy: run.policy,
    nowMs: stage.nowMs,
  });
  const startMs = (Math.floor(stage.nowMs / SLOT_MS) + 1) * SLOT_MS;
  await moveTo(stage, startMs);
  return { id, candidate, production, startMs };
}

async function moveTo(stage: Stage, toMs: number): Promise<void> {
  await stage.client.moveClock(toMs);
  stage.nowMs = toMs;
}

interface Visits {
  bySlot: Map<number, Asked[]>;
  votes: Map<number, boolean>;
  users: Map<number, string>;
  question: (id: number) => string;
}

/** Names for everybody, and the script for the model server. */
async function prepare(
  { stack, db }: Stage,
  { run, answers, votes }: WrittenRun,
  { id }: Began,
): Promise<Visits> {
  const table = await latestTable(db);
  const salt = table?.experiments.find((one) => one.id === id)?.salt;
  if (salt === undefined) throw new Error(`experiment ${id} did not start at its first look`);
  const users = new Map<number, string>();
  for (const [visitor, place] of placesOf(answers)) {
    users.set(visitor, userAt(place, { prefix: PREFIX, salt, stem: `${id}-${visitor}` }));
  }
  const question = (answer: number) => `Question ${answer} of ${run.scenario}, ${id}?`;
  for (const line of answers) stack.models.scripts.set(question(line.id), line);
  const slots = Map.groupBy(answers, ({ slot }) => slot);
  return {
    bySlot: new Map([...slots].map(([slot, own]) => [slot, timesOf(own)])),
    votes: new Map(votes.map(({ answer, up }) => [answer, up])),
    users,
    question,
  };
}

/** A quarter of an hour: its answers and their votes. */
async function pass({ client }: Stage, visits: Visits, slot: number): Promise<void> {
  const tell = async ({ line, atMs }: Asked) => {
    const user = visits.users.get(line.visitor) ?? '';
    const told = await client.ask(visits.question(line.id), { user, atMs, breaks: line.breaks });
    const up = visits.votes.get(line.id);
    if (up !== undefined) await client.vote(told, up, atMs + line.total_ms);
  };
  const [first, ...rest] = visits.bySlot.get(slot) ?? [];
  // Alone: it fetches the routing table that the look before may have changed, and nobody is answered by
  // the one held until then, as for three seconds they might be.
  if (first !== undefined) await tell(first);
  await inPool(rest, WIDTH, tell);
}

/** The signed steps, latencies, and that nothing was counted twice or dropped. */
async function afterwards({ db }: Stage, written: WrittenRun, began: Began): Promise<string[]> {
  const latencies = await recordedLatencies(db, began.id);
  return [
    ...differences('steps', stepsOf(written.looks), await recordedSteps(db, began)),
    ...differences('latencies', writtenLatencies(written.answers), latencies),
  ];
}

function stepsOf(looks: readonly LookLine[]): string[] {
  return looks.flatMap(({ slot, state, reason }, index) =>
    state.step === (looks[index - 1]?.state.step ?? 0)
      ? []
      : [stepLine({ ms: slot * SLOT_MS, state, reason })],
  );
}

/** Asked of somebody whom no run knows, once nobody holds an old routing table any more. */
async function whoAnswers(
  { stack, client }: Stage,
  { id, candidate }: Began,
  number: number,
): Promise<Replayed['answersNow']> {
  const question = `Who answers after ${id}?`;
  stack.models.scripts.set(question, {
    kind: 'answer',
    id: 0,
    visitor: 0,
    arm: 'control',
    share_bp: 0,
    slot: 0,
    breaks: false,
    first_token_ms: 100,
    total_ms: 200,
    completion_tokens: 2,
  });
  await client.ask(question, { user: `after-${number}`, atMs: LEASE_OVER_MS, breaks: false });
  return stack.models.asked.get(question) === candidate ? 'candidate' : 'production';
}
