// What operators send. Answers are built by workers/admin from the record.

import { z } from 'zod';
import { textSchema, uuidSchema } from './shared.ts';

export const reviewDecisionSchema = z.strictObject({
  decision: z.enum(['accept', 'reject']),
  note: textSchema(2000).optional(),
});

export const curateRequestSchema = z.strictObject({
  week: z
    .string()
    .regex(/^\d{4}-w\d{2}$/, 'expected an ISO week such as 2026-w42')
    .optional(),
});

export const createJobSchema = z.strictObject({ dataset_id: textSchema(50) });

export const routeRequestSchema = z.strictObject({
  action: z.enum(['start', 'share', 'promote', 'rollback']),
  model_id: textSchema(100).optional(),
  /** Down to the one ten-thousandth that the route counts in. */
  share: z.number().min(0.0001).max(1).optional(),
  reason: textSchema(2000).optional(),
  request_id: uuidSchema.optional(),
});

export const clockRequestSchema = z.union([
  z.strictObject({ to: z.iso.datetime({ offset: true }) }),
  z.strictObject({ advance_ms: z.int().min(0) }),
]);
