// What operators use: the loop's state, reviews, datasets, jobs, models, the route and lineage.
// Behind the operators' sign-in; writes must come from our own pages or from no page at all.

import { Hono } from 'hono';
import { z } from 'zod';
import { decideReview, findFeedback, listReviews } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findDataset, listDatasets } from '../../adapters/postgres/datasets.ts';
import { cancelJob, findJob, listJobs } from '../../adapters/postgres/jobs.ts';
import { type CurationWindow, lastClosedWindow, windowOfWeek } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import {
  boundsQuerySchema,
  createJobSchema,
  curateRequestSchema,
  deadLetterListSchema,
  reviewDecisionSchema,
  routeRequestSchema,
} from '../../core/wire/admin.ts';
import { LIMITS, parseWire, uuidSchema } from '../../core/wire/shared.ts';
import { startCuration } from '../../functions/curation/start.ts';
import { deliverQuietly } from '../../functions/notify/deliver.ts';
import { createTrainingJob } from '../../functions/registry/jobs.ts';
import { ensureBaseModel } from '../../functions/registry/models.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { databaseOf, now } from '../env.ts';
import { type App, readJson, sameOriginWrites } from '../http.ts';
import { requireOperator } from '../operators.ts';
import { boundedVisitors } from './bounds.ts';
import { compareRoutes } from './compare.ts';
import { deadLetterViews, replayDeadLetter } from './dead-letters.ts';
import { erasures } from './erasures.ts';
import { experimentSums } from './experiments.ts';
import { historyRoutes } from './history.ts';
import { holdoutView } from './holdout.ts';
import { judgeRoutes } from './judge.ts';
import { adminKeys } from './keys.ts';
import { lineage } from './lineage.ts';
import { notificationRoutes } from './notifications.ts';
import { pruningRoutes } from './pruning.ts';
import { rolloutRoutes } from './rollouts.ts';
import { changeRoute, routeWithHistory } from './route.ts';
import { settingsRoutes } from './settings.ts';
import { loopStatus, modelViews, oneModelView } from './status.ts';
import { datasetView, jobView, reviewView } from './views.ts';

const reviewFilter = z.enum(['pending', 'accepted', 'rejected']);

const notFound = (what: string, id: string) =>
  new AppError('not_found', `There is no ${what} ${id}.`);

const pathIdSchema = z
  .string()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

/** Every id in a path, before any route sees it: Postgres refuses NUL, and no id is that long. */
function checkPathId(id: string): void {
  const problem = pathIdSchema.safeParse(id).error?.issues[0]?.message;
  if (problem === undefined) return;
  throw new AppError('invalid_request', `The id in the path is not usable: ${problem}.`, {
    details: [`id: ${problem}`],
  });
}

export const admin = new Hono<App>()
  .use('/admin/*', async (c, next) => {
    c.set('operator', await requireOperator(c));
    await next();
  })
  .use('/admin/*', sameOriginWrites)
  .use('/admin/:noun/:id/*', async (c, next) => {
    checkPathId(c.req.param('id'));
    await next();
  })
  .route('/', adminKeys)
  .get('/admin/status', async (c) => c.json(await loopStatus(c.env)))

  .get('/admin/datasets', async (c) => {
    const rows = await withDatabase(databaseOf(c.env), (db) => listDatasets(db));
    return c.json({ datasets: rows.map(datasetView) });
  })
  .get('/admin/datasets/:id', async (c) => {
    const id = c.req.param('id');
    const row = await withDatabase(databaseOf(c.env), (db) => findDataset(db, id));
    if (!row) throw notFound('dataset', id);
    return c.json(datasetView(row));
  })
  .post('/admin/datasets', async (c) => {
    const body = parseWire(curateRequestSchema, await readJson(c, LIMITS.adminBytes));
    const window = chosenWindow(body.week, now(c.env));
    const dataset = await withDatabase(databaseOf(c.env), (db) => findDataset(db, window.id));
    const run = await startCuration(c.env, window);
    const existed = dataset !== undefined && dataset.status !== 'curating';
    return c.json({ run_id: run.runId, dataset_id: run.datasetId, existed }, 202);
  })
  .get('/admin/curations/:id', async (c) => {
    const id = c.req.param('id');
    const run = await c.env.CURATION.get(id).catch(() => undefined);
    if (!run) throw notFound('curation run', id);
    const { status, error, output } = await run.status();
    return c.json({ status, error: error ?? null, output: output ?? null });
  })

  .get('/admin/jobs', async (c) => {
    const rows = await withDatabase(databaseOf(c.env), (db) => listJobs(db));
    return c.json({ jobs: rows.map(jobView) });
  })
  .get('/admin/jobs/:id', async (c) => {
    const id = parseWire(uuidSchema, c.req.param('id'));
    const row = await withDatabase(databaseOf(c.env), (db) => findJob(db, id));
    if (!row) throw notFound('job', id);
    return c.json(jobView(row));
  })
  .post('/admin/jobs', async (c) => {
    const body = parseWire(createJobSchema, await readJson(c, LIMITS.adminBytes));
    const job = await withDatabase(databaseOf(c.env), (db) =>
      createTrainingJob(db, c.env, { datasetId: body.dataset_id, again: true }),
    );
    return c.json(jobView(job), 201);
  })
  .post('/admin/jobs/:id/cancel', async (c) => {
    const id = parseWire(uuidSchema, c.req.param('id'));
    const job = await withDatabase(databaseOf(c.env), async (db) => {
      const cancelled = await cancelJob(db, id, new Date(now(c.env)));
      if (cancelled) return cancelled;
      const standing = await findJob(db, id);
      if (!standing) throw notFound('job', id);
      throw new AppError('conflict', `Job ${id} has already ended: ${standing.status}.`);
    });
    return c.json(jobView(job));
  })

  .get('/admin/reviews', async (c) => {
    const status = parseWire(reviewFilter, c.req.query('status') ?? 'pending');
    const reviews = await withDatabase(databaseOf(c.env), (db) => listReviews(db, status));
    return c.json({ reviews: reviews.map(reviewView) });
  })
  .post('/admin/reviews/:id', async (c) => {
    const eventId = parseWire(uuidSchema, c.req.param('id'));
    const body = parseWire(reviewDecisionSchema, await readJson(c, LIMITS.adminBytes));
    const status = body.decision === 'accept' ? 'accepted' : 'rejected';
    await withDatabase(databaseOf(c.env), async (db) => {
      const decided = await decideReview(db, {
        eventId,
        status,
        by: c.get('operator'),
        note: body.note ?? null,
        at: new Date(now(c.env)),
      });
      if (decided) return;
      if (!(await findFeedback(db, eventId))) throw notFound('feedback event', eventId);
      throw new AppError('conflict', `Feedback ${eventId} carries no correction to review.`);
    });
    return c.json({ event_id: eventId, status });
  })

  .get('/admin/dead-letters', async (c) => {
    const query = parseWire(deadLetterListSchema, c.req.query());
    return c.json({ dead_letters: await deadLetterViews(c.env, query) });
  })
  .post('/admin/dead-letters/:id/replay', async (c) => {
    const id = parseWire(uuidSchema, c.req.param('id'));
    await replayDeadLetter(c.env, id, c.get('operator'));
    return c.json({ id, status: 'replayed' }, 202);
  })

  .get('/admin/bounds', async (c) => {
    const query = parseWire(boundsQuerySchema, c.req.query());
    return c.json(await boundedVisitors(c.env, query));
  })

  .get('/admin/models', async (c) => {
    const table = await routingTable(c.env);
    const models = await withDatabase(databaseOf(c.env), (db) => modelViews(db, c.env, table));
    return c.json({ models });
  })
  .get('/admin/models/:id', async (c) => {
    const id = c.req.param('id');
    const table = await routingTable(c.env);
    const found = await withDatabase(databaseOf(c.env), (db) => oneModelView(db, c.env, table, id));
    if (!found) throw notFound('model', id);
    return c.json(found);
  })

  .get('/admin/route', async (c) =>
    c.json(await routeWithHistory(c.env, await routingTable(c.env))),
  )
  .post('/admin/route', async (c) => {
    const body = parseWire(routeRequestSchema, await readJson(c, LIMITS.adminBytes));
    const table = await changeRoute(c.env, body, c.get('operator'));
    c.executionCtx.waitUntil(deliverQuietly(c.env));
    return c.json(await routeWithHistory(c.env, table));
  })
  .get('/admin/holdout', async (c) => c.json(await holdoutView(c.env)))
  .get('/admin/experiments/:id/sums', async (c) => {
    const id = c.req.param('id');
    const sums = await experimentSums(c.env, id);
    if (!sums) throw notFound('experiment with recorded answers', id);
    return c.json(sums);
  })
  .route('/', pruningRoutes)
  .route('/', rolloutRoutes)
  .route('/', settingsRoutes)
  .route('/', judgeRoutes)
  .route('/', compareRoutes)
  .route('/', historyRoutes)
  .route('/', notificationRoutes)
  .get('/admin/lineage/:id', async (c) => {
    const id = c.req.param('id');
    const table = await routingTable(c.env);
    const found = await withDatabase(databaseOf(c.env), async (db) => {
      await ensureBaseModel(db, c.env);
      return lineage(db, id, table);
    });
    return c.json(found);
  })
  .route('/admin/erasures', erasures);

/** Without a week: the last closed one. A week that is still open has no dataset yet. */
function chosenWindow(week: string | undefined, at: number): CurationWindow {
  if (week === undefined) return lastClosedWindow(at);
  let window: CurationWindow;
  try {
    window = windowOfWeek(week);
  } catch (error) {
    throw new AppError('invalid_request', error instanceof Error ? error.message : 'unknown week');
  }
  if (window.endMs > at) {
    throw new AppError(
      'conflict',
      `Week ${week} ends at ${new Date(window.endMs).toISOString()}; it is curated then.`,
    );
  }
  return window;
}
