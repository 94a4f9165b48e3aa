// How often one visitor or one network may ask. Counted by Cloudflare's rate-limit bindings, whose
// numbers stand in wrangler.toml; over the limit is 429 with Retry-After in the usual error shape.

import type { MiddlewareHandler } from 'hono';
import { AppError } from '../core/errors.ts';
import { networkOf } from '../core/network.ts';
import type { App, AppContext } from './http.ts';

/** The `period` of every limit in wrangler.toml. */
const PERIOD_SECONDS = 60;

/** Throws rate_limited. A limiter that fails lets the request pass: it guards, it must not stop. */
export async function limit(limiter: RateLimit, key: string, message: string): Promise<void> {
  const { success } = await limiter.limit({ key }).catch((error: unknown) => {
    const detail = error instanceof Error ? error.name : 'unknown';
    console.warn(JSON.stringify({ level: 'warn', code: 'limiter_failed', detail }));
    return { success: true };
  });
  if (success) return;
  throw new AppError('rate_limited', message, { retryAfterSeconds: PERIOD_SECONDS });
}

/** As Cloudflare saw it; a header of that name from a client is replaced at the edge. */
export const networkOfRequest = (c: AppContext) => networkOf(c.req.header('cf-connecting-ip'));

/** Comes before any token is read, so that guessing tokens is limited too. */
export const limitNetwork =
  (what: 'chat' | 'feedback' | 'identify' | 'probe'): MiddlewareHandler<App> =>
  async (c, next) => {
    const message = 'Too many requests from this network. Try again later.';
    await limit(c.env.NETWORK_LIMIT, `${what}:${networkOfRequest(c)}`, message);
    await next();
  };
