// GET /metrics: counts from the record, whoever wrote it and however often it was delivered; read
// back by a strict reader and by promtool.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { captureRate } from '../../adapters/postgres/metrics.ts';
import { FAMILIES } from '../../core/metrics.ts';
import { readExposition } from '../../core/testing/exposition.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import { databaseOf } from '../../workers/env.ts';
import { record } from '../../workers/recorder/index.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const asScraper = { authorization: 'Bearer metrics-for-tests-only-0123456789' };

async function scrape() {
  const { status, text, headers } = await call('/metrics', { headers: asScraper });
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return { text, families: readExposition(text) };
}

type Families = Awaited<ReturnType<typeof scrape>>['families'];

/** The value of one series by its name and the labels that are given; 0 where there is none. */
function totalOf(families: Families, name: string, labels: Record<string, string> = {}): number {
  const all = [...families.values()].flatMap(({ samples }) => samples);
  const found = all.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
}

async function deliver(events: QueueEvent[]) {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({
      id: `${index}-${crypto.randomUUID()}`,
      timestamp: new Date(),
      attempts: 1,
      body,
    })),
  );
  await record(batch, env);
  await getQueueResult(batch, createExecutionContext());
}

const voteOn = (
  answer: ReturnType<typeof interactionOf>,
  over: { feedback_type: 'thumbs_up' | 'rating' | 'follow_up'; feedback_value: number },
): QueueEvent => ({
  kind: 'feedback',
  v: 1,
  event_id: crypto.randomUUID(),
  interaction_id: answer.interaction_id,
  visitor_id: answer.visitor_id,
  model_version: answer.model_served,
  corrected_response: null,
  correction_type: null,
  metadata: {},
  at: answer.created_at + 1000,
  received_at: answer.created_at + 1000,
  ...over,
});

const model = () => `counted-${crypto.randomUUID().slice(0, 8)}`;

test('answers count by model version and ending, once, however often they are delivered', async () => {
  const model_served = model();
  const complete = interactionOf({ model_served });
  const broken = interactionOf({ model_served, status: 'partial', error_code: 'timed_out' });
  await Promise.all([deliver([complete, broken, complete]), deliver([broken, complete])]);
  await deliver([complete]);
  const { families } = await scrape();
  const count = (status: string) =>
    totalOf(families, 'answers_total', { model_version: model_served, status });
  expect([count('complete'), count('partial'), count('error')]).toEqual([1, 1, 0]);
  expect(
    totalOf(families, 'answer_errors_total', { model_version: model_served, error: 'timed_out' }),
  ).toBe(1);
});

test('a value lies in the first bucket that is not below it', async () => {
  const model_served = model();
  await deliver(
    [50, 51, 100, 40_000].map((first_token_ms) =>
      interactionOf({
        model_served,
        first_token_ms,
        total_ms: 40_000 + 590,
        completion_tokens: 60,
      }),
    ),
  );
  const { families } = await scrape();
  const first = (le: string) =>
    totalOf(families, 'answer_first_token_seconds_bucket', { model_version: model_served, le });
  expect(['0.05', '0.1', '0.25', '30', '+Inf'].map(first)).toEqual([1, 3, 3, 3, 4]);
  expect(
    totalOf(families, 'answer_first_token_seconds_sum', { model_version: model_served }),
  ).toBeCloseTo(40.201);
  const token = (le: string) =>
    totalOf(families, 'answer_output_token_seconds_bucket', { model_version: model_served, le });
  // (40,590 - 40,000) ms over 59 tokens is 10 ms each; the others took over half a second.
  expect(['0.005', '0.01', '0.5', '1', '+Inf'].map(token)).toEqual([0, 1, 1, 4, 4]);
});

test('an answer that failed, or had one token only, has no time for each token', async () => {
  const model_served = model();
  await deliver([
    interactionOf({ model_served, status: 'error', error_code: 'refused', first_token_ms: null }),
    interactionOf({ model_served, completion_tokens: 1 }),
    interactionOf({ model_served, completion_tokens: null }),
  ]);
  const { families } = await scrape();
  expect(
    totalOf(families, 'answer_output_token_seconds_count', { model_version: model_served }),
  ).toBe(0);
  expect(
    totalOf(families, 'answer_first_token_seconds_count', { model_version: model_served }),
  ).toBe(2);
});

test('feedback counts by type and tier, and its values by bucket', async () => {
  const before = (await scrape()).families;
  const visitor = interactionOf({ visitor_id: crypto.randomUUID() });
  const operator = interactionOf({ visitor_id: 'operator:somebody' });
  const keyed = interactionOf({ visitor_id: 'key-1:their-user' });
  await deliver([
    voteOn(visitor, { feedback_type: 'thumbs_up', feedback_value: 1 }),
    voteOn(visitor, { feedback_type: 'rating', feedback_value: -0.5 }),
    voteOn(operator, { feedback_type: 'thumbs_up', feedback_value: 1 }),
    voteOn(keyed, { feedback_type: 'thumbs_up', feedback_value: 1 }),
  ]);
  const { families } = await scrape();
  const grew = (name: string, labels: Record<string, string> = {}) =>
    totalOf(families, name, labels) - totalOf(before, name, labels);
  const tier = (user_tier: string) =>
    grew('feedback_events_total', { feedback_type: 'thumbs_up', user_tier });
  expect([tier('visitor'), tier('operator'), tier('api_key')]).toEqual([1, 1, 1]);
  const score = (le: string) => grew('feedback_score_distribution_bucket', { le });
  expect(['-1', '-0.5', '0', '0.5', '1', '+Inf'].map(score)).toEqual([0, 1, 1, 1, 4, 4]);
  expect(grew('feedback_score_distribution_sum')).toBe(2.5);
});

test('the capture rate is the share of the last day\u2019s answers that somebody spoke about', async () => {
  // Long before any other test's answers.
  const at = Date.parse('2020-02-02T12:00:00Z');
  const hours = (count: number) => at - count * 3_600_000;
  const rate = () => withDatabase(databaseOf(env), (db) => captureRate(db, new Date(at)));
  expect(await rate()).toEqual([]);
  const [spoken, clicked, silent] = [1, 2, 3].map((ago) =>
    interactionOf({ created_at: hours(ago) }),
  );
  const outside = [25, -1].map((ago) => interactionOf({ created_at: hours(ago) }));
  if (!(spoken && clicked && silent)) throw new Error('none');
  await deliver([
    spoken,
    clicked,
    silent,
    interactionOf({ created_at: hours(4) }),
    ...outside,
    ...outside.map((answer) => voteOn(answer, { feedback_type: 'thumbs_up', feedback_value: 1 })),
    voteOn(spoken, { feedback_type: 'thumbs_up', feedback_value: 1 }),
    voteOn(spoken, { feedback_type: 'rating', feedback_value: 1 }),
    {
      kind: 'signals',
      v: 1,
      event_id: crypto.randomUUID(),
      interaction_id: clicked.interaction_id,
      visitor_id: clicked.visitor_id,
      model_version: clicked.model_served,
      signals: { copy_event: true },
      received_at: hours(1),
    },
  ]);
  expect(await rate()).toEqual([{ metric: 'feedback_capture_rate', labels: {}, value: 0.25 }]);
});

test('the totals are what counting the record again gives, as the migration did once', async () => {
  const model_served = model();
  await deliver([
    ...[10, 70, 900].map((first_token_ms) => interactionOf({ model_served, first_token_ms })),
    interactionOf({ model_served, status: 'error', error_code: 'refused', first_token_ms: null }),
  ]);
  const totals = sql`
    SELECT metric, labels, round(sum(total)::numeric, 6) AS total FROM metric_totals
    WHERE labels->>'model_version' = ${model_served} GROUP BY 1, 2`;
  const recount = sql`
    SELECT part.metric, part.labels, round(sum(part.value)::numeric, 6) AS total
    FROM interactions AS held, answer_metrics(held.model_served, held.status, held.error_code,
      held.first_token_ms, held.total_ms, held.completion_tokens) AS part
    WHERE held.model_served = ${model_served} GROUP BY 1, 2`;
  expect((await rows(totals)).length).toBeGreaterThan(6);
  expect(await rows(sql`(${totals}) EXCEPT (${recount})`)).toEqual([]);
  expect(await rows(sql`(${recount}) EXCEPT (${totals})`)).toEqual([]);
});

test('what a scrape reads does not grow with the record', async () => {
  const model_served = model();
  const counted = async () =>
    Number(
      (
        await rows(
          sql`SELECT count(*) AS n FROM metric_totals WHERE labels->>'model_version' = ${model_served}`,
        )
      )[0]?.n,
    );
  await deliver([interactionOf({ model_served })]);
  const one = await counted();
  for (let batch = 0; batch < 3; batch += 1) {
    await deliver(Array.from({ length: 50 }, () => interactionOf({ model_served })));
  }
  // At most one row a series and shard.
  expect(await counted()).toBeLessThanOrEqual(one * 8);
  expect(totalOf((await scrape()).families, 'answers_total', { model_version: model_served })).toBe(
    151,
  );
});

test('counts of writers at the same time add up', async () => {
  const model_served = model();
  await Promise.all(
    Array.from({ length: 8 }, () =>
      deliver(Array.from({ length: 10 }, () => interactionOf({ model_served }))),
    ),
  );
  expect(totalOf((await scrape()).families, 'answers_total', { model_version: model_served })).toBe(
    80,
  );
});

test('every family is there, for an operator as for a scraper, and for nobody else', async () => {
  const { families } = await scrape();
  expect([...families.keys()]).toEqual(FAMILIES.map(({ name }) => name));
  expect((await call('/metrics', { headers: asOperator })).status).toBe(200);
  expect((await call('/metrics')).status).toBe(401);
  const agent = { authorization: 'Bearer agent-for-tests-only-0123456789' };
  expect((await call('/metrics', { headers: agent })).status).toBe(401);
  expect((await call('/admin/status', { headers: asScraper })).status).toBe(401);
});

const promtool = inject('promtoolUrl');

test(`${promtool === '' ? 'our strict reader (promtool is not installed)' : 'promtool'} has no complaint`, async () => {
  const odd = interactionOf({ model_served: 'odd "name" \\ with\nlines' });
  await deliver([odd, voteOn(odd, { feedback_type: 'follow_up', feedback_value: 0 })]);
  const { text } = await scrape();
  expect(text).toContain('odd \\"name\\" \\\\ with\\nlines');
  if (promtool === '') return;
  const checked = async (body: string) => {
    const response = await fetch(promtool, { method: 'POST', body });
    return z.object({ code: z.number(), said: z.string() }).parse(await response.json());
  };
  expect(await checked(text)).toEqual({ code: 0, said: '' });
  expect((await checked(`${text}and a line that is none\n`)).code).not.toBe(0);
});
