// What keeps an answer out of training: the browser's signal, the page's switch, and a refusal for good.
// Each is followed to the end of curation: examples, pairs, held-out phrasings and replay.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { pageOfCandidates } from '../../adapters/postgres/datasets.ts';
import { heldOutPhrasings } from '../../adapters/postgres/questions.ts';
import { windowOfWeek } from '../../core/calendar.ts';
import { collectPage } from '../../functions/curation/collect.ts';
import { collectEarlier } from '../../functions/curation/earlier.ts';
import { databaseOf, learningOf, settingsOf } from '../../workers/env.ts';
import { makeDataset, memberOf, pairOf, said } from './privacy-support.ts';
import { store } from './stored.ts';
import { call, eventually, interactionOf, newVisitor, rows } from './support.ts';

const optOutRow = async (interactionId: string) => {
  const [row] = await eventually(
    sql`SELECT training_opt_out, visitor_id FROM interactions WHERE interaction_id = ${interactionId}`,
  );
  return row;
};

const refuseForGood = (token: string) =>
  call('/api/privacy/opt-out', { body: {}, headers: { authorization: `Bearer ${token}` } });

test.each<[string, object, Record<string, string>, boolean]>([
  ['Global Privacy Control', {}, { 'sec-gpc': '1' }, true],
  ['the switch', { training_opt_out: true }, {}, true],
  ['neither', {}, {}, false],
])('a chat under %s is recorded as it was asked for', async (_name, extra, headers, expected) => {
  const { id, visitor_token } = await newVisitor();
  const { body } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message: 'May this train?', ...extra },
    headers,
  });
  const interaction = Reflect.get(Object(body), 'interaction_id');
  expect((await optOutRow(String(interaction)))?.training_opt_out).toBe(expected);
});

test('Global Privacy Control holds for OpenAI clients too', async () => {
  const { visitor_token } = await newVisitor();
  const { headers } = await call('/v1/chat/completions', {
    body: { model: 'agent-bruno', messages: [{ role: 'user', content: 'May this train?' }] },
    headers: { authorization: `Bearer ${visitor_token}`, 'sec-gpc': '1' },
  });
  const row = await optOutRow(headers.get('x-interaction-id') ?? '');
  expect(row?.training_opt_out).toBe(true);
});

test('a refused answer is no candidate, no pair and no held-out question', async () => {
  const window = windowOfWeek('2026-w12');
  const query = `refused ${crypto.randomUUID()}`;
  const answer = interactionOf({ query, training_opt_out: true, created_at: window.startMs + 1 });
  const settings = settingsOf(env);
  const page = await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, [answer]);
    return collectPage(db, {
      window: { start: new Date(window.startMs), end: new Date(window.endMs) },
      afterId: null,
      config: learningOf(env),
      modelServer: { url: settings.MODEL_SERVER_URL, token: settings.GATEWAY_TOKEN },
    });
  });
  expect(page.candidates).toMatchObject([
    {
      interactionId: answer.interaction_id,
      qualified: false,
      comparable: false,
      reason: 'opted_out',
    },
  ]);
  expect(await rows(sql`SELECT id FROM question_phrasings WHERE text = ${query}`)).toEqual([]);
});

test('a refusal for good reaches what was said before, and what comes without the switch', async () => {
  const { visitor_token: token } = await newVisitor();
  const [, payload = ''] = token.split('.');
  const visitorId = String(Reflect.get(Object(JSON.parse(atob(payload))), 'sub'));
  const word = crypto.randomUUID();
  const taught = await said(visitorId, `taught ${word}`);
  const hidden = await said(visitorId, `held out ${word}`, { held: 'validation' });
  const other = await said(`other-${word}`, `somebody else ${word}`);
  await makeDataset('2026-w13', { members: [memberOf(taught), memberOf(other)] });
  const earlier = async () => {
    const window = windowOfWeek('2026-w15');
    const found = await withDatabase(databaseOf(env), (db) => collectEarlier(db, window));
    return found.map((entry) => entry.interactionId);
  };
  const heldOut = () =>
    withDatabase(databaseOf(env), (db) => heldOutPhrasings(db, [`g-${hidden.phrasingId}`]));
  expect(await earlier()).toEqual(
    expect.arrayContaining([taught.interaction_id, other.interaction_id]),
  );
  expect(await heldOut()).toHaveLength(1);

  expect(await refuseForGood(token)).toMatchObject({ status: 200, body: { status: 'recorded' } });
  expect((await refuseForGood(token)).status).toBe(200);

  const replayed = await earlier();
  expect(replayed).not.toContain(taught.interaction_id);
  expect(replayed).toContain(other.interaction_id);
  expect(await heldOut()).toEqual([]);
  // Chosen before the refusal and written after it: left out of lines, members and counts alike.
  await makeDataset('2026-w14', {
    members: [memberOf(taught, { replayedFrom: '2026-w13' }), memberOf(other)],
    pairs: [pairOf('pair-1', other, taught)],
  });
  expect(await store.text('training-data/2026/week-14/train.jsonl')).not.toContain('taught');
  expect(await store.text('rlhf-data/2026/week-14/train.jsonl')).toBe('');
  const [row] = await rows(sql`SELECT counts FROM datasets WHERE id = '2026-w14'`);
  expect(row?.counts).toMatchObject({ train: 1, pairs: 0, replayed: 0 });

  const window = windowOfWeek('2026-w16');
  const later = interactionOf({ visitor_id: visitorId, created_at: window.startMs + 1 });
  const candidates = await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, [later]);
    const between = { start: new Date(window.startMs), end: new Date(window.endMs) };
    return pageOfCandidates(db, between, null, 10);
  });
  expect(candidates).toMatchObject([{ id: later.interaction_id, trainingOptOut: true }]);
});

test('only whose token it is can refuse', async () => {
  expect((await call('/api/privacy/opt-out', { body: {} })).status).toBe(401);
  expect((await refuseForGood('forged')).status).toBe(401);
});
