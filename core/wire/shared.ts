// Shapes that several endpoints share, and the one way a body is parsed.

import { z } from 'zod';
import { AppError } from '../errors.ts';

export const LIMITS = {
  chatBytes: 96 * 1024,
  /** Clients of OpenAI's shape send the whole conversation each time; it is cut, not refused. */
  completionBytes: 1024 * 1024,
  feedbackBytes: 64 * 1024,
  adminBytes: 64 * 1024,
  agentBytes: 4 * 1024 * 1024,
  /** Objects and lists within each other; what walks a body by recursion must not run out of stack. */
  bodyLevels: 64,
  messageChars: 8_000,
  correctionChars: 8_000,
  messages: 64,
  sources: 16,
  sourceChars: 8_000,
} as const;

export const uuidSchema = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'expected a UUID');

/** In answers. */
export const instantSchema = z.iso.datetime();
export const countSchema = z.int().min(0);
/** A part of the whole in ten-thousandths. */
export const bpSchema = z.int().min(0).max(10_000);

/** What Postgres can store as text: no U+0000, and no half of a surrogate pair. */
export const isStorable = (text: string) => !text.includes('\u0000') && text.isWellFormed();

/** Text that cannot be stored is refused here, by name, before it could spoil a batch of others. */
export const textSchema = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(isStorable, 'must be well-formed Unicode without the NUL character');

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Level by level, because recursion is what a deep one breaks. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let layer = [value].filter(isNest);
  for (let level = 0; layer.length > 0; level += 1) {
    if (level === levels) return true;
    layer = layer.flatMap((nest): unknown[] => Object.values(nest)).filter(isNest);
  }
  return false;
}

export const sourceSchema = z.strictObject({
  id: textSchema(200),
  title: textSchema(500),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  text: textSchema(LIMITS.sourceChars).optional(),
});
export type Source = z.infer<typeof sourceSchema>;

export const sourcesSchema = z.array(sourceSchema).max(LIMITS.sources);

/** Throws AppError invalid_request that lists each field at fault. */
export function parseWire<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const details = result.error.issues
    .slice(0, 10)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new AppError('invalid_request', `The request is not usable. ${details[0] ?? ''}`.trim(), {
    details,
  });
}
