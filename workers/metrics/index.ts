// GET /metrics in Prometheus text. Counts come from the record, so they are the same whichever
// isolate answers and survive every deploy. For operators, or for a scraper with METRICS_TOKEN.

import { Hono } from 'hono';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { captureRate, jobEndings, readTotals } from '../../adapters/postgres/metrics.ts';
import { exposition } from '../../core/metrics.ts';
import { databaseOf, now, settingsOf } from '../env.ts';
import { type App, type AppContext, bearer } from '../http.ts';
import { requireOperator } from '../operators.ts';
import { sameSecret } from '../tokens.ts';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

async function isScraper(c: AppContext): Promise<boolean> {
  const expected = settingsOf(c.env).METRICS_TOKEN;
  const given = bearer(c);
  return expected !== undefined && given !== undefined && sameSecret(given, expected);
}

export const metrics = new Hono<App>().get('/metrics', async (c) => {
  if (!(await isScraper(c))) await requireOperator(c);
  const at = new Date(now(c.env));
  const samples = await withDatabase(databaseOf(c.env), async (db) => [
    ...(await readTotals(db)),
    ...(await captureRate(db, at)),
    ...(await jobEndings(db)),
  ]);
  return c.text(exposition(samples), 200, {
    'content-type': CONTENT_TYPE,
    'cache-control': 'no-store',
  });
});
