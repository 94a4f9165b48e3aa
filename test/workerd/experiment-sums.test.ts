// The sums that decide an experiment, kept by the recorder: after any delivery of any traffic they
// equal what the raw rows say.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { recountVisitors } from '../../adapters/postgres/experiment-sums.ts';
import { bucketOf } from '../../core/assignment.ts';
import { standingVotes } from '../../core/feedback-values.ts';
import type { InteractionEvent, QueueEvent } from '../../core/wire/events.ts';
import { mulberry32 } from '../../simulation/random.ts';
import { databaseOf, learningOf } from '../../workers/env.ts';
import { bruteForce, comparable, deliver, sumsOf, T0, thumbOf } from './experiment-support.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const HOUR = 3_600_000;
const { bounds } = learningOf(env).feedback;
const STAGES = [1_000, 2_500, 5_000, 9_500];

const expectExact = async (experimentId: string) =>
  expect(comparable(await sumsOf(experimentId))).toEqual(
    comparable(await bruteForce(experimentId)),
  );

const armOf = (visitor: string, salt: string, share_bp: number) =>
  bucketOf(visitor, salt) < share_bp ? 'treatment' : 'control';

const SOURCE = { id: 'runbook', title: 'Loki', text: 'Loki listens on port 3100.' };

/** Growing shares, a new control half-way, every kind of trouble, and people who change their minds. */
function traffic(experiment_id: string, seed: number): QueueEvent[] {
  const random = mulberry32(seed);
  const pick = <Value>(...values: Value[]) => values[Math.floor(random() * values.length)];
  const events: QueueEvent[] = [];
  for (let index = 0; index < 160; index += 1) {
    const at = T0 + index * HOUR;
    const visitor_id = `visitor-${Math.floor(random() * 25)}-${experiment_id}`;
    const share_bp = STAGES[Math.floor((index % 80) / 20)] ?? 1_000;
    const answer = interactionOf({
      visitor_id,
      experiment_id,
      share_bp,
      stratum: index < 80 ? pick(0, null) : 1,
      arm: armOf(visitor_id, experiment_id, share_bp),
      status: pick('complete', 'complete', 'partial', 'error') ?? 'complete',
      fault: pick(null, null, null, 'model', 'service') ?? null,
      first_token_ms: pick(null, 90, 150, 250, 400) ?? null,
      total_ms: 500 + Math.floor(random() * 4_000),
      completion_tokens: pick(null, 1, 2, 30, 77) ?? null,
      sources: pick([], [SOURCE], [SOURCE]) ?? [],
      response: pick('Loki listens on port 3100.', 'Loki listens on port 3000.') ?? '',
      created_at: at,
    });
    events.push(answer);
    for (let votes = Math.floor(random() * 4); votes > 1; votes -= 1) {
      const type = pick('thumbs_up', 'thumbs_down', 'rating') ?? 'thumbs_up';
      const vote = thumbOf(answer, type, at + Math.floor(random() * 3));
      events.push({ ...vote, received_at: vote.at + Math.floor(random() * 3) });
    }
  }
  return events;
}

const shuffled = <Value>(values: readonly Value[], random: () => number) =>
  values
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);

/** Thresholds as if they had been frozen, so that what is slow is counted from the start. */
async function frozen(experimentId: string, countedAfterMs = T0 + 10 * HOUR) {
  const after = new Date(countedAfterMs).toISOString();
  await rows(sql`
    INSERT INTO experiment_thresholds (experiment_id, latency, threshold_us, answers, counted_after)
    VALUES (${experimentId}, 'first_token', 200000, 2000, ${after}),
           (${experimentId}, 'output_token', 60000, 2000, ${after})`);
}

test.each([1, 2, 3])(
  'random traffic, shuffled, doubled, by two consumers at once: exact (%i)',
  async (seed) => {
    const experiment = `exp-${crypto.randomUUID()}`;
    await frozen(experiment);
    const random = mulberry32(100 + seed);
    const events = traffic(experiment, seed);
    const doubled = shuffled([...events, ...events.slice(0, 80)], random);
    while (doubled.length > 0) {
      const [one, other] = [random, random].map(() =>
        doubled.splice(0, 1 + Math.floor(random() * 40)),
      );
      await Promise.all([deliver(one ?? []), deliver(other ?? [])]);
    }
    await expectExact(experiment);
    const sums = await sumsOf(experiment);
    expect(new Set(sums.totals.map(({ metric }) => metric))).toEqual(
      new Set(['error', 'thumbs_up', 'slow_first_token', 'slow_output_token', 'hallucination']),
    );
    // Everything once more, backwards, changes nothing.
    await deliver(events.toReversed().slice(0, 200));
    expect(comparable(await sumsOf(experiment))).toEqual(comparable(sums));
    // The visitors' rows and the sums say the same.
    const [held] = await rows(sql`
    SELECT sum(n)::int AS n, sum(y)::int AS y FROM experiment_visitors WHERE experiment_id = ${experiment}`);
    expect(held).toEqual({
      n: sums.totals.reduce((sum, row) => sum + Number(row.n), 0),
      y: sums.totals.reduce((sum, row) => sum + Number(row.y), 0),
    });
  },
  60_000,
);

const oneAnswer = (over: Partial<InteractionEvent> = {}) =>
  interactionOf({
    visitor_id: `visitor-${crypto.randomUUID()}`,
    experiment_id: `exp-${crypto.randomUUID()}`,
    share_bp: 1_000,
    arm: 'control',
    ...over,
  });
const thumbsIn = async (experimentId: string | null) =>
  (await sumsOf(experimentId ?? '')).totals
    .filter(({ metric }) => metric === 'thumbs_up')
    .map(({ users, n, y }) => [users, n, y]);

test('a changed vote changes what was liked, not how many voted; both orders end the same', async () => {
  const answer = oneAnswer();
  const up = thumbOf(answer, 'thumbs_up', T0 + 1);
  const down = thumbOf(answer, 'thumbs_down', T0 + 2);
  await deliver([answer]);
  expect(await thumbsIn(answer.experiment_id)).toEqual([]);
  await deliver([up]);
  expect(await thumbsIn(answer.experiment_id)).toEqual([[1n, 1n, 1n]]);
  await deliver([down]);
  expect(await thumbsIn(answer.experiment_id)).toEqual([[1n, 1n, 0n]]);
  const other = oneAnswer();
  await deliver([thumbOf(other, 'thumbs_down', T0 + 2)]);
  await deliver([thumbOf(other, 'thumbs_up', T0 + 1)]);
  await deliver([other]);
  expect(await thumbsIn(other.experiment_id)).toEqual([[1n, 1n, 0n]]);
});

test('a vote and its answer that are written at the same moment find each other', async () => {
  const answers = Array.from({ length: 20 }, () => oneAnswer());
  for (const answer of answers) {
    await Promise.all([deliver([thumbOf(answer, 'thumbs_up', T0)]), deliver([answer])]);
  }
  for (const { experiment_id } of answers) {
    expect(await thumbsIn(experiment_id)).toEqual([[1n, 1n, 1n]]);
  }
}, 60_000);

test('outside experiments, and from before stages were kept, nothing is counted', async () => {
  const before = oneAnswer({ share_bp: null });
  await deliver([before, oneAnswer({ arm: 'none', experiment_id: null, share_bp: null })]);
  await deliver([thumbOf(before, 'thumbs_up', T0)]);
  expect((await sumsOf(before.experiment_id ?? '')).totals).toEqual([]);
});

test('a person who meets both arms of a stage on two devices is taken out, also when that is learned later', async () => {
  const experiment_id = `exp-${crypto.randomUUID()}`;
  const [phone, laptop, other] = ['phone', 'laptop', 'other'].map(
    (name) => `${name}-${experiment_id}`,
  );
  const ask = (visitor_id = '', arm: 'control' | 'treatment' = 'control', share_bp = 1_000) =>
    oneAnswer({ experiment_id, visitor_id, arm, share_bp, created_at: T0 });
  await deliver([ask(phone), ask(phone), ask(laptop, 'treatment'), ask(other)]);
  expect((await sumsOf(experiment_id)).leftOut).toEqual([]);
  await expectExact(experiment_id);
  await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      for (const id of [phone, laptop]) {
        await tx.execute(
          sql`INSERT INTO visitor_people VALUES (${id}, ${`person-${experiment_id}`}, now())`,
        );
      }
      await recountVisitors(tx, [phone ?? '', laptop ?? ''], bounds);
    }),
  );
  const after = await sumsOf(experiment_id);
  expect(after.totals).toMatchObject([{ metric: 'error', arm: 'control', users: 1n, n: 1n }]);
  expect(after.leftOut.map(({ arm, users, answers }) => [arm, users, answers]).toSorted()).toEqual([
    ['control', 1n, 2n],
    ['treatment', 1n, 1n],
  ]);
  await expectExact(experiment_id);
  // They stay out, with all that they say from now on.
  await deliver([ask(phone), ask(laptop, 'treatment', 2_500)]);
  await expectExact(experiment_id);
  // The link was a mistake: they are two people again.
  await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`DELETE FROM visitor_people WHERE visitor_id = ${phone}`);
      await recountVisitors(tx, [phone ?? '', laptop ?? ''], bounds);
    }),
  );
  expect((await sumsOf(experiment_id)).leftOut).toEqual([]);
  await expectExact(experiment_id);
});

test('two devices in one arm, or in two arms at different stages, are both counted', async () => {
  const experiment_id = `exp-${crypto.randomUUID()}`;
  await rows(sql`
    INSERT INTO visitor_people VALUES (${`phone-${experiment_id}`}, ${experiment_id}, now()),
                                      (${`laptop-${experiment_id}`}, ${experiment_id}, now())`);
  await deliver([
    oneAnswer({ experiment_id, visitor_id: `phone-${experiment_id}` }),
    oneAnswer({
      experiment_id,
      visitor_id: `laptop-${experiment_id}`,
      share_bp: 2_500,
      arm: 'treatment',
    }),
  ]);
  expect((await sumsOf(experiment_id)).totals).toHaveLength(2);
  await expectExact(experiment_id);
});

test('what is slow is frozen at the 95th percentile of 2,000 control answers, and counted after', async () => {
  const experiment_id = `exp-${crypto.randomUUID()}`;
  const answer = (index: number, over: Partial<InteractionEvent> = {}) =>
    oneAnswer({
      experiment_id,
      visitor_id: `visitor-${index % 300}-${experiment_id}`,
      // A permutation: every latency from 1 to 2,000 once.
      first_token_ms: ((index * 7) % 2_000) + 1,
      total_ms: 5_000,
      completion_tokens: null,
      created_at: T0 + index,
      ...over,
    });
  for (let start = 0; start < 2_000; start += 500) {
    await deliver(Array.from({ length: 500 }, (_, index) => answer(start + index)));
  }
  const slow = async () =>
    (await sumsOf(experiment_id)).totals
      .filter(({ metric }) => metric === 'slow_first_token')
      .map(({ arm, n, y }) => [arm, n, y])
      .toSorted();
  expect((await sumsOf(experiment_id)).thresholds).toEqual([]);
  // The next batch finds enough; what it holds itself is still before the freeze.
  await deliver([answer(2_000, { first_token_ms: 9_999 })]);
  expect((await sumsOf(experiment_id)).thresholds).toEqual([
    { latency: 'first_token', thresholdUs: 1_900_000, answers: 2_000, countedAfterMs: T0 + 2_000 },
  ]);
  expect(await slow()).toEqual([]);
  await deliver([
    answer(3_000, { first_token_ms: 1_900 }),
    answer(3_001, { first_token_ms: 1_901, arm: 'treatment', visitor_id: `t-${experiment_id}` }),
    answer(1_999, { first_token_ms: 9_999 }),
  ]);
  expect(await slow()).toEqual([
    ['control', 1n, 0n],
    ['treatment', 1n, 1n],
  ]);
  await expectExact(experiment_id);
}, 60_000);

test('operators read the sums; an experiment that nobody met is not there', async () => {
  const answer = oneAnswer();
  await deliver([answer, thumbOf(answer, 'thumbs_up', T0)]);
  const path = (id: string | null) => `/admin/experiments/${id}/sums`;
  const { status, body } = await call(path(answer.experiment_id), { headers: asOperator });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    experiment_id: answer.experiment_id,
    moments: expect.arrayContaining([
      {
        metric: 'thumbs_up',
        a: { stratum: 0, share_bp: 1_000, arm: 'control' },
        b: { stratum: 0, share_bp: 1_000, arm: 'control' },
        users: '1',
        yy: '1',
        yn: '1',
        ny: '1',
        nn: '1',
      },
    ]),
    appearances: [{ stratum: 0, share_bp: 1_000, arm: 'control', last_share_bp: null, users: '1' }],
  });
  expect((await call(path('nothing'), { headers: asOperator })).status).toBe(404);
  expect((await call(path(answer.experiment_id))).status).toBe(401);
});

test('the standing votes are the latest of each kind, in whatever order they came', async () => {
  const random = mulberry32(7);
  const answer = oneAnswer();
  const types = ['thumbs_up', 'thumbs_down', 'rating', 'correction', 'follow_up'] as const;
  // Few moments for many votes: of those at the same one the time of receipt, and then the id, decides.
  const votes = Array.from({ length: 30 }, (_, index) => ({
    ...thumbOf(answer, types[index % types.length] ?? 'rating', T0 + Math.floor(random() * 2)),
    received_at: T0 + 2 + Math.floor(random() * 2),
  }));
  for (const vote of shuffled(votes, random)) await deliver([vote]);
  const found = await rows(sql`
    SELECT kind, event_id FROM standing_votes WHERE interaction_id = ${answer.interaction_id}`);
  const standing = standingVotes(
    votes.map((vote) => ({
      type: vote.feedback_type,
      atMs: vote.at,
      receivedMs: vote.received_at,
      eventId: vote.event_id,
    })),
  );
  const idSchema = z.object({ kind: z.string(), event_id: z.string() });
  expect(found.map((row) => idSchema.parse(row).event_id).toSorted()).toEqual(
    standing.map(({ eventId }) => eventId).toSorted(),
  );
  expect(found.map((row) => idSchema.parse(row).kind).toSorted()).toEqual([
    'correction',
    'follow_up',
    'rating',
    'thumb',
  ]);
  // The history stays.
  expect(
    await rows(sql`SELECT 1 FROM feedback_events WHERE interaction_id = ${answer.interaction_id}`),
  ).toHaveLength(30);
});

test('a visitor who was given another name stays in the sums, and what they ask anew is counted beside', async () => {
  const first = oneAnswer();
  const { experiment_id, visitor_id } = first;
  await deliver([first]);
  const before = await sumsOf(experiment_id ?? '');
  const pseudonym = `erased-${crypto.randomUUID()}`;
  await rows(sql`DELETE FROM interactions WHERE visitor_id = ${visitor_id}`);
  await rows(
    sql`UPDATE experiment_visitors SET visitor_id = ${pseudonym} WHERE visitor_id = ${visitor_id}`,
  );
  expect(comparable(await sumsOf(experiment_id ?? ''))).toEqual(comparable(before));
  await deliver([oneAnswer({ experiment_id, visitor_id })]);
  expect((await sumsOf(experiment_id ?? '')).totals).toMatchObject([{ users: 2n, n: 2n }]);
});
