// Erasure from end to end: a visitor asks for it, and nothing of theirs is left anywhere, however late
// it comes; what others said, and every count, stays.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../adapters/object-store/index.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { insertExposures } from '../../adapters/postgres/exposures.ts';
import { createJob } from '../../adapters/postgres/jobs.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import { databaseOf, now } from '../../workers/env.ts';
import type { SessionObject } from '../../workers/router/session-object.ts';
import { deliver, eraseBy, SECRET, settle, sweep, wholeRecord } from './erasure-support.ts';
import { quiet, thumb } from './faults-support.ts';
import {
  askedOf,
  corrected,
  correctionOf,
  makeDataset,
  memberOf,
  pairOf,
  said,
} from './privacy-support.ts';
import { allObjects, store } from './stored.ts';
import {
  AGENT,
  asOperator,
  call,
  chat,
  eventually,
  interactionOf,
  newVisitor,
  rows,
} from './support.ts';

const WEEK = '2026-w20';
const NEXT = '2026-w21';
const UNTOUCHED = '2026-w22';
const asAgent = { authorization: `Bearer ${AGENT}` };

async function visitorOf(interactionId: string): Promise<string> {
  const [row] = await eventually(
    sql`SELECT visitor_id FROM interactions WHERE interaction_id = ${interactionId}`,
  );
  return String(row?.visitor_id);
}

describe('a visitor whose words were taught', () => {
  let token = '';
  let visitorId = '';
  let sessionId = '';
  let other = '';
  let erasureId = '';
  const experiment = crypto.randomUUID();

  beforeAll(async () => {
    await settle();
    const visitor = await newVisitor();
    token = visitor.visitor_token;
    sessionId = visitor.id;
    const first = await chat(`${SECRET} asked in a conversation`, visitor);
    await thumb(first);
    await quiet();
    visitorId = await visitorOf(first.interaction_id);
    other = `other-${experiment}`;

    const praised = await said(visitorId, `${SECRET} praised`);
    const wrong = await said(visitorId, `${SECRET} corrected`);
    const event = await corrected(wrong, `${SECRET} as it should be`);
    const kept = await said(other, 'kept praised');
    const asked = await said(other, 'kept held out', { held: 'validation' });
    const hidden = await said(visitorId, `${SECRET} held out`, { held: 'validation' });
    const correction = { source: 'correction' as const, feedbackEventId: event.event_id };
    await makeDataset(WEEK, {
      members: [memberOf(praised), memberOf(wrong, correction), memberOf(kept)],
      heldOut: [
        askedOf(asked, memberOf(kept)),
        askedOf(hidden, memberOf(kept)),
        askedOf(asked, memberOf(praised)),
      ],
      pairs: [pairOf('pair-1', kept, praised), pairOf('pair-2', kept, asked)],
    });
    await makeDataset(NEXT, {
      members: [memberOf(praised, { replayedFrom: WEEK }), memberOf(kept, { replayedFrom: WEEK })],
    });
    await makeDataset(UNTOUCHED, { members: [memberOf(kept, { replayedFrom: WEEK })] });
    await withDatabase(databaseOf(env), async (db) => {
      await insertExposures(db, [
        interactionOf({
          visitor_id: visitorId,
          experiment_id: experiment,
          arm: 'control',
          share_bp: 1000,
        }),
        interactionOf({
          visitor_id: other,
          experiment_id: experiment,
          arm: 'control',
          share_bp: 1000,
        }),
      ]);
      await createJob(db, {
        id: crypto.randomUUID(),
        datasetId: NEXT,
        iteration: 1,
        modelId: `${NEXT}.1`,
        base: 'tiny-sre',
        parent: 'tiny-sre',
        createdAt: new Date(now(env)),
        maxAttempts: 5,
      });
      for (const datasetId of [WEEK, UNTOUCHED]) {
        await insertModel(db, {
          id: `${datasetId}.1`,
          display: 'v1.20.1',
          base: 'tiny-sre',
          parent: 'tiny-sre',
          datasetId,
          jobId: null,
          status: 'registered',
          reason: 'for a test',
          metrics: {},
          artifacts: [],
          gitCommit: null,
          createdAt: new Date(now(env)),
        });
      }
    });
    const claimed = await call('/agent/jobs/claim', {
      body: { agent_id: 'mac-1', bases: ['tiny-sre'] },
      headers: asAgent,
    });
    expect(claimed.body).toMatchObject({ job: { model_id: `${NEXT}.1` } });
  });

  // The models and the job would be in the way of other files' tests.
  afterAll(async () => {
    const mine = sql`dataset_id IN (${WEEK}, ${NEXT}, ${UNTOUCHED})`;
    await rows(sql`DELETE FROM training_jobs WHERE ${mine}`);
    await rows(sql`DELETE FROM model_flags WHERE ${mine}`);
    await rows(sql`DELETE FROM models WHERE ${mine}`);
  });

  test('an operator sees beforehand what would go, and nothing goes', async () => {
    const { status, body } = await call('/admin/erasures', {
      body: { visitor_id: visitorId, reason: 'to see', dry_run: true },
      headers: asOperator,
    });
    expect(status).toBe(200);
    // Those above, and the one of an experiment that another file's test may have left running.
    const met = await rows(sql`SELECT 1 FROM exposures WHERE visitor_id = ${visitorId}`);
    expect(met.length).toBeGreaterThan(0);
    expect(body).toEqual({
      dry_run: true,
      erased_before: false,
      counts: {
        answers: 4,
        feedback: 2,
        corrections: 1,
        sessions: 2,
        exposures_renamed: met.length,
      },
      datasets: [WEEK, NEXT],
      models: [`${WEEK}.1`],
    });
    expect(await rows(sql`SELECT id FROM erasures WHERE visitor_id = ${visitorId}`)).toEqual([]);
    expect([...(await allObjects()).values()].join()).toContain(SECRET);
  });

  test('is gone from the record and from running conversations at once', async () => {
    const { status, body } = await eraseBy(token);
    expect(status).toBe(202);
    erasureId = z.object({ erasure_id: z.string() }).parse(body).erasure_id;
    expect(body).toMatchObject({ state: 'rewriting' });
    const everything = await wholeRecord();
    expect(everything).not.toContain(SECRET);
    expect(everything).toContain('kept praised');
    const session = await runInDurableObject(
      env.SESSIONS.get(env.SESSIONS.idFromName(sessionId)),
      async (_: SessionObject, state) => JSON.stringify([...(await state.storage.list()).values()]),
    );
    expect(session).not.toContain(SECRET);
  });

  test('still counts in experiments, as nobody', async () => {
    const found = await rows(
      sql`SELECT visitor_id, arm FROM exposures WHERE experiment_id = ${experiment} ORDER BY visitor_id`,
    );
    expect(found).toHaveLength(2);
    expect(found.map(({ visitor_id }) => visitor_id)).toEqual([
      expect.stringMatching(/^erased-/),
      other,
    ]);
  });

  test('what is delivered late, in any order, is acknowledged and not written', async () => {
    const answer = interactionOf({ visitor_id: visitorId, query: `${SECRET} late` });
    const vote = correctionOf(answer, { corrected_response: `${SECRET} corrected late` });
    const foreign = interactionOf({ visitor_id: other, query: 'kept beside it' });
    const result = await deliver([vote, foreign, answer, vote]);
    expect(result.explicitAcks).toHaveLength(4);
    expect(await wholeRecord()).not.toContain(SECRET);
    expect(
      await rows(
        sql`SELECT query FROM interactions WHERE interaction_id = ${foreign.interaction_id}`,
      ),
    ).toEqual([{ query: 'kept beside it' }]);
  });

  test('no object holds a byte of it after the sweep, and every manifest is right', async () => {
    await sweep();
    const objects = await allObjects();
    for (const text of objects.values()) expect(text).not.toContain(SECRET);
    const filesSchema = z.array(
      z.object({
        key: z.string(),
        path: z.string(),
        sha256: z.string(),
        bytes: z.number(),
        lines: z.number(),
      }),
    );
    const named = new Set<string>();
    for (const week of [WEEK, NEXT, UNTOUCHED]) {
      const [row] = await rows(
        sql`SELECT files, manifest_sha256, revision, superseded FROM datasets WHERE id = ${week}`,
      );
      expect(row).toMatchObject({ revision: week === UNTOUCHED ? 1 : 2, superseded: [] });
      const folder = `2026/week-${week.slice(-2)}`;
      const manifest = objects.get(`training-data/${folder}/manifest.json`) ?? '';
      expect(await sha256(new TextEncoder().encode(manifest))).toBe(row?.manifest_sha256);
      named.add(`training-data/${folder}/manifest.json`).add(`rlhf-data/${folder}/manifest.json`);
      for (const file of filesSchema.parse(row?.files)) {
        const text = objects.get(file.key) ?? 'missing';
        const bytes = new TextEncoder().encode(text);
        expect({ hash: await sha256(bytes), bytes: bytes.byteLength }).toEqual({
          hash: file.sha256,
          bytes: file.bytes,
        });
        expect(text.split('\n').length - 1).toBe(file.lines);
        named.add(file.key);
      }
    }
    // Nothing lies there that no dataset names.
    const ours = [...objects.keys()].filter((key) => /\/2026\/week-2[012]\//.test(key));
    expect(ours.toSorted()).toEqual([...named].toSorted());
  });

  test('the new manifest counts what is left and says what it replaces', async () => {
    const manifest: unknown = JSON.parse(
      await store.text('training-data/2026/week-20/manifest.json'),
    );
    expect(manifest).toMatchObject({
      revision: 2,
      replaces: { revision: 1, manifest_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      erasures: [erasureId],
      counts: { interactions: 10, train: 1, corrections: 0, pairs: 1, validation_phrasings: 1 },
    });
    expect(
      await rows(sql`SELECT count(*)::int AS n FROM dataset_members WHERE dataset_id = ${WEEK}`),
    ).toEqual([{ n: 1 }]);
    expect(await rows(sql`SELECT pair_id FROM dataset_pairs WHERE dataset_id = ${WEEK}`)).toEqual([
      { pair_id: 'pair-2' },
    ]);
  });

  test('the model that learned from it is flagged, the others are not', async () => {
    const flagged = await call(`/admin/models/${WEEK}.1`, { headers: asOperator });
    expect(flagged.body).toMatchObject({
      flags: [
        {
          erasure_id: erasureId,
          dataset_id: WEEK,
          reason: `Made from ${WEEK} before a visitor was erased from it: 2 examples (2 taught), 2 held-out questions, 1 pair.`,
        },
      ],
    });
    const traced = await call(`/admin/lineage/${WEEK}.1`, { headers: asOperator });
    expect(traced.body).toMatchObject({ model: { flags: [{ erasure_id: erasureId }] } });
    const untouched = await call(`/admin/models/${UNTOUCHED}.1`, { headers: asOperator });
    expect(untouched.body).toMatchObject({ flags: [] });
  });

  test('the job that ran on it ended, and another one waits for the new dataset', async () => {
    expect(
      await rows(
        sql`SELECT model_id, status, error->>'code' AS code FROM training_jobs WHERE dataset_id = ${NEXT} ORDER BY iteration`,
      ),
    ).toEqual([
      { model_id: `${NEXT}.1`, status: 'cancelled', code: 'dataset_rewritten' },
      { model_id: `${NEXT}.2`, status: 'queued', code: null },
    ]);
  });

  test('only the tombstone is left, and says how much went', async () => {
    const { body } = await call('/admin/erasures', { headers: asOperator });
    const listed = z.object({ erasures: z.array(z.looseObject({ id: z.string() })) }).parse(body);
    const shown = listed.erasures.find(({ id }) => id === erasureId);
    expect(shown).toMatchObject({
      state: 'complete',
      who: 'visitor',
      problem: null,
      counts: { answers: 4, feedback: 2, datasets: 2, examples: 3, pairs: 1, models_flagged: 1 },
    });
    const one = await call(`/admin/erasures/${erasureId}`, { headers: asOperator });
    expect(one.body).toEqual(shown);
    expect(await wholeRecord()).not.toContain(visitorId);
  });

  test('erased twice is erased once', async () => {
    const before = await wholeRecord();
    const objects = await allObjects();
    expect((await eraseBy(token)).body).toEqual({ erasure_id: erasureId, state: 'complete' });
    const again = await call('/admin/erasures', {
      body: { visitor_id: visitorId, reason: 'again' },
      headers: asOperator,
    });
    expect(again.body).toMatchObject({ id: erasureId, who: 'visitor' });
    await sweep();
    expect(await wholeRecord()).toBe(before);
    expect(await allObjects()).toEqual(objects);
  });

  test('who comes back with the old token is answered, and nothing is kept', async () => {
    const visitor = { id: crypto.randomUUID(), visitor_token: token };
    const answer = await chat(`${SECRET} again`, visitor);
    await thumb(answer);
    await quiet();
    expect(await wholeRecord()).not.toContain(SECRET);
  });
});
