// The named parts of a record for the lineage tree; null for a plain value. Pure.
import * as z from 'zod/mini';

const recordSchema = z.record(z.string(), z.unknown());

export function fieldsOf(value: unknown): [name: string, value: unknown][] | null {
  if (Array.isArray(value)) return value.map((one, index) => [String(index + 1), one]);
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? Object.entries(parsed.data) : null;
}
