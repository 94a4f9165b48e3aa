// What a message on the dead-letter queue says: the event that was not written, and why. Our recorder
// wraps it with its reason; a message that the queue gave up itself arrives as it was. Pure.

import { z } from 'zod';
import { isStorable } from './wire/shared.ts';

/** The namespace of a dead letter's id, which is made from its text. */
export const DEAD_LETTER_NAMESPACE = '0d1f7f8e-52c1-5f0a-8c4b-7d3a1e9b6f24';

const REASON_CHARS = 500;

const wrappedSchema = z.strictObject({ reason: z.string(), body: z.unknown() });

/** What a body can be known by, as far as it can be told; its other fields may be anything. */
const aboutSchema = z.object({
  kind: z.string().optional().catch(undefined),
  interaction_id: z.string().optional().catch(undefined),
  visitor_id: z.string().optional().catch(undefined),
});

export interface DeadLetter {
  reason: string;
  body: unknown;
  /** JSON with its keys in order: the same message has the same text, whoever wrote it down. */
  text: string;
  kind: string | null;
  interactionId: string | null;
  visitorId: string | null;
}

export function deadLetterOf(message: unknown): DeadLetter {
  const wrapped = wrappedSchema.safeParse(message).data;
  const body = wrapped === undefined ? message : wrapped.body;
  const reason = wrapped?.reason ?? 'given up by the queue after every delivery';
  const about = aboutSchema.safeParse(body).data ?? {};
  const known = (text: string | undefined) =>
    text !== undefined && text.length <= 200 && isStorable(text) ? text : null;
  return {
    reason: reason.replaceAll('\u0000', '').toWellFormed().slice(0, REASON_CHARS),
    body,
    text: JSON.stringify(inOrder(body)) ?? 'null',
    kind: known(about.kind),
    interactionId: known(about.interaction_id),
    visitorId: known(about.visitor_id),
  };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, inOrder(inner)]),
  );
}

/** The fields at fault, without what they hold. */
export function unreadable(error: z.ZodError): string {
  const fields = error.issues.map(({ path }) => path.join('.') || 'the message itself');
  return `unreadable: ${[...new Set(fields)].join(', ')}`;
}
