// Curation: a page of answers judged and placed, the workflow step by step, and a window that stays
// as it was when it is curated again.

import { introspectWorkflowInstance } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { windowOfWeek } from '../../core/calendar.ts';
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
  await startCuration(env, window, runId);
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
  await expect(startCuration(env, window, 'curate-2026-w30')).resolves.toEqual({
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
  const runId = 'curate-2026-w31-again';
  await using instance = await introspectWorkflowInstance(env.CURATION, runId);
  await startCuration(env, windowOfWeek('2026-w31'), runId);
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
