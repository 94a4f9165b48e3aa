// Before an operator approves: talk with the candidate beside production, and read what visitors disliked of
// both.

import { Hono } from 'hono';
import { answersQuerySchema } from '../../core/wire/experiment-answers.ts';
import { previewRequestSchema } from '../../core/wire/preview.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { type App, readJson } from '../http.ts';
import { limit } from '../limits.ts';
import { SSE_HEADERS, sseBody } from '../router/sse.ts';
import { TOO_FAST } from '../router/visitor.ts';
import { experimentAnswers } from './experiment-answers.ts';
import { previewLines, startPreview, wholePreview } from './preview.ts';

export const compareRoutes = new Hono<App>()
  .post('/admin/experiments/:id/preview', async (c) => {
    const request = parseWire(previewRequestSchema, await readJson(c, LIMITS.adminBytes));
    // Two answers a question: an operator who scripts it would take them from visitors.
    await limit(c.env.CHAT_LIMIT, `preview:${c.get('operator')}`, TOO_FAST);
    const preview = await startPreview(c.env, {
      id: c.req.param('id'),
      request,
      traceparent: c.get('traceparent'),
      clientSignal: c.req.raw.signal,
    });
    if (c.req.header('accept')?.includes('text/event-stream')) {
      return c.body(sseBody(previewLines(preview), preview.leave), 200, SSE_HEADERS);
    }
    return c.json(await wholePreview(preview));
  })
  .get('/admin/experiments/:id/answers', async (c) => {
    const query = parseWire(answersQuerySchema, c.req.query());
    return c.json(await experimentAnswers(c.env, c.req.param('id'), query));
  });
