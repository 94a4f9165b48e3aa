// The conversations that the assistant still holds of somebody who is erased: each is ended in its own
// object, which keeps nothing but whose it was until its alarm, an hour later at the most.

import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { callObject } from '../../workers/durable.ts';
import type { Env } from '../../workers/env.ts';

const TIMEOUT_MS = 5_000;

/** Returns the sessions that could not be ended now; at most `most` are tried. */
export async function endSessions(
  env: Env,
  visitorId: string,
  sessions: readonly string[],
  most: number,
): Promise<string[]> {
  const left = sessions.slice(most);
  for (const name of sessions.slice(0, most)) {
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
      if (error.code !== 'forbidden') left.push(name);
    }
  }
  return left;
}
