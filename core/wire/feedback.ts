// What visitors send about an answer: explicit feedback, and batches of implicit signals.

import { z } from 'zod';
import { FEEDBACK_TYPES } from '../feedback-values.ts';
import { isStorable, LIMITS, textSchema, uuidSchema } from './shared.ts';

export const CORRECTION_TYPES = ['factual_error', 'style', 'tone', 'incomplete', 'other'] as const;

const tokenSchema = textSchema(4000);
const metadataSchema = z
  .record(z.string().max(64), z.unknown())
  .refine((value) => JSON.stringify(value).length <= 4096, {
    error: 'must stay under 4 KiB of JSON',
    abort: true,
  })
  .refine(holdsStorable, 'must be well-formed Unicode without the NUL character');

function holdsStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && holdsStorable(inner));
}

export const feedbackRequestSchema = z
  .strictObject({
    interaction_id: uuidSchema,
    feedback_token: tokenSchema,
    /** Whoever sends it along must be the visitor who asked. */
    visitor_token: tokenSchema.optional(),
    feedback_type: z.enum(FEEDBACK_TYPES),
    value: z.number().optional(),
    corrected_response: textSchema(LIMITS.correctionChars).optional(),
    correction_type: z.enum(CORRECTION_TYPES).optional(),
    event_id: uuidSchema.optional(),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    metadata: metadataSchema.optional(),
  })
  .superRefine((body, context) => {
    if (
      body.feedback_type === 'rating' &&
      !(body.value !== undefined && body.value >= 1 && body.value <= 5)
    ) {
      context.addIssue({ code: 'custom', path: ['value'], message: 'a rating needs 1 to 5 stars' });
    }
    if (body.feedback_type === 'correction' && body.corrected_response === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['corrected_response'],
        message: 'a correction needs the corrected text',
      });
    }
  });
export type FeedbackRequest = z.infer<typeof feedbackRequestSchema>;

export const signalsSchema = z.strictObject({
  copy_event: z.boolean().optional(),
  citation_clicks: z.int().min(0).max(100).optional(),
  read_time_seconds: z.number().min(0).max(86_400).optional(),
  time_to_action_seconds: z.number().min(0).max(86_400).optional(),
  reformulated: z.boolean().optional(),
  follow_up_asked: z.boolean().optional(),
  abandoned: z.boolean().optional(),
});

const signalEventSchema = z.strictObject({
  interaction_id: uuidSchema,
  feedback_token: tokenSchema,
  visitor_token: tokenSchema.optional(),
  signals: signalsSchema,
  event_id: uuidSchema.optional(),
});
export type SignalEvent = z.infer<typeof signalEventSchema>;

export const signalsRequestSchema = z.union([
  z.strictObject({ events: z.array(signalEventSchema).min(1).max(50) }),
  signalEventSchema.transform((event) => ({ events: [event] })),
]);
