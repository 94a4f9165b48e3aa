// What operators read of an experiment's answers: arm by arm, page by page, with how visitors took them; and
// nothing of whoever was erased.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import type { FeedbackType } from '../../core/feedback-values.ts';
import { feedbackValue } from '../../core/feedback-values.ts';
import type { InteractionEvent, QueueEvent } from '../../core/wire/events.ts';
import { answersAnswerSchema } from '../../core/wire/experiment-answers.ts';
import { sweepRetention } from '../../functions/retention/index.ts';
import { deliver, T0, thumbOf } from './experiment-support.ts';
import { cleared, newRollout } from './rollout-support.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const EXPERIMENT = `exp-answers-${crypto.randomUUID()}`;
const CANDIDATE = '2033-w18.7';
const MINUTE = 60_000;

type Page = z.infer<typeof answersAnswerSchema>;
const read = (query: string, id = EXPERIMENT) =>
  call(`/admin/experiments/${id}/answers?${query}`, { headers: asOperator });
async function page(query: string, id = EXPERIMENT): Promise<Page> {
  const { status, body, text } = await read(query, id);
  expect(status, text).toBe(200);
  return answersAnswerSchema.parse(body);
}
const asked = ({ answers }: Page) => answers.map(({ query }) => query);

let visitors = 0;
function answerOf(query: string, over: Partial<InteractionEvent> = {}): InteractionEvent {
  visitors += 1;
  const arm = over.arm ?? 'treatment';
  const model = arm === 'treatment' ? CANDIDATE : 'tiny-sre';
  return interactionOf({
    visitor_id: `${EXPERIMENT}-${visitors}`,
    query,
    response: `An answer to: ${query}`,
    experiment_id: EXPERIMENT,
    arm,
    share_bp: 1_000,
    stratum: 0,
    model_assigned: model,
    model_served: model,
    created_at: T0 + visitors * MINUTE,
    ...over,
  });
}
const vote = (
  answer: InteractionEvent,
  type: FeedbackType,
  { stars, ...over }: { stars?: number; corrected_response?: string; at?: number } = {},
): QueueEvent => ({
  ...thumbOf(answer, type, over.at ?? answer.created_at + 1_000),
  feedback_value: feedbackValue(type, stars),
  ...over,
});

const fine = answerOf('fine');
const unrated = answerOf('unrated');
const down = answerOf('down');
const stars = answerOf('two stars', { share_bp: 2_500 });
const corrected = answerOf('corrected', { share_bp: 2_500, training_opt_out: true });
const stoodIn = answerOf('stood in', {
  share_bp: 2_500,
  model_served: 'tiny-sre',
  assigned_failure: 'timed_out',
});
const control = answerOf('of the control', { arm: 'control' });
const secret = answerOf('who was erased: zebra');

beforeAll(async () => {
  await deliver([
    ...[fine, unrated, down, stars, corrected, stoodIn, control, secret],
    vote(fine, 'thumbs_up'),
    vote(down, 'thumbs_up'),
    vote(down, 'thumbs_down', { at: down.created_at + 5_000 }),
    vote(stars, 'rating', { stars: 2 }),
    vote(corrected, 'thumbs_up'),
    vote(corrected, 'correction', { corrected_response: 'For 30 days.' }),
    vote(stoodIn, 'rating', { stars: 4 }),
    vote(control, 'thumbs_down'),
    vote(secret, 'thumbs_down'),
  ]);
  await rows(sql`
    INSERT INTO feedback_events (event_id, interaction_id, visitor_id, source, feedback_type, model_version,
      metadata, at, received_at)
    VALUES (gen_random_uuid(), ${down.interaction_id}, ${down.visitor_id}, 'implicit', 'detected', 'x',
      '{"reformulated": true, "read_time_seconds": 4}', now(), now())`);
  const gone = await call('/admin/erasures', {
    body: { visitor_id: secret.visitor_id, reason: 'asked for it' },
    headers: asOperator,
  });
  expect(gone.status).toBe(202);
});

afterAll(cleared);

test('the low-rated ones of an arm come newest first, each with what was said of it', async () => {
  const found = await page('arm=treatment&low=true');
  expect(asked(found)).toEqual(['corrected', 'two stars', 'down']);
  expect(found.answers).toMatchObject([
    {
      interaction_id: corrected.interaction_id,
      response: 'An answer to: corrected',
      share: 0.25,
      training_opt_out: true,
      score: -0.5,
      thumb: 'up',
      correction: { text: 'For 30 days.', review: 'pending' },
    },
    { score: -0.5, stars: 2, thumb: null, correction: null, training_opt_out: false },
    {
      share: 0.1,
      stratum: 0,
      score: -1,
      thumb: 'down',
      noticed: ['reformulated'],
      model_served: CANDIDATE,
    },
  ]);
  expect(JSON.stringify(found)).not.toContain(down.visitor_id);
});

test('the lowest scores come first where that is asked for, and what nobody rated comes last', async () => {
  expect(asked(await page('arm=treatment&low=true&order=worst'))).toEqual([
    'down',
    'corrected',
    'two stars',
  ]);
  expect(asked(await page('arm=treatment&order=worst'))).toEqual([
    'down',
    'corrected',
    'two stars',
    'stood in',
    'fine',
    'unrated',
  ]);
});

test.each(['newest', 'worst'])(
  'of votes at one moment the one received later is shown, by %s as in the counts',
  async (order) => {
    const id = `exp-tied-${crypto.randomUUID()}`;
    const [up, down] = [0, 1].map((index) => answerOf(`tied ${index}`, { experiment_id: id }));
    if (up === undefined || down === undefined) throw new Error('there are two');
    const tied = (answer: InteractionEvent, type: FeedbackType, second: boolean): QueueEvent => ({
      ...thumbOf(answer, type, answer.created_at),
      // Were the ids to decide, the first would.
      event_id: crypto.randomUUID().replace(/^./, second ? '0' : 'f'),
      feedback_value: feedbackValue(type),
      received_at: answer.created_at + (second ? 2_000 : 1_000),
    });
    await deliver([
      ...[up, down, tied(up, 'thumbs_up', true), tied(up, 'thumbs_down', false)],
      ...[tied(down, 'thumbs_up', false), tied(down, 'thumbs_down', true)],
    ]);
    const { answers, stages } = await page(`arm=treatment&low=true&order=${order}`, id);
    expect(answers).toMatchObject([{ query: 'tied 1', thumb: 'down', score: -1 }]);
    expect(stages).toMatchObject([{ treatment: { answers: 2, rated: 2, low: 1 } }]);
  },
);

test('an arm is what the visitor was assigned, and the model is who served', async () => {
  expect(asked(await page('arm=control'))).toEqual(['of the control']);
  const { answers } = await page('arm=treatment');
  expect(answers.find(({ query }) => query === 'stood in')).toMatchObject({
    arm: 'treatment',
    model_assigned: CANDIDATE,
    model_served: 'tiny-sre',
    assigned_failure: 'timed_out',
  });
});

test('both arms are counted by stage, on the first page alone', async () => {
  const { stages, next } = await page('arm=control&limit=1');
  expect(stages).toEqual([
    {
      stratum: 0,
      share: 0.1,
      control: { answers: 1, rated: 1, low: 1 },
      treatment: { answers: 3, rated: 2, low: 1 },
    },
    {
      stratum: 0,
      share: 0.25,
      control: { answers: 0, rated: 0, low: 0 },
      treatment: { answers: 3, rated: 3, low: 2 },
    },
  ]);
  expect(next).toBeNull();
  const first = await page('arm=treatment&limit=1');
  const second = await page(`arm=treatment&limit=1&after=${first.next}`);
  expect(second.stages).toBeNull();
});

test.each(['order=newest', 'order=worst', 'order=worst&low=true', 'order=newest&low=true'])(
  'pages give each answer once, in the order of one long page: %s',
  async (query) => {
    const whole = asked(await page(`arm=treatment&${query}`));
    const found: (string | null)[] = [];
    let next: string | null = '';
    while (next !== null) {
      const part: Page = await page(
        `arm=treatment&${query}&limit=2${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`,
      );
      found.push(...asked(part));
      next = part.next;
    }
    expect(found).toEqual(whole);
  },
);

test('answers of one moment are told apart by their ids on the way through the pages', async () => {
  const id = `exp-moment-${crypto.randomUUID()}`;
  const many = Array.from({ length: 5 }, (_, index) =>
    answerOf(`same moment ${index}`, { experiment_id: id, created_at: T0 }),
  );
  await deliver(many);
  const found: (string | null)[] = [];
  let next: string | null = '';
  while (next !== null) {
    const part: Page = await page(`arm=treatment&limit=2${next ? `&after=${next}` : ''}`, id);
    found.push(...asked(part));
    next = part.next;
  }
  expect(found.toSorted()).toEqual(many.map(({ query }) => query));
});

test('whoever is erased between two pages takes nothing of the others along', async () => {
  const id = `exp-erased-${crypto.randomUUID()}`;
  const three = ['third', 'second', 'first'].map((query) => answerOf(query, { experiment_id: id }));
  await deliver(three);
  const first = await page('arm=treatment&limit=1', id);
  expect(asked(first)).toEqual(['first']);
  await call('/admin/erasures', {
    body: { visitor_id: three[2]?.visitor_id, reason: 'asked for it' },
    headers: asOperator,
  });
  expect(asked(await page(`arm=treatment&after=${first.next}`, id))).toEqual(['second', 'third']);
});

test('nothing of an erased visitor is shown or counted', async () => {
  const { text } = await read('arm=treatment');
  expect(text).not.toContain('zebra');
  const { stages } = await page('arm=treatment');
  expect(stages?.[0]?.treatment.answers).toBe(3);
});

test('what lost its words by age is counted and shown without them', async () => {
  const id = `exp-old-${crypto.randomUUID()}`;
  const old = answerOf('words of long ago', {
    experiment_id: id,
    created_at: Date.parse('2023-01-01T00:00:00Z'),
  });
  await deliver([old, vote(old, 'correction', { corrected_response: 'better words' })]);
  await sweepRetention(env, Date.parse('2023-02-01T00:00:00Z'), 10);
  const { answers, stages } = await page('arm=treatment&low=true', id);
  expect(answers).toMatchObject([
    { query: null, response: null, score: -0.5, correction: { text: null, review: 'rejected' } },
  ]);
  expect(stages).toMatchObject([{ treatment: { answers: 1, low: 1 } }]);
});

test('a vote that is in no sum says by which rule', async () => {
  const id = `exp-bounded-${crypto.randomUUID()}`;
  const answers = Array.from({ length: 12 }, (_, index) =>
    answerOf(`flood ${index}`, { experiment_id: id, visitor_id: id, created_at: T0 + index }),
  );
  await deliver([...answers, ...answers.map((one) => vote(one, 'thumbs_down'))]);
  const { answers: found } = await page('arm=treatment&low=true', id);
  expect(found).toHaveLength(12);
  expect(new Set(found.map(({ bounded }) => bounded !== null))).toEqual(new Set([true, false]));
});

test('an experiment without answers has none, and one that there is not is not found', async () => {
  const { id } = await newRollout({ policy: { startsItself: false } });
  expect(await page('arm=control', id)).toMatchObject({ stages: [], answers: [], next: null });
  expect((await read('arm=control', 'rollout-none-1')).status).toBe(404);
});

test.each([
  [''],
  ['arm=none'],
  ['arm=control&low=yes'],
  ['arm=control&limit=0'],
  ['arm=control&limit=201'],
  ['arm=control&order=best'],
  ['arm=control&after=nonsense'],
  [`arm=control&after=${btoa('[1,2]')}`],
  [`arm=control&after=${btoa('["x",1e99,"no id"]')}`],
  ['arm=control&page=2'],
])('the query "%s" is refused', async (query) => {
  const { status, body } = await read(query);
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { code: 'invalid_request' } });
});

test('only operators read them', async () => {
  const { status } = await call(`/admin/experiments/${EXPERIMENT}/answers?arm=control`);
  expect(status).toBe(401);
});
