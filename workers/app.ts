// All routes in one app: tracing, CORS for the pages that may embed the chat, errors in one shape,
// and the right answer to a wrong method.

import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { AppError } from '../core/errors.ts';
import { admin } from './admin/index.ts';
import { health } from './admin/status.ts';
import { agent } from './agent/index.ts';
import { settingsOf } from './env.ts';
import { feedback } from './feedback/index.ts';
import { type App, type AppContext, answerError } from './http.ts';
import { local } from './local/index.ts';
import { router } from './router/index.ts';

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

const publicCors = cors({
  origin: (origin, c: AppContext) => {
    const allowed = settingsOf(c.env)
      .ALLOWED_ORIGINS.split(',')
      .map((entry) => entry.trim());
    return allowed.includes(origin) || origin === new URL(c.req.url).origin ? origin : null;
  },
  allowMethods: ['GET', 'POST', 'DELETE'],
  exposeHeaders: ['x-interaction-id', 'x-feedback-token', 'retry-after'],
  maxAge: 600,
});

export function createApp(): Hono<App> {
  const app = new Hono<App>();
  app.use(async (c, next) => {
    const given = TRACEPARENT.exec(c.req.header('traceparent') ?? '')?.[1];
    c.set('traceId', given ?? crypto.randomUUID().replaceAll('-', ''));
    await next();
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
  });
  app.use('/api/*', publicCors);
  app.use('/v1/*', publicCors);
  app.route('/', router);
  app.route('/', feedback);
  app.route('/', agent);
  app.route('/', admin);
  app.route('/', local);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const parts = await health(c.env);
    const ready = Object.values(parts).every(Boolean);
    return c.json({ status: ready ? 'ok' : 'ill', parts }, ready ? 200 : 503);
  });
  for (const path of new Set(app.routes.map((route) => route.path))) {
    if (!path.includes('*')) {
      app.all(path, (c) => {
        throw new AppError('method_not_allowed', `${c.req.method} is not possible here.`);
      });
    }
  }
  app.notFound((c) => answerError(new AppError('not_found', 'There is no such endpoint.'), c));
  app.onError(answerError);
  return app;
}
