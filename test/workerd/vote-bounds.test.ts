// Votes beyond what counts of one visitor: out of the sums that decide an experiment, whatever the order
// of delivery, back in them when the record changes, and listed for operators with the rule.

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { FeedbackEvent, InteractionEvent } from '../../core/wire/events.ts';
import { learningOf } from '../../workers/env.ts';
import { bruteForce, comparable, deliver, sumsOf, T0, thumbOf } from './experiment-support.ts';
import { interactionOf } from './support.ts';

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
    .filter(({ metric }) => metric === 'thumbs')
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
