// The named parts of a record for the lineage tree; null for a plain value. Pure.
import * as z from 'zod/mini';

const recordSchema = z.record(z.string(), z.unknown());

type Field = [name: string, value: unknown];

export function fieldsOf(value: unknown): Field[] | null {
  if (Array.isArray(value)) return value.map((one, index) => [String(index + 1), one]);
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? Object.entries(parsed.data) : null;
}

// What tells one record of a list from the next, the most telling first.
const TELLING = ['feedback_type', 'action', 'interaction_id', 'pair_id', 'id'];

/** A folded record in one line: what it is called, and how much there is to unfold. */
export function summaryOf(fields: readonly Field[]): string {
  const values = new Map(fields);
  const name = TELLING.map((key) => values.get(key)).find((value) => typeof value === 'string');
  const size = `${fields.length} ${fields.length === 1 ? 'entry' : 'entries'}`;
  return name === undefined ? size : `${name}, ${size}`;
}
