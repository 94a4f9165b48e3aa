// The conversations that the assistant still holds of somebody who is erased: each is ended in its own
// object, which keeps nothing but whose it was until its alarm, an hour later at the most.

import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { callObject } from '../../workers/durable.ts';
import type { Env } from '../../workers/env.ts';

const TIMEOUT_MS = 5_000;

export interface Effort {
  /** How many sessions are tried at most. */
  most: number;
  /** By the machine's clock. */
  untilMs: number;
}

/** Returns the sessions that could not be ended now; those that were not tried first. */
export async function endSessions(
  env: Env,
  visitorId: string,
  sessions: readonly string[],
  { most, untilMs }: Effort,
): Promise<string[]> {
  const failed: string[] = [];
  let tried = 0;
  for (const name of sessions.slice(0, most)) {
    if (Date.now() >= untilMs) break;
    tried += 1;
    try {
      await callObject({
        namespace: env.SESSIONS,
        name,
        path: '/erase',
        body: { visitor_id: visitorId },
        answer: z.unknown(),
        timeoutMs: TIMEOUT_MS,
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // A name that somebody else holds: nothing of this visitor is in it.
      if (error.code !== 'forbidden') failed.push(name);
    }
  }
  return [...sessions.slice(tried), ...failed];
}
