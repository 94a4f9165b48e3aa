// One line of JSON for each request, and its trace. A line says which route, how it ended and how
// long until the answer began (a stream goes on after that; its whole time is in the record). It
// never holds a body, a query string, a header or a token, so no prompt can be in it.

import type { Next } from 'hono';
import { matchedRoutes } from 'hono/route';
import { traceOf, traceparent } from '../core/trace.ts';
import { isOpenAiPath } from '../core/wire/openai-error.ts';
import { randomBytes } from './env.ts';
import type { AppContext } from './http.ts';

export async function logRequest(c: AppContext, next: Next): Promise<void> {
  const startedMs = performance.now();
  const trace = traceOf(c.req.header('traceparent'), randomBytes);
  c.set('traceId', trace.traceId);
  c.set('traceparent', traceparent(trace));
  await next();
  c.res.headers.set('traceparent', c.get('traceparent'));
  // Where OpenAI's clients look for the id of a request.
  if (isOpenAiPath(c.req.path)) c.res.headers.set('x-request-id', trace.traceId);
  const { status } = c.res;
  // To a client that has left nothing is answered, and nothing is ill.
  const left = c.req.raw.signal.aborted;
  const ill = status >= 500 && !left;
  const failure = left ? { code: 'client_left', detail: undefined } : c.get('failure');
  const line = JSON.stringify({
    level: ill ? 'error' : 'info',
    event: 'request',
    method: c.req.method,
    route: routeOf(c),
    status,
    duration_ms: Math.round(performance.now() - startedMs),
    trace_id: trace.traceId,
    span_id: trace.spanId,
    parent_id: trace.parentId,
    interaction_id: c.get('interactionId') ?? c.res.headers.get('x-interaction-id') ?? undefined,
    key_id: c.get('keyId'),
    code: failure?.code,
    detail: ill ? failure?.detail : undefined,
  });
  if (ill) console.error(line);
  else console.log(line);
}

/** The route's pattern: a path itself may hold whatever a client wrote there. */
function routeOf(c: AppContext): string {
  return matchedRoutes(c).findLast(({ path }) => !path.includes('*'))?.path ?? 'none';
}
