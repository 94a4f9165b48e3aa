// A session's end: on request by its own visitor at once, by alarm after an hour.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { SessionObject } from '../../workers/router/session-object.ts';
import { quiet, reached } from './faults-support.ts';
import { call, chat, eventually, newVisitor } from './support.ts';

type Visitor = Awaited<ReturnType<typeof newVisitor>>;

const erase = ({ id }: Visitor, token: string) =>
  call(`/api/chat/session/${encodeURIComponent(id)}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  });

const turnsBefore = async (message: string, visitor: Visitor) => {
  const { interaction_id } = await chat(message, visitor);
  const [row] = await eventually(
    sql`SELECT history_turns FROM interactions WHERE interaction_id = ${interaction_id}`,
  );
  return row?.history_turns;
};

const stored = ({ id }: Visitor) =>
  runInDurableObject(
    env.SESSIONS.get(env.SESSIONS.idFromName(id)),
    async (_: SessionObject, state) => JSON.stringify([...(await state.storage.list()).values()]),
  );

test('its visitor erases the conversation, in memory and in storage', async () => {
  const visitor = await newVisitor();
  await chat('a secret to forget', visitor);
  await quiet();
  expect(await stored(visitor)).toContain('a secret to forget');
  expect((await erase(visitor, visitor.visitor_token)).status).toBe(204);
  expect(await stored(visitor)).not.toContain('a secret');
  expect(await turnsBefore('Do you still know?', visitor)).toBe(0);
  expect(await turnsBefore('And this one?', visitor)).toBe(1);
});

test('erasing twice, or what was never there, is no error', async () => {
  const visitor = await newVisitor();
  expect((await erase(visitor, visitor.visitor_token)).status).toBe(204);
  expect((await erase(visitor, visitor.visitor_token)).status).toBe(204);
});

test('a session by any name is remembered and erased', async () => {
  const { visitor_token } = await newVisitor();
  const visitor = { id: `two\nlines, caf\u00e9 \u2615 ${crypto.randomUUID()}`, visitor_token };
  await chat('a secret to forget', visitor);
  await quiet();
  expect(await turnsBefore('And this one?', visitor)).toBe(1);
  expect((await erase(visitor, visitor_token)).status).toBe(204);
  expect(await stored(visitor)).not.toContain('a secret');
});

test('nobody else erases it', async () => {
  const visitor = await newVisitor();
  await chat('mine', visitor);
  await quiet();
  const stranger = await newVisitor();
  expect((await erase(visitor, stranger.visitor_token)).status).toBe(403);
  expect((await erase(visitor, 'forged')).status).toBe(401);
  expect((await call(`/api/chat/session/${visitor.id}`, { method: 'DELETE' })).status).toBe(401);
  expect(await turnsBefore('Still there?', visitor)).toBe(1);
});

test('an answer that was under way is not remembered after the erasure', async () => {
  const visitor = await newVisitor();
  const message = `slowly ${crypto.randomUUID()}`;
  const underWay = chat(message, visitor);
  while ((await reached(message)).length === 0) await new Promise((done) => setTimeout(done, 20));
  expect((await erase(visitor, visitor.visitor_token)).status).toBe(204);
  await underWay;
  await quiet();
  expect(await stored(visitor)).not.toContain('slowly');
  expect(await turnsBefore('What did I ask?', visitor)).toBe(0);
});

test('a homepage of an allowed origin may send the request', async () => {
  const preflight = await call('/api/chat/session/some-id', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://homepage.example',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'authorization',
    },
  });
  expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://homepage.example');
});

test('the alarm leaves nothing behind', async () => {
  const visitor = await newVisitor();
  await chat('an hour is enough', visitor);
  await quiet();
  const stub = env.SESSIONS.get(env.SESSIONS.idFromName(visitor.id));
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await stored(visitor)).not.toContain('an hour');
});

test('an alarm that wakes it after an eviction leaves nothing behind, and the visitor chats on', async () => {
  const visitor = await newVisitor();
  await chat('an hour is enough', visitor);
  await quiet();
  const stub = env.SESSIONS.get(env.SESSIONS.idFromName(visitor.id));
  await evictDurableObject(stub);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await stored(visitor)).toBe('[]');
  expect(await turnsBefore('Good morning', visitor)).toBe(0);
  expect(await turnsBefore('Still there?', visitor)).toBe(1);
});
