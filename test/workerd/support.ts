// Helpers for the tests inside workerd: requests as clients make them, and the record as it stands.

import { env, exports } from 'cloudflare:workers';
import type { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { databaseOf, type Env } from '../../workers/env.ts';
import { expectDescribed } from './described.ts';

export { interactionOf } from '../../core/testing/interaction.ts';

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {}
    interface GlobalProps {
      mainModule: typeof import('../../workers/index.ts');
    }
  }
}
/** A limit of three, which no environment has. */
type WorkerEnv = Env & { NARROW: RateLimit };

export const OPERATOR = 'operator-for-tests-only-0123456789';
export const AGENT = 'agent-for-tests-only-0123456789';
const ORIGIN = 'https://bruno.example';

/** Whatever is answered well must be answered as it is described. */
export async function call(
  path: string,
  init: { method?: string; body?: unknown; raw?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: unknown; headers: Headers; text: string }> {
  const payload = init.raw ?? (init.body === undefined ? undefined : JSON.stringify(init.body));
  const method = init.method ?? (payload === undefined ? 'GET' : 'POST');
  const response = await exports.default.fetch(`${ORIGIN}${path}`, {
    method,
    headers: {
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(payload === undefined ? {} : { body: payload }),
  });
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  expectDescribed(method, path, { status: response.status, headers: response.headers, body });
  return { status: response.status, body, headers: response.headers, text };
}

export const asOperator = { authorization: `Bearer ${OPERATOR}` };

/** A new API key as a header. */
export async function keyHeader(scopes: readonly string[]) {
  const body = { name: crypto.randomUUID().slice(0, 20), scopes };
  const made = await call('/admin/keys', { body, headers: asOperator });
  const { key } = z.object({ key: z.string() }).parse(made.body);
  return { authorization: `Bearer ${key}` };
}

const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });
const answerSchema = z.object({
  response: z.string(),
  interaction_id: z.string(),
  feedback_token: z.string(),
  session_id: z.string(),
});

export async function newVisitor() {
  const { status, body } = await call('/api/chat/session', { body: {} });
  expect(status).toBe(201);
  return sessionSchema.parse(body);
}

export async function chat(message: string, visitor?: z.infer<typeof sessionSchema>) {
  const { id, visitor_token } = visitor ?? (await newVisitor());
  const { status, body } = await call('/api/chat', {
    body: { session_id: id, visitor_token, message },
  });
  expect(status).toBe(200);
  return answerSchema.parse(body);
}

export async function rows(query: ReturnType<typeof sql>): Promise<Record<string, unknown>[]> {
  return withDatabase(databaseOf(env), async (db) => (await db.execute(query)).rows);
}

/** Waits until the record has what the query finds. */
export async function eventually(
  query: ReturnType<typeof sql>,
  enough: (found: Record<string, unknown>[]) => boolean = (found) => found.length > 0,
): Promise<Record<string, unknown>[]> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const found = await rows(query);
    if (enough(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the record never had it');
}
