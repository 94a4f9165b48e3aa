// What the operators' endpoints answer about keys, dead letters, an experiment's sums, the history,
// notifications and erasures, for their description (core/openapi). Fields may be added; a client
// ignores what it does not know.

import { z } from 'zod';
import { KEY_SCOPES } from '../api-keys.ts';
import { METRICS } from '../experiment-sums.ts';
import { HEAD_STATES, PROBLEMS } from '../history.ts';
import { GUARDED, LATENCIES } from '../latency.ts';
import { BOUND_RULES } from '../vote-bounds.ts';
import { tableAnswerSchema } from './route-answers.ts';
import { bpSchema, countSchema as count, instantSchema as instant, uuidSchema } from './shared.ts';

export const keyAnswerSchema = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.enum(KEY_SCOPES)),
  status: z.enum(['active', 'expired', 'revoked']),
  created_at: instant,
  created_by: z.string(),
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
  revoked_by: z.string().nullable(),
  revoke_reason: z.string().nullable(),
});
export const keysAnswerSchema = z.object({ keys: z.array(keyAnswerSchema) });
/** The one answer that holds a key's text. */
export const keyMadeAnswerSchema = z.object({ key: z.string(), ...keyAnswerSchema.shape });
export const keyRevokedAnswerSchema = z.object({
  id: z.string(),
  status: z.literal('revoked'),
  /** False: it was revoked before. */
  changed: z.boolean(),
  /** False: it opens nothing any more, and the record will hear of it later. */
  recorded: z.boolean(),
});

export const deadLettersAnswerSchema = z.object({
  dead_letters: z.array(
    z.object({
      id: uuidSchema,
      reason: z.string(),
      /** Null where the message cannot be read. */
      kind: z.string().nullable(),
      interaction_id: uuidSchema.nullable(),
      attempts: z.int().min(1),
      first_at: instant,
      last_at: instant,
      status: z.enum(['waiting', 'replayed']),
      replayed_at: instant.nullable(),
      replayed_by: z.string().nullable(),
    }),
  ),
});
export const replayedAnswerSchema = z.object({ id: uuidSchema, status: z.literal('replayed') });

/** A whole number as text: it may be wider than a double. */
const whole = z.string().regex(/^-?\d+$/);
const cell = {
  stratum: count,
  share_bp: bpSchema,
  arm: z.enum(['control', 'treatment']),
};
const metric = z.enum(METRICS);
export const sumsAnswerSchema = z.object({
  experiment_id: z.string(),
  totals: z.array(z.object({ metric, ...cell, users: whole, n: whole, y: whole })),
  arm_users: z.array(z.object({ metric, stratum: count, arm: cell.arm, users: whole })),
  moments: z.array(
    z.object({
      metric,
      a: z.object(cell),
      b: z.object(cell),
      users: whole,
      yy: whole,
      yn: whole,
      ny: whole,
      nn: whole,
    }),
  ),
  appearances: z.array(
    z.object({
      ...cell,
      /** The stage of the control that they were last seen at; null if they never were. */
      last_share_bp: bpSchema.nullable(),
      users: whole,
    }),
  ),
  left_out: z.array(z.object({ ...cell, users: whole, answers: whole })),
  histograms: z.array(
    z.object({ latency: z.enum(LATENCIES), ...cell, bucket: count, answers: whole }),
  ),
  thresholds: z.array(
    z.object({
      latency: z.enum(GUARDED),
      threshold_us: z.number(),
      answers: count,
      counted_after: instant,
    }),
  ),
});

/** Of a row that somebody changed: Postgres knows times that are none. */
const rowTime = z.union([instant, z.literal('no time')]);
export const historyRowAnswerSchema = z.object({
  seq: z.int(),
  key: z.string(),
  kind: z.string(),
  action: z.string(),
  subject: z.string(),
  at: rowTime,
  chained_at: rowTime,
  /** Recorded before there was a chain: signed from `chained_at` on only. */
  taken_over: z.boolean(),
  who: z.string(),
  reason: z.string(),
  summary: z.string(),
  body: z.unknown(),
  key_id: z.string(),
  prev_hash: z.string(),
  hash: z.string(),
});
export const historyAnswerSchema = z.object({ rows: z.array(historyRowAnswerSchema) });
export const historyMomentAnswerSchema = z.object({
  at: instant,
  /** Null where this version cannot read the table of then. */
  live: tableAnswerSchema.nullable(),
  /** Null: nothing had been changed yet. */
  because: historyRowAnswerSchema.nullable(),
  /** Only that this one row is as it was signed. */
  row_intact: z.boolean().nullable(),
  until: historyRowAnswerSchema.nullable(),
});
export const verificationAnswerSchema = z.object({
  checked: count,
  /** Where the next page begins; null after the last one. */
  next_after: z.int().nullable(),
  damage: z.array(
    z.object({ problem: z.enum(PROBLEMS), seq: z.int(), until: z.int(), sentence: z.string() }),
  ),
  /** The end of the chain, on the last page only. */
  end: z
    .object({
      seq: z.int(),
      hash: z.string().nullable(),
      head: z.enum(HEAD_STATES),
      published: z.int().nullable(),
    })
    .nullable(),
});

export const channelAnswerSchema = z.object({
  name: z.enum(['slack', 'pagerduty']),
  state: z.enum(['on', 'off', 'unusable']),
  /** Why it is not on. */
  why: z.string().nullable(),
});
const notification = z.object({
  id: z.string(),
  channel: channelAnswerSchema.shape.name,
  kind: z.string(),
  subject: z.string(),
  title: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  attempts: count,
  created_at: instant,
  /** When it is tried next; null once it is sent or given up. */
  next_at: instant.nullable(),
  sent_at: instant.nullable(),
  last_error: z.string().nullable(),
  payload: z.unknown(),
});
/** What waits, and what became of the last seven days'. */
export const outboxCountsSchema = z.object({ pending: count, sent: count, failed: count });
export const outboxAnswerSchema = z.object({
  channels: z.array(channelAnswerSchema),
  console_url: z.string().nullable(),
  counts: outboxCountsSchema,
  notifications: z.array(notification),
});
export const notifyTestAnswerSchema = z.object({
  channels: z.array(channelAnswerSchema),
  notifications: z.array(notification),
});

export const erasureRecordAnswerSchema = z.object({
  id: uuidSchema,
  visitor_hash: z.string(),
  at: instant,
  who: z.string(),
  reason: z.string(),
  state: z.enum(['requested', 'rewriting', 'complete']),
  sessions_left: count,
  counts: z.record(z.string(), count),
  problem: z.string().nullable(),
  completed_at: instant.nullable(),
});
export const erasuresAnswerSchema = z.object({ erasures: z.array(erasureRecordAnswerSchema) });
export const erasurePreviewAnswerSchema = z.object({
  dry_run: z.literal(true),
  erased_before: z.boolean(),
  counts: z.record(z.string(), count),
  datasets: z.array(z.string()),
  models: z.array(z.string()),
});

const boundRule = z.enum(BOUND_RULES);
export const boundsAnswerSchema = z.object({
  bounds: z.record(z.string(), count),
  since: instant,
  visitors: z.array(
    z.object({
      visitor_id: z.string(),
      votes: count,
      counting: count,
      by_rule: z.record(boundRule, count),
      first_at: instant,
      last_at: instant,
      /** The first twenty. */
      answers: z.array(
        z.object({
          interaction_id: uuidSchema,
          feedback_type: z.string(),
          rule: boundRule,
          at: instant,
        }),
      ),
    }),
  ),
  /** Null on the last page. */
  next: z.string().nullable(),
});
