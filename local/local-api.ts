/**
 * The stack's own calls to the running Worker: is it ready, what still waits in its queue, and how
 * far its clock is ahead. Called by the stack. A Worker that does not answer is a value, not an error.
 */
import { z } from 'zod';

const CALL_WITHIN_MS = 3000;

const readiness = z.looseObject({
  status: z.string(),
  parts: z.record(z.string(), z.unknown()).default({}),
});
const queue = z.looseObject({ pending: z.number() });
const clock = z.looseObject({ offset_ms: z.number() });

export type LocalApi = {
  /** "ok", or what the Worker says is missing; `without` names parts that were left out on purpose. */
  readiness(without: readonly string[]): Promise<string>;
  /** Messages not yet written down, or null when the Worker cannot tell. */
  pending(): Promise<number | null>;
  /** Fires what has fallen due since the last call; answers how far the clock is ahead. */
  tick(): Promise<number | null>;
};

export const localApi = (url: string, operatorToken: string): LocalApi => {
  const call = async <T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
  ): Promise<T | null> => {
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${operatorToken}` },
        signal: AbortSignal.timeout(CALL_WITHIN_MS),
      });
      const parsed = schema.safeParse(await response.json());
      return parsed.success ? parsed.data : null;
    } catch {
      return null;
    }
  };
  return {
    readiness: async (without) => {
      const found = await call('GET', '/readyz', readiness);
      if (found === null) return 'the Worker does not answer /readyz';
      if (found.status === 'ok') return 'ok';
      const missing = Object.entries(found.parts)
        .filter(([name, state]) => state !== true && !without.includes(name))
        .map(([name]) => name.replaceAll('_', ' '));
      const onlyWithout = missing.length === 0 && Object.keys(found.parts).length > 0;
      return onlyWithout ? 'ok' : `the Worker cannot reach its ${missing.join(', ') || 'parts'}`;
    },
    pending: async () => (await call('GET', '/local/queue', queue))?.pending ?? null,
    tick: async () => (await call('POST', '/local/tick', clock))?.offset_ms ?? null,
  };
};
