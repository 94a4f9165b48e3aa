// Curation: a page of answers judged and placed, the workflow step by step, and a window that stays
// as it was when it is curated again.

import { introspectWorkflowInstance } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import {
  decideReview,
  insertFeedback,
  insertInteractions,
} from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { insertGroup, insertPhrasing } from '../../adapters/postgres/questions.ts';
import { windowOfWeek } from '../../core/calendar.ts';
import type { FeedbackEvent } from '../../core/wire/events.ts';
import { collectEarlier } from '../../functions/curation/earlier.ts';
import { startCuration } from '../../functions/curation/start.ts';
import { databaseOf } from '../../workers/env.ts';
import { asOperator, call, interactionOf, rows } from './support.ts';

const window = windowOfWeek('2026-w30');
const counts = { interactions: 3, qualified: 1, train: 1 };

test('the workflow opens, collects page by page, writes and makes the job', async () => {
  const runId = 'curate-2026-w30';
  await using instance = await introspectWorkflowInstance(env.CURATION, runId);
  await instance.modify(async (m) => {
    await m.disableSleeps();
    await m.mockStepResult({ name: 'page 0' }, { candidates: [], next: 'after-0' });
    await m.mockStepResult({ name: 'page 1' }, { candidates: [], next: null });
    await m.mockStepResult({ name: 'write' }, 'ready');
    await m.mockStepResult({ name: 'job' }, 'job-1');
  });
  await startCuration(env, window);
  await expect(instance.waitForStatus('complete')).resolves.not.toThrow();
  expect(await instance.getOutput()).toEqual({
    dataset_id: '2026-w30',
    status: 'ready',
    created: true,
    job_id: 'job-1',
  });
  expect(await rows(sql`SELECT status FROM datasets WHERE id = '2026-w30'`)).toEqual([
    { status: 'curating' },
  ]);
});

test('starting the same run twice starts it once', async () => {
  await expect(startCuration(env, window)).resolves.toEqual({
    runId: 'curate-2026-w30',
    datasetId: '2026-w30',
  });
});

test('a window that has its dataset is left as it is', async () => {
  const result = { counts, files: [], manifestSha256: 'a'.repeat(64) };
  await withDatabase(databaseOf(env), async (db) => {
    await openDataset(db, {
      id: '2026-w31',
      windowStart: new Date(0),
      windowEnd: new Date(1),
      createdAt: new Date(2),
    });
    await closeDataset(db, '2026-w31', [], [], { ...result, status: 'ready' });
    await closeDataset(db, '2026-w31', [], [], {
      ...result,
      status: 'too_small',
      manifestSha256: 'b'.repeat(64),
    });
  });
  const runId = 'curate-2026-w31';
  await using instance = await introspectWorkflowInstance(env.CURATION, runId);
  await startCuration(env, windowOfWeek('2026-w31'));
  await instance.waitForStatus('complete');
  expect(await instance.getOutput()).toEqual({
    dataset_id: '2026-w31',
    status: 'ready',
    created: false,
  });
  expect(await rows(sql`SELECT manifest_sha256 FROM datasets WHERE id = '2026-w31'`)).toEqual([
    { manifest_sha256: 'a'.repeat(64) },
  ]);
});

test('a week that is still open is not curated', async () => {
  const { status, body } = await call('/admin/datasets', {
    body: { week: '2040-w10' },
    headers: asOperator,
  });
  expect(status).toBe(409);
  expect(JSON.stringify(body)).toContain('it is curated then');
});

test('answers are paged by key: none twice, none left out, whatever the page size', async () => {
  const { pageOfCandidates } = await import('../../adapters/postgres/datasets.ts');
  const start = Date.parse('2026-03-01T02:00:00Z');
  const answers = Array.from({ length: 25 }, (_, index) =>
    interactionOf({ created_at: start + index * 1000 }),
  );
  const seen = await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, answers);
    const found: string[] = [];
    let after: string | null = null;
    for (;;) {
      const page: { id: string }[] = await pageOfCandidates(
        db,
        { start: new Date(start), end: new Date(start + 86_400_000) },
        after,
        7,
      );
      found.push(...page.map((row) => row.id));
      if (page.length < 7) return found;
      after = page.at(-1)?.id ?? null;
    }
  });
  expect(seen.toSorted()).toEqual(answers.map((answer) => answer.interaction_id).toSorted());
});

test('replay takes what still stands: no withdrawn correction, no praise taken back', async () => {
  const window = windowOfWeek('2026-w33');
  const at = window.startMs - 3 * 86_400_000;
  const vote = (interactionId: string, over: Partial<FeedbackEvent>): FeedbackEvent => ({
    kind: 'feedback',
    v: 1,
    event_id: crypto.randomUUID(),
    interaction_id: interactionId,
    visitor_id: 'visitor-1',
    model_version: 'tiny-sre',
    feedback_type: 'thumbs_up',
    feedback_value: 1,
    corrected_response: null,
    correction_type: null,
    metadata: {},
    at,
    received_at: at,
    ...over,
  });
  const answers = Array.from({ length: 5 }, () => interactionOf({ created_at: at }));
  const [praised, regretted, tied, accepted, withdrawn] = answers.map(
    (answer) => answer.interaction_id,
  );
  if (!praised || !regretted || !tied || !accepted || !withdrawn) throw new Error('five were made');
  const correction = { feedback_type: 'correction', corrected_response: 'Right.' } as const;
  const corrections = [vote(accepted, correction), vote(withdrawn, correction)];
  const found = await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, answers);
    const later = vote(regretted, {
      feedback_type: 'thumbs_down',
      feedback_value: -1,
      at: at + 1,
    });
    // Of one moment by a slow clock; were the ids to decide, the praise would stand.
    const slow = [
      vote(tied, { event_id: crypto.randomUUID().replace(/^./, 'f') }),
      vote(tied, {
        event_id: crypto.randomUUID().replace(/^./, '0'),
        feedback_type: 'thumbs_down',
        feedback_value: -1,
        received_at: at + 1,
      }),
    ];
    const votes = [vote(praised, {}), vote(regretted, {}), later, ...slow, ...corrections];
    await insertFeedback(db, votes, false);
    for (const [index, { event_id: eventId }] of corrections.entries()) {
      const status = index === 0 ? 'accepted' : 'rejected';
      await decideReview(db, { eventId, status, by: 'operator', note: null, at: new Date(at) });
    }
    const firstSeenAt = new Date(at);
    await insertGroup(db, { id: 'g-replay', topic: 'other', split: 'train', firstSeenAt });
    await insertPhrasing(db, {
      id: 'q-replay',
      groupId: 'g-replay',
      text: 'how?',
      embedding: Array.from({ length: 384 }, () => 0.05),
      ordinalInGroup: 0,
      split: 'train',
      firstSeenAt,
    });
    await openDataset(db, {
      id: '2026-w32',
      windowStart: new Date(at),
      windowEnd: new Date(window.startMs),
      createdAt: new Date(window.startMs),
    });
    const member = (interactionId: string, feedbackEventId: string | null) => ({
      datasetId: '2026-w32',
      interactionId,
      phrasingId: 'q-replay',
      source: feedbackEventId === null ? ('praise' as const) : ('correction' as const),
      feedbackEventId,
      split: 'train',
      qualityRaw: 0.9,
      replayedFrom: null,
    });
    const members = [
      member(praised, null),
      member(regretted, null),
      member(tied, null),
      ...corrections.map((event) => member(event.interaction_id, event.event_id)),
    ];
    const files = { counts, files: [], manifestSha256: 'c'.repeat(64), status: 'ready' as const };
    await closeDataset(db, '2026-w32', members, [], files);
    return collectEarlier(db, window);
  });
  const mine = new Set<string>(answers.map((answer) => answer.interaction_id));
  const replayed = found.filter((entry) => mine.has(entry.interactionId));
  expect(replayed.map((entry) => entry.interactionId).toSorted()).toEqual(
    [praised, accepted].toSorted(),
  );
  expect(replayed.map((entry) => entry.visitorId)).toEqual(['visitor-1', 'visitor-1']);
});
