/**
 * What the admin API answers about keys, the history, notifications and erasures, as schemas.ts reads the rest.
 */
import { z } from 'zod';
import { channel, count, listOf, live, maybe, time } from './schema-parts.ts';

export const apiKey = z.looseObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  status: z.string(),
  created_at: time,
  created_by: z.string(),
  expires_at: maybe(time),
  revoked_at: maybe(time),
  revoked_by: maybe(z.string()),
  revoke_reason: maybe(z.string()),
});
export type ApiKey = z.infer<typeof apiKey>;
/** The one answer that holds a key's text. */
export const apiKeyMade = apiKey.extend({ key: z.string() });
export type ApiKeyMade = z.infer<typeof apiKeyMade>;
export const apiKeyRevoked = z.looseObject({
  id: z.string(),
  /** False: it was revoked before. */
  changed: z.boolean(),
  recorded: z.boolean(),
});

export const historyRow = z.looseObject({
  seq: z.number(),
  key: z.string(),
  kind: z.string(),
  action: z.string(),
  subject: z.string(),
  at: z.string(),
  chained_at: z.string(),
  taken_over: z.boolean(),
  who: z.string(),
  reason: z.string(),
  summary: z.string(),
  body: z.unknown(),
  key_id: z.string(),
  prev_hash: z.string(),
  hash: z.string(),
});
export type HistoryRow = z.infer<typeof historyRow>;

export const historyMoment = z.looseObject({
  at: time,
  live: live.nullable(),
  /** Null: nothing had been changed yet. */
  because: historyRow.nullable(),
  row_intact: z.boolean().nullable(),
  until: historyRow.nullable(),
});
export type HistoryMoment = z.infer<typeof historyMoment>;

export const verifiedPage = z.looseObject({
  checked: count,
  next_after: z.number().nullable(),
  damage: z.array(
    z.looseObject({
      problem: z.string(),
      seq: z.number(),
      until: z.number(),
      sentence: z.string(),
    }),
  ),
  end: z
    .looseObject({
      seq: z.number(),
      hash: z.string().nullable(),
      head: z.string(),
      published: z.number().nullable(),
    })
    .nullable(),
});
export type VerifiedPage = z.infer<typeof verifiedPage>;

const notification = z.looseObject({
  id: z.string(),
  channel: z.string(),
  kind: z.string(),
  title: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  attempts: count,
  created_at: time,
  next_at: time.nullable(),
  sent_at: time.nullable(),
  last_error: z.string().nullable(),
});
export type Notification = z.infer<typeof notification>;

export const outbox = z.looseObject({
  channels: z.array(channel),
  console_url: maybe(z.string()),
  notifications: z.array(notification),
});
export type Outbox = z.infer<typeof outbox>;

export const erasure = z.looseObject({
  id: z.string(),
  at: time,
  who: z.string(),
  reason: z.string(),
  state: z.string(),
  counts: z.record(z.string(), count),
  problem: maybe(z.string()),
  completed_at: maybe(time),
});
export type Erasure = z.infer<typeof erasure>;
export const erasurePreview = z.looseObject({
  erased_before: z.boolean(),
  counts: z.record(z.string(), count),
  datasets: z.array(z.string()),
  models: z.array(z.string()),
});
export type ErasurePreview = z.infer<typeof erasurePreview>;

export const apiKeys = listOf('keys', apiKey);
export const erasures = listOf('erasures', erasure);
export const historyRows = listOf('rows', historyRow);
