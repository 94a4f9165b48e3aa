// The one typed doorway to our Durable Objects. itty-durable's own proxy is `any` and carries
// arguments in a header, which chat text would overflow; bodies go over these POST routes instead.

import { z } from 'zod';
import { AppError } from '../core/errors.ts';

const failureSchema = z.object({
  error: z.union([z.string(), z.object({ code: z.string(), message: z.string() })]).optional(),
});

interface Call<Schema extends z.ZodType> {
  namespace: DurableObjectNamespace;
  name: string;
  path: string;
  body: unknown;
  answer: Schema;
  timeoutMs: number;
}

/**
 * Throws AppError: not_found, conflict or forbidden when the object refuses (its sentence is passed on),
 * dependency_unavailable when it cannot be reached in time.
 */
export async function callObject<Schema extends z.ZodType>(
  call: Call<Schema>,
): Promise<z.infer<Schema>> {
  const stub = call.namespace.get(call.namespace.idFromName(call.name));
  let response: Response;
  try {
    response = await stub.fetch(`https://itty-durable${call.path}`, {
      method: 'POST',
      // Not the name too, as itty-durable's proxy does: a visitor's text may be no header's value.
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
      signal: AbortSignal.timeout(call.timeoutMs),
    });
  } catch (cause) {
    throw new AppError('dependency_unavailable', 'A part of the service did not answer in time.', {
      internalMessage: `object ${call.path}: ${cause instanceof Error ? cause.name : 'failed'}`,
      cause,
    });
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return call.answer.parse(body);
  const failure = failureSchema.safeParse(body).data?.error;
  const message = typeof failure === 'string' ? failure : (failure?.message ?? 'It was refused.');
  if (response.status === 404) throw new AppError('not_found', message);
  if (response.status === 409) throw new AppError('conflict', message);
  if (response.status === 403) throw new AppError('forbidden', message);
  throw new AppError('dependency_unavailable', 'A part of the service failed.', {
    internalMessage: `object ${call.path}: ${response.status} ${message}`,
  });
}
