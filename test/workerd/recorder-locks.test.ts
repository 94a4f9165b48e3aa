// What two batches at once may wait for: never for each other in a circle.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import { databaseOf } from '../../workers/env.ts';
import { deliver, sumsOf, T0 } from './experiment-support.ts';
import { interactionOf, rows } from './support.ts';

test('a batch waits for all its visitors before it holds an experiment that others may want', async () => {
  const answer = interactionOf({
    visitor_id: `visitor-${crypto.randomUUID()}`,
    experiment_id: `exp-${crypto.randomUUID()}`,
    share_bp: 1_000,
    arm: 'control',
  });
  const other = `other-${crypto.randomUUID()}`;
  const identity: QueueEvent = {
    kind: 'identity',
    v: 1,
    event_id: crypto.randomUUID(),
    visitor_id: other,
    person_id: `shop:${other}`,
    at: T0,
  };
  const waiters = () =>
    rows(sql`
      SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objsubid = 1
         AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(${other}, 0)`);
  const { delivered, isFree } = await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${other}, 0))`);
      const delivered = deliver([answer, identity]);
      while ((await waiters()).length === 0) await new Promise((done) => setTimeout(done, 20));
      const { rows: found } = await tx.execute(
        sql`SELECT pg_try_advisory_xact_lock(1, hashtext(${answer.experiment_id})) AS free`,
      );
      return { delivered, isFree: found[0]?.free };
    }),
  );
  await delivered;
  expect(isFree).toBe(true);
  expect((await sumsOf(answer.experiment_id ?? '')).totals).toHaveLength(1);
});
