// The sentence in an error that came with a record: a string, or an object with a message. Pure.
import * as z from 'zod/mini';

const errorSchema = z.object({ message: z.string(), code: z.optional(z.nullable(z.string())) });

export function problemOf(error: unknown): string | null {
  if (error === null || error === undefined || error === '') return null;
  if (typeof error === 'string') return error;
  const parsed = errorSchema.safeParse(error);
  if (!parsed.success) return 'It failed for a reason that was not told.';
  const { code, message } = parsed.data;
  return code ? `${message} (${code})` : message;
}
