// Votes beyond what counts of one visitor: out of the sums that decide an experiment, whatever the order
// of delivery, back in them when the record changes, and listed for operators with the rule.

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { FeedbackEvent, InteractionEvent } from '../../core/wire/events.ts';
import { learningOf } from '../../workers/env.ts';
import { bruteForce, comparable, deliver, sumsOf, T0, thumbOf } from './experiment-support.ts';
import { asOperator, call, interactionOf } from './support.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { bounds } = learningOf(env).feedback;

/** Answers an hour apart, and the visitor's votes on them in one minute or spread like the answers. */
function voter(count: number, over: Partial<InteractionEvent> = {}) {
  const visitor_id = `visitor-${crypto.randomUUID()}`;
  const experiment_id = `exp-${crypto.randomUUID()}`;
  const answers = Array.from({ length: count }, (_, at) =>
    interactionOf({
      visitor_id,
      experiment_id,
      share_bp: 1_000,
      arm: 'control',
      created_at: T0 + at * HOUR,
      ...over,
    }),
  );
  const spread = (type: FeedbackEvent['feedback_type']) =>
    answers.map((answer) => thumbOf(answer, type, answer.created_at));
  const burst = answers.map((answer, at) =>
    thumbOf(answer, at % 2 === 0 ? 'thumbs_up' : 'thumbs_down', T0 + count * HOUR + at),
  );
  return { visitor_id, experiment_id, answers, spread, burst };
}

const thumbs = async (experimentId: string) =>
  (await sumsOf(experimentId)).totals
    .filter(({ metric }) => metric === 'thumbs_up')
    .map(({ users, n, y }) => [Number(users), Number(n), Number(y)]);

const expectExact = async (experimentId: string) =>
  expect(comparable(await sumsOf(experimentId))).toEqual(
    comparable(await bruteForce(experimentId)),
  );

test('of a burst the first votes count, in whatever order and however often they are delivered', async () => {
  const { experiment_id, answers, burst } = voter(bounds.max_votes_per_minute + 4);
  await deliver([...burst.toReversed().slice(0, 7), ...answers.toReversed()]);
  await deliver([...burst, ...burst]);
  const ups = Math.ceil(bounds.max_votes_per_minute / 2);
  expect(await thumbs(experiment_id)).toEqual([[1, bounds.max_votes_per_minute, ups]]);
  await expectExact(experiment_id);
});

test('votes that all point the same way count as one from the one too many, until one does not', async () => {
  const { experiment_id, answers, spread } = voter(bounds.one_way_votes_per_week + 1);
  const ups = spread('thumbs_up');
  const last = ups.pop();
  const answer = answers.at(-1);
  if (last === undefined || answer === undefined) throw new Error('there is a last one');
  await deliver([...answers, ...ups.slice(1)]);
  const before = ups.length - 1;
  expect(await thumbs(experiment_id)).toEqual([[1, before, before]]);
  await deliver(ups.slice(0, 1));
  expect(await thumbs(experiment_id)).toEqual([[1, 1, 1]]);
  await deliver([last]);
  expect(await thumbs(experiment_id)).toEqual([[1, 1, 1]]);
  // They change their mind about the last: it no longer points the same way.
  await deliver([thumbOf(answer, 'thumbs_down', answer.created_at + 1)]);
  expect(await thumbs(experiment_id)).toEqual([[1, ups.length + 1, ups.length]]);
  await expectExact(experiment_id);
});

test('votes elsewhere use up a day too, and what then counts here is counted anew', async () => {
  const elsewhere = voter(bounds.max_votes_per_day, { experiment_id: null, arm: 'none' });
  const here = interactionOf({
    visitor_id: elsewhere.visitor_id,
    experiment_id: elsewhere.experiment_id,
    share_bp: 1_000,
    arm: 'treatment',
    created_at: T0 + 2 * HOUR,
  });
  // Two minutes apart in one day, in both directions.
  const midnight = T0 - 10 * HOUR;
  const votes = elsewhere.answers.map((answer, at) =>
    thumbOf(answer, at % 2 === 0 ? 'thumbs_up' : 'thumbs_down', midnight + at * 2 * MINUTE),
  );
  await deliver([here, thumbOf(here, 'thumbs_up', T0 + 3 * HOUR), ...votes.slice(1)]);
  expect(await thumbs(elsewhere.experiment_id)).toEqual([[1, 1, 1]]);
  await deliver([...elsewhere.answers, ...votes.slice(0, 1)]);
  expect(await thumbs(elsewhere.experiment_id)).toEqual([]);
  await expectExact(elsewhere.experiment_id);
});

const boundsSchema = z.object({
  bounds: z.object({ one_way_votes_per_week: z.number() }),
  visitors: z.array(
    z.object({
      visitor_id: z.string(),
      votes: z.number(),
      counting: z.number(),
      by_rule: z.record(z.string(), z.number()),
      first_at: z.string(),
      last_at: z.string(),
      answers: z.array(z.object({ interaction_id: z.string(), rule: z.string() })),
    }),
  ),
  next: z.string().nullable(),
});

/** The whole list, page by page. */
async function listed(query = '') {
  const visitors: z.infer<typeof boundsSchema>['visitors'] = [];
  let pages = 0;
  for (let after = ''; ; pages += 1) {
    const path = `/admin/bounds?${query}${after}`;
    const { status, body } = await call(path, { headers: asOperator });
    expect(status).toBe(200);
    const page = boundsSchema.parse(body);
    visitors.push(...page.visitors);
    if (page.next === null) return { visitors, pages: pages + 1 };
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

test('operators read who is bounded, by which rule and on which answers', async () => {
  const now = Date.now();
  const busy = voter(bounds.max_votes_per_minute + 25);
  const votes = busy.answers.map((answer, at) =>
    thumbOf(answer, at % 2 === 0 ? 'thumbs_up' : 'thumbs_down', now - HOUR + at),
  );
  const few = voter(3);
  await deliver([...busy.answers, ...votes, ...few.answers, ...few.burst]);
  const { visitors } = await listed();
  const own = visitors.find(({ visitor_id: id }) => id === busy.visitor_id);
  expect(own).toMatchObject({
    votes: votes.length,
    counting: bounds.max_votes_per_minute,
    by_rule: { burst: 25, daily_cap: 0, one_way: 0 },
    first_at: new Date(now - HOUR + bounds.max_votes_per_minute).toISOString(),
    last_at: new Date(now - HOUR + votes.length - 1).toISOString(),
  });
  // Twenty of them by name, in the order in which they came.
  expect(own?.answers.map(({ interaction_id: id }) => id)).toEqual(
    busy.answers
      .slice(bounds.max_votes_per_minute, bounds.max_votes_per_minute + 20)
      .map(({ interaction_id: id }) => id),
  );
  expect(visitors.some(({ visitor_id: id }) => id === few.visitor_id)).toBe(false);
});

test('the list goes on beyond a page, each visitor once', async () => {
  const now = Date.now();
  const crowd = Array.from({ length: 130 }, () => crypto.randomUUID());
  const count = bounds.max_votes_per_minute + 1;
  const votes = crowd.flatMap((visitor_id) =>
    Array.from({ length: count }, (_, at) =>
      thumbOf(
        { interaction_id: crypto.randomUUID(), visitor_id },
        at % 2 === 0 ? 'thumbs_up' : 'thumbs_down',
        now + at,
      ),
    ),
  );
  for (let start = 0; start < votes.length; start += 500) {
    await deliver(votes.slice(start, start + 500));
  }
  const { visitors, pages } = await listed('days=2');
  expect(pages).toBeGreaterThan(1);
  const ids = visitors.map(({ visitor_id: id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(crowd.filter((id) => !ids.includes(id))).toEqual([]);
});

test('the list is for operators, and takes only days and a place to go on from', async () => {
  expect((await call('/admin/bounds')).status).toBe(401);
  for (const query of ['days=0', 'days=366', 'days=x', 'limit=5', 'after=%00']) {
    const { status } = await call(`/admin/bounds?${query}`, { headers: asOperator });
    expect([query, status]).toEqual([query, 400]);
  }
});
