// What visitors decide about themselves: that nothing of theirs may train, for good, and that all of it
// goes. Proof of who they are is their token, sent as bearer; nothing is asked beside it.

import { Hono } from 'hono';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { optOutVisitor } from '../../adapters/postgres/privacy.ts';
import { AppError } from '../../core/errors.ts';
import { optOutRequestSchema } from '../../core/wire/chat.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { phrasingId } from '../../functions/curation/questions.ts';
import { eraseVisitor } from '../../functions/erasure/index.ts';
import { databaseOf, now } from '../env.ts';
import { type App, type AppContext, bearer, readJson } from '../http.ts';
import { knownVisitor } from '../router/visitor.ts';

export const privacy = new Hono<App>()
  .post('/api/privacy/opt-out', async (c) => {
    parseWire(optOutRequestSchema, await readJson(c, LIMITS.feedbackBytes));
    const visitorId = await visitorOf(c);
    await withDatabase(databaseOf(c.env), (db) =>
      db.transaction((tx) => optOutVisitor(tx, visitorId, new Date(now(c.env)), phrasingId)),
    );
    return c.json({ status: 'recorded' });
  })
  .delete('/api/visitor', async (c) => {
    const visitorId = await visitorOf(c);
    const erasure = await eraseVisitor(c.env, {
      visitorId,
      who: 'visitor',
      reason: 'asked for by the visitor',
      atMs: now(c.env),
    });
    return c.json({ erasure_id: erasure.id, state: erasure.state }, 202);
  });

async function visitorOf(c: AppContext): Promise<string> {
  const token = bearer(c);
  if (token === undefined) throw new AppError('unauthorized', 'A visitor token is needed.');
  return knownVisitor(c, token);
}
