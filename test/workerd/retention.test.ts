// Retention: what is older than the configured age loses its words and keeps its row; nothing younger is
// touched, and nothing without words is ever taught, replayed or reviewed.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import {
  insertFeedback,
  insertInteractions,
  listReviews,
} from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { pageOfCandidates } from '../../adapters/postgres/datasets.ts';
import { windowOfWeek } from '../../core/calendar.ts';
import { collectEarlier } from '../../functions/curation/earlier.ts';
import { sweepRetention } from '../../functions/retention/index.ts';
import { databaseOf, learningOf } from '../../workers/env.ts';
import { corrected, correctionOf, makeDataset, memberOf, said } from './privacy-support.ts';
import { store } from './stored.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const DAY_MS = 86_400_000;
const OLD = Date.parse('2024-03-06T10:00:00Z');
const YOUNG = OLD + 10 * DAY_MS;
/** Ten days are kept; the young answer is one day from its end. */
const DAYS = 10;
const AT = YOUNG + 9 * DAY_MS;

const total = () => rows(sql`SELECT sum(total)::float8 AS n FROM metric_totals`);

test('text of the configured age goes, the rest stays, and no counter moves', async () => {
  const word = crypto.randomUUID();
  const source = { id: 's', title: `source ${word}`, text: `source ${word}` };
  const old = await said(`v-${word}`, `old ${word}`, { created_at: OLD, sources: [source] });
  const again = await said(`v-${word}`, `old corrected ${word}`, { created_at: OLD });
  const young = await said(`v-${word}`, `young ${word}`, { created_at: YOUNG });
  const pending = correctionOf(old, {
    corrected_response: `pending ${word}`,
    metadata: { key_facts: [word] },
  });
  await withDatabase(databaseOf(env), (db) => insertFeedback(db, [pending], false));
  const accepted = await corrected(again, `corrected ${word}`);
  await makeDataset('2024-w10', {
    members: [
      memberOf(old),
      memberOf(again, { source: 'correction', feedbackEventId: accepted.event_id }),
      memberOf(young),
    ],
  });
  const before = await total();

  await sweepRetention(env, AT, DAYS);
  await sweepRetention(env, AT, DAYS);

  const found = await rows(sql`
    SELECT query, response, sources, text_removed_at IS NOT NULL AS removed FROM interactions
    WHERE visitor_id = ${`v-${word}`} ORDER BY created_at, interaction_id`);
  const gone = { query: '', response: '', sources: [], removed: true };
  expect(found).toEqual([
    gone,
    gone,
    expect.objectContaining({ query: `young ${word}`, removed: false }),
  ]);
  expect(
    await rows(sql`
      SELECT corrected_response, metadata, review_status, reviewed_by FROM feedback_events
      WHERE event_id = ${pending.event_id}`),
  ).toEqual([
    { corrected_response: null, metadata: {}, review_status: 'rejected', reviewed_by: 'retention' },
  ]);
  const words = await rows(
    sql`SELECT id, text FROM question_phrasings WHERE id IN (${old.phrasingId}, ${young.phrasingId})`,
  );
  expect(new Map(words.map((row) => [row.id, row.text]))).toEqual(
    new Map([
      [old.phrasingId, null],
      [young.phrasingId, `young ${word}`],
    ]),
  );
  expect(await total()).toEqual(before);

  // Nothing reads it any more.
  const between = { start: new Date(OLD - DAY_MS), end: new Date(AT) };
  await withDatabase(databaseOf(env), async (db) => {
    const candidates = await pageOfCandidates(db, between, null, 100);
    expect(candidates.map(({ id }) => id)).toEqual([young.interaction_id]);
    const earlier = await collectEarlier(db, windowOfWeek('2024-w14'));
    expect(earlier.map((entry) => entry.interactionId)).toEqual([young.interaction_id]);
    const reviews = await listReviews(db, 'rejected');
    expect(reviews.map((review) => review.event_id)).not.toContain(pending.event_id);
  });
  await makeDataset('2024-w15', { members: [memberOf(old), memberOf(young)] });
  const lines = (await store.text('training-data/2024/week-15/train.jsonl')).trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`young ${word}`);
  const decided = await call(`/admin/reviews/${pending.event_id}`, {
    body: { decision: 'accept' },
    headers: asOperator,
  });
  expect(decided.status).toBe(409);
});

test('takes a great many in pages', async () => {
  const visitor = `many-${crypto.randomUUID()}`;
  const answers = Array.from({ length: 1200 }, () =>
    interactionOf({ visitor_id: visitor, created_at: OLD }),
  );
  await withDatabase(databaseOf(env), (db) => insertInteractions(db, answers));
  await sweepRetention(env, AT, DAYS);
  const left = await rows(
    sql`SELECT count(*)::int AS n FROM interactions WHERE visitor_id = ${visitor} AND query <> ''`,
  );
  expect(left).toEqual([{ n: 0 }]);
});

test('0 days keeps everything, and the shipped file keeps it for longer than a clock can jump', async () => {
  const answer = await said('kept-visitor', `kept ${crypto.randomUUID()}`, { created_at: OLD });
  await sweepRetention(env, Date.now(), 0);
  expect(
    await rows(sql`SELECT query FROM interactions WHERE interaction_id = ${answer.interaction_id}`),
  ).toEqual([{ query: answer.query }]);
  expect(learningOf(env).privacy.retention_days).toBeGreaterThan(366);
});
