// Lineage as operators read it: complete in both directions, however long the history is, and in
// snake_case from end to end. The record is written by its own functions here, not by visitors, and
// what would be in the way of other files' tests is taken out of it again.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { insertFeedback, insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { insertModel, insertRouting, modelsEverLive } from '../../adapters/postgres/models.ts';
import { openWindow } from '../../core/calendar.ts';
import { initialTable } from '../../core/routing.ts';
import { databaseOf, now } from '../../workers/env.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const T0 = Date.parse('2025-03-05T10:00:00Z');
const DATASET = '2025-w10';
const MODEL = '2025-w10.1';
const NEWER_MODELS = 120;
const CHANGES = 450;
/** Before the first of our changes of the route. */
const V0 = 10_000;

const praised = interactionOf({ created_at: T0 });
const rejected = interactionOf({
  created_at: T0,
  model_served: MODEL,
  routing_version: V0 + 2,
});
const votes = [T0, Date.parse('2025-03-10T00:00:00Z')].map((at, index) => ({
  kind: 'feedback' as const,
  v: 1 as const,
  event_id: crypto.randomUUID(),
  interaction_id: praised.interaction_id,
  visitor_id: `visitor-${index}`,
  model_version: 'tiny-sre',
  feedback_type: 'thumbs_up' as const,
  feedback_value: 1,
  corrected_response: null,
  correction_type: null,
  metadata: {},
  at,
  received_at: at,
}));

const model = (id: string, at: number, datasetId: string | null) => ({
  id,
  display: id,
  base: 'tiny-sre',
  parent: 'tiny-sre',
  datasetId,
  jobId: null,
  status: 'registered' as const,
  reason: 'for a test',
  metrics: {},
  artifacts: [],
  gitCommit: null,
  createdAt: new Date(at),
});

const tableWith = (version: number, production: string) => ({
  ...initialTable('tiny-sre'),
  version,
  production,
});

beforeAll(async () => {
  await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, [praised, rejected]);
    await insertFeedback(db, votes, false);
    await openDataset(db, {
      id: DATASET,
      windowStart: new Date('2025-03-02T02:00:00Z'),
      windowEnd: new Date('2025-03-09T02:00:00Z'),
      createdAt: new Date(T0),
    });
    const member = {
      datasetId: DATASET,
      interactionId: praised.interaction_id,
      phrasingId: 'p',
      source: 'praise' as const,
      feedbackEventId: null,
      split: 'train',
      qualityRaw: 0.9,
      replayedFrom: null,
    };
    const pair = {
      datasetId: DATASET,
      id: 'pair-1',
      chosenInteractionId: praised.interaction_id,
      rejectedInteractionId: rejected.interaction_id,
      source: 'direct_comparison',
      margin: 0.5,
      split: 'train',
    };
    await closeDataset(db, DATASET, [member], [pair], {
      status: 'ready',
      counts: { interactions: 2 },
      files: [],
      manifestSha256: 'a'.repeat(64),
    });
    await insertModel(db, model(MODEL, T0, DATASET));
    for (let n = 0; n < NEWER_MODELS; n += 1) {
      await insertModel(db, model(`newer-${n}`, T0 + 1000 + n, null));
    }
    const productionAt = (version: number) => ([1, 2].includes(version - V0) ? MODEL : 'other');
    for (let version = V0 + 1; version <= V0 + CHANGES; version += 1) {
      await insertRouting(db, {
        version,
        at: new Date(T0 + version - V0),
        who: 'operator',
        action: 'promote',
        reason: 'for a test',
        summary: `change ${version}`,
        from: tableWith(version - 1, productionAt(version - 1)),
        to: tableWith(version, productionAt(version)),
      });
    }
  });
});

afterAll(async () => {
  await rows(sql`DELETE FROM routing_history WHERE version > ${V0}`);
  await rows(sql`DELETE FROM models WHERE id = ${MODEL} OR id LIKE 'newer-%'`);
});

const lineage = async (id: string) => {
  const { status, body } = await call(`/admin/lineage/${id}`, { headers: asOperator });
  expect(status).toBe(200);
  return body;
};

test('an answer that is only a side of a pair is taught in that dataset, and learned by its model', async () => {
  expect(await lineage(rejected.interaction_id)).toMatchObject({
    kind: 'answer',
    answer: { interaction_id: rejected.interaction_id, model_served: MODEL },
    routing: { version: V0 + 2, who: 'operator', to: { production: MODEL, share_bp: 0 } },
    taught_in: [DATASET],
    uses: [{ dataset_id: DATASET, role: 'rejected', split: 'train' }],
    learned_by: [MODEL],
  });
});

test('a praised member lists what was said about it before the window closed', async () => {
  const [before] = votes;
  expect(await lineage(DATASET)).toMatchObject({
    kind: 'dataset',
    trained: [MODEL],
    member_count: 1,
    members: [{ interaction_id: praised.interaction_id, feedback_event_ids: [before?.event_id] }],
    pair_count: 1,
    pairs: [{ rejected_interaction_id: rejected.interaction_id }],
    feedback_count: 1,
    feedback: [{ event_id: before?.event_id, feedback_type: 'thumbs_up', standing: true }],
  });
});

test('a vote leads to the same answer', async () => {
  const [, late] = votes;
  expect(await lineage(late?.event_id ?? '')).toMatchObject({
    kind: 'feedback',
    event_id: late?.event_id,
    answer: { interaction_id: praised.interaction_id },
    taught_in: [DATASET],
  });
});

test('an old model keeps its page, its stage and its routing, however much came after', async () => {
  const { status, body } = await call(`/admin/models/${MODEL}`, { headers: asOperator });
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: MODEL, stage: 'retired' });
  const { routing } = z
    .object({ routing: z.array(z.object({ version: z.number() })) })
    .parse(await lineage(MODEL));
  expect(routing.map(({ version }) => version)).toEqual([V0 + 3, V0 + 2, V0 + 1]);
  const everLive = await withDatabase(databaseOf(env), modelsEverLive);
  expect(everLive).toContain(MODEL);
});

test('nothing that goes out is in camelCase', async () => {
  const names = (value: unknown): string[] =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([name, inner]) => [name, ...names(inner)])
      : [];
  for (const path of [
    `/admin/lineage/${rejected.interaction_id}`,
    `/admin/lineage/${DATASET}`,
    '/admin/route',
    '/admin/status',
  ]) {
    const { body } = await call(path, { headers: asOperator });
    expect(names(body).filter((name) => /[a-z][A-Z]/.test(name))).toEqual([]);
  }
});

const countsSchema = z.looseObject({
  since: z.string(),
  interactions: z.number(),
  explicit: z.number(),
  thumbs_down: z.number(),
});
const statusSchema = z.object({
  counts: countsSchema,
  last_week: countsSchema.extend({ until: z.string() }),
});
const status = async () =>
  statusSchema.parse((await call('/admin/status', { headers: asOperator })).body);

test('status counts verdicts only as explicit, and keeps the week that has closed', async () => {
  const { startMs } = openWindow(now(env));
  const answer = interactionOf({ created_at: startMs - 1000 });
  const said = (['thumbs_down', 'abandonment', 'follow_up'] as const).map((type) => ({
    kind: 'feedback' as const,
    v: 1 as const,
    event_id: crypto.randomUUID(),
    interaction_id: answer.interaction_id,
    visitor_id: 'visitor-9',
    model_version: 'tiny-sre',
    feedback_type: type,
    feedback_value: 0,
    corrected_response: null,
    correction_type: null,
    metadata: {},
    at: startMs - 500,
    received_at: startMs - 500,
  }));
  const before = await status();
  await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, [answer]);
    await insertFeedback(db, said, false);
  });
  const after = await status();
  expect(after.counts).toEqual(before.counts);
  expect(after.counts.since).toBe(after.last_week.until);
  expect(after.last_week).toEqual({
    ...before.last_week,
    interactions: before.last_week.interactions + 1,
    explicit: before.last_week.explicit + 1,
    thumbs_down: before.last_week.thumbs_down + 1,
  });
});
