// The local clock: it moves forward only, fires what is due on the way, and does not exist elsewhere.

import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asOperator, call, chat, eventually } from './support.ts';

const clockSchema = z.object({ now: z.string(), offset_ms: z.number() });

test('moves forward, fires every tick on the way, and stamps what comes after', async () => {
  const before = clockSchema.parse((await call('/local/clock', { headers: asOperator })).body);
  const moved = await call('/local/clock', {
    body: { advance_ms: 3_600_000 },
    headers: asOperator,
  });
  expect(moved.body).toMatchObject({ fired: 4 });
  const answer = await chat('What time is it?');
  const [row] = await eventually(
    sql`SELECT created_at FROM interactions WHERE interaction_id = ${answer.interaction_id}`,
  );
  expect(Date.parse(String(row?.created_at))).toBeGreaterThanOrEqual(
    Date.parse(before.now) + 3_600_000,
  );
});

test('does not move back', async () => {
  const { status, body } = await call('/local/clock', {
    body: { to: '2020-01-01T00:00:00Z' },
    headers: asOperator,
  });
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain('only moves forward');
});

test.each([{ to: '9999-12-31T00:00:00Z' }, { advance_ms: 366 * 86_400_000 + 1 }])(
  'does not move more than 366 days at once: %o',
  async (request) => {
    const { status, body } = await call('/local/clock', { body: request, headers: asOperator });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('at most 366 days');
  },
);

test('four weeks of quarter hours pass in one call', async () => {
  const { body } = await call('/local/clock', {
    body: { advance_ms: 28 * 86_400_000 },
    headers: asOperator,
  });
  expect(z.object({ fired: z.number() }).parse(body).fired).toBe(2692);
});

test('a tick fires nothing twice', async () => {
  const tick = async () =>
    (await call('/local/tick', { method: 'POST', headers: asOperator })).body;
  await tick();
  expect(await tick()).toMatchObject({ fired: 0 });
  const moved = await call('/local/clock', { body: { advance_ms: 900_000 }, headers: asOperator });
  expect(moved.body).toMatchObject({ fired: 1 });
  expect(await tick()).toMatchObject({ fired: 0 });
});

test('the endpoint needs the operator', async () => {
  expect((await call('/local/clock', { body: { advance_ms: 1 } })).status).toBe(401);
});
