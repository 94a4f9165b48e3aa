// A client that leaves: the model stops working for it, and the record says so once.

import { exports } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { reached } from './faults-support.ts';
import { eventually, newVisitor, rows } from './support.ts';

const until = async (holds: () => Promise<boolean>) => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came to be');
};

test.each([
  ['whole, before the first token', 'application/json', 'hang on everyone'],
  ['whole, in the middle', 'application/json', 'stall midway'],
  ['streamed, before the first token', 'text/event-stream', 'hang on everyone'],
  ['streamed, in the middle', 'text/event-stream', 'stall midway'],
])('%s: upstream is cancelled and one partial answer is recorded', async (_, accept, does) => {
  const { id, visitor_token } = await newVisitor();
  const message = `${does} ${crypto.randomUUID()}`;
  const leave = new AbortController();
  const asked = exports.default
    .fetch('https://bruno.example/api/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ session_id: id, visitor_token, message }),
      signal: leave.signal,
    })
    .then((response) => response.text())
    .catch((error: unknown) => error);
  await until(async () => (await reached(message)).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  leave.abort();
  await asked;
  await until(async () => (await reached(message)).every(({ left }) => left));
  await eventually(sql`SELECT 1 FROM interactions WHERE query = ${message}`);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(
    await rows(sql`SELECT status, error_code, fault FROM interactions WHERE query = ${message}`),
  ).toEqual([{ status: 'partial', error_code: 'client_left', fault: null }]);
  expect(await reached(message)).toHaveLength(1);
});
