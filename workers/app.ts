// All routes in one app: the request's log line and trace, limits by network, CORS for the pages
// that may embed the chat, errors in one shape, and the right answer to a wrong method.

import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { AppError } from '../core/errors.ts';
import { openApi } from '../core/openapi/index.ts';
import { admin } from './admin/index.ts';
import { agent } from './agent/index.ts';
import { settingsOf } from './env.ts';
import { feedback } from './feedback/index.ts';
import { probes } from './health.ts';
import { type App, type AppContext, answerError, refuseHugeBodies } from './http.ts';
import { identify } from './keys/identify.ts';
import { limitNetwork } from './limits.ts';
import { local } from './local/index.ts';
import { metrics } from './metrics/index.ts';
import { privacy } from './privacy/index.ts';
import { logRequest } from './request-log.ts';
import { router } from './router/index.ts';

const corsHeaders = cors({
  origin: (origin, c: AppContext) => {
    const allowed = settingsOf(c.env)
      .ALLOWED_ORIGINS.split(',')
      .map((entry) => entry.trim());
    return allowed.includes(origin) || origin === new URL(c.req.url).origin ? origin : null;
  },
  allowMethods: ['GET', 'POST', 'DELETE'],
  exposeHeaders: [
    'x-interaction-id',
    'x-feedback-token',
    'x-history-dropped',
    'x-request-id',
    'retry-after',
    'traceparent',
  ],
  maxAge: 600,
});

/** A program that sends no Origin needs nothing of this but the word to caches. */
const publicCors: MiddlewareHandler<App> = async (c, next) => {
  if (c.req.header('origin') !== undefined || c.req.method === 'OPTIONS') {
    return corsHeaders(c, next);
  }
  await next();
  c.res.headers.append('vary', 'Origin');
};

/** Whatever reads a visitor's token or a key and is no feedback; `/*` takes the path itself too. */
const LIMITED_AS_CHAT = [
  '/api/chat/*',
  '/api/visitor',
  '/api/privacy/opt-out',
  '/v1/chat/completions',
  '/v1/models/*',
];

export function createApp(): Hono<App> {
  const app = new Hono<App>();
  app.use(logRequest);
  app.use(async (c, next) => {
    await next();
    // Set on the response itself: c.header would copy it, body and all, for each of them.
    const { headers } = c.res;
    headers.set('x-content-type-options', 'nosniff');
    headers.set('referrer-policy', 'no-referrer');
    // An answer is data; whoever opens one in a browser gets nothing that runs or frames.
    headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    headers.set('strict-transport-security', 'max-age=31536000');
  });
  app.use(refuseHugeBodies);
  app.use('/api/*', publicCors);
  app.use('/v1/*', publicCors);
  for (const path of LIMITED_AS_CHAT) app.use(path, limitNetwork('chat'));
  for (const path of ['/api/feedback', '/api/signals']) app.use(path, limitNetwork('feedback'));
  app.use('/api/identify', limitNetwork('identify'));
  app.route('/', router);
  app.route('/', feedback);
  app.route('/', identify);
  app.route('/', privacy);
  app.route('/', agent);
  app.route('/', admin);
  app.route('/', local);
  app.route('/', metrics);
  app.route('/', probes);
  let description: ReturnType<typeof openApi> | undefined;
  app.get('/openapi.json', (c) => {
    description ??= openApi();
    return c.json(description);
  });
  for (const [path, methods] of methodsByPath(app)) {
    app.all(path, (c) => {
      // RFC 9110, 15.5.6: a 405 says what is possible.
      c.header('allow', methods.join(', '));
      throw new AppError('method_not_allowed', `${c.req.method} is not possible here.`);
    });
  }
  app.notFound((c) => answerError(new AppError('not_found', 'There is no such endpoint.'), c));
  app.onError(answerError);
  return app;
}

/** What each path answers; whatever answers GET answers HEAD too. */
function methodsByPath(app: Hono<App>): Map<string, string[]> {
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'));
  const paths = Map.groupBy(routes, ({ path }) => path);
  return new Map(
    [...paths].map(([path, found]) => {
      const methods = new Set(found.map(({ method }) => method));
      return [path, [...methods, ...(methods.has('GET') ? ['HEAD'] : [])]];
    }),
  );
}
