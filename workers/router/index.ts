// Chat: sessions, the homepage's endpoint and the OpenAI-compatible one.

import { Hono } from 'hono';
import { sessionRequestSchema } from '../../core/wire/chat.ts';
import { LIMITS, parseWire } from '../../core/wire/shared.ts';
import { type App, readJson } from '../http.ts';
import { eraseSession, homepageChat } from './homepage-chat.ts';
import { listModels, showModel } from './models.ts';
import { openaiChat } from './openai-chat.ts';
import { openSession } from './visitor.ts';

export const router = new Hono<App>()
  .post('/api/chat/session', async (c) => {
    parseWire(sessionRequestSchema, await readJson(c, LIMITS.feedbackBytes));
    return c.json(await openSession(c), 201);
  })
  .delete('/api/chat/session/:id', eraseSession)
  .post('/api/chat', homepageChat)
  .post('/v1/chat/completions', openaiChat)
  .get('/v1/models', listModels)
  .get('/v1/models/:model', showModel);
