// What operators send. Answers are built by workers/admin from the record.

import { z } from 'zod';
import { KEY_SCOPES, keyPrefixSchema } from '../api-keys.ts';
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
  /** Which experiment is meant, where more than one runs; a candidate's model_id says it too. */
  experiment_id: textSchema(200).optional(),
  /**
   * For `start`: the part of all visitors that the experiment owns; without it everyone. Down to the one
   * ten-thousandth that the route counts in, as the share is.
   */
  slice: z.number().min(0.0001).max(1).optional(),
  /** Of the experiment's slice. */
  share: z.number().min(0.0001).max(1).optional(),
  reason: textSchema(2000).optional(),
  request_id: uuidSchema.optional(),
});

/** Beyond it a year has five digits, which Postgres does not read as ISO 8601. */
const END_OF_TIME = Date.UTC(10_000, 0);

export const createKeySchema = z
  .strictObject({
    name: textSchema(100),
    /** Left out: made from the name, and refused if another key has it. */
    prefix: keyPrefixSchema.optional(),
    scopes: z.array(z.enum(KEY_SCOPES)).min(1).max(KEY_SCOPES.length),
    expires_at: z.iso
      .datetime({ offset: true })
      .refine((text) => Date.parse(text) < END_OF_TIME, 'expected a time before the year 10000')
      .optional(),
    expires_in_days: z.int().min(1).max(3650).optional(),
    request_id: uuidSchema.optional(),
  })
  .refine((body) => body.expires_at === undefined || body.expires_in_days === undefined, {
    message: 'expected expires_at or expires_in_days, not both',
  });

export const revokeKeySchema = z.strictObject({ reason: textSchema(2000) });

export const erasureRequestSchema = z.strictObject({
  visitor_id: textSchema(300),
  reason: textSchema(2000),
  /** Says what would go and takes nothing. */
  dry_run: z.boolean().optional(),
});

export const deadLetterListSchema = z.strictObject({
  status: z.enum(['waiting', 'replayed']).default('waiting'),
  /** The last id of the page before. */
  after: uuidSchema.optional(),
});

export const boundsQuerySchema = z.strictObject({
  days: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'expected a whole number of days, 1 to 365')
    .transform(Number)
    .pipe(z.number().max(365))
    .default(28),
  /** The last id of the page before. */
  after: textSchema(300).optional(),
});

export const clockRequestSchema = z.union([
  z.strictObject({ to: z.iso.datetime({ offset: true }) }),
  z.strictObject({ advance_ms: z.int().min(0) }),
]);

const pageSize = z.coerce.number().int().min(1).max(200).default(50);

export const historyListSchema = z.strictObject({
  kind: textSchema(50).optional(),
  subject: textSchema(200).optional(),
  before: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  limit: pageSize,
});

/** Seconds may be left out. */
const INSTANT = /^[12]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const EXPECTED_INSTANT = 'expected a time with its zone, such as 2026-11-03T10:00Z';

export const historyAtSchema = z.strictObject({
  at: z
    .string()
    .regex(INSTANT, { error: EXPECTED_INSTANT, abort: true })
    .refine((text) => !Number.isNaN(Date.parse(text)), EXPECTED_INSTANT),
});

export const historyVerifySchema = z.strictObject({
  after: z.coerce.number().int().min(-2_147_483_648).max(2_147_483_647).optional(),
});

export const notificationListSchema = z.strictObject({
  state: z.enum(['pending', 'sent', 'failed']).optional(),
  limit: pageSize,
});

export const notifyTestSchema = z.strictObject({ request_id: uuidSchema.optional() });
