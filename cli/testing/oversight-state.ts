/**
 * Keys, dead letters, bounded votes and erasures of the record in stack-state.ts. It holds no behaviour.
 */
import { keyOf } from '../../core/api-keys.ts';
import { T0 } from './times.ts';

export const deadLetter = {
  id: '0b0e0000-0000-5000-8000-0000000000d1',
  reason: 'refused by the database: sqlstate 23514, no_such_visitor',
  kind: 'interaction',
  interaction_id: '0b0e0000-0000-7000-8000-0000000000a1',
  attempts: 1,
  first_at: '2026-10-16T09:12:00.000Z',
  last_at: '2026-10-16T09:12:00.000Z',
  status: 'waiting',
  replayed_at: null,
  replayed_by: null,
};
export type LetterState = typeof deadLetter;

export const bounds = {
  bounds: { max_votes_per_day: 30, max_votes_per_minute: 10, one_way_votes_per_week: 20 },
  since: '2026-09-14T00:00:00.000Z',
};

export const boundedVisitor = {
  visitor_id: 'visitor-of-many-votes',
  votes: 214,
  counting: 11,
  by_rule: { burst: 190, daily_cap: 0, one_way: 13 },
  first_at: '2026-10-16T09:12:00.000Z',
  last_at: '2026-10-16T09:31:00.000Z',
  answers: [
    {
      interaction_id: '0b0e0000-0000-7000-8000-0000000000a1',
      feedback_type: 'thumbs_up',
      rule: 'burst',
      at: '2026-10-16T09:12:00.000Z',
    },
  ],
};
export type BoundedState = typeof boundedVisitor;

export const apiKey = {
  id: '7h3k9m2p4q',
  name: 'The shop',
  prefix: 'shop',
  scopes: ['chat'],
  status: 'active',
  created_at: T0,
  created_by: 'operator',
  expires_at: null,
  revoked_at: null,
  revoked_by: null,
  revoke_reason: null,
};
export type KeyState = Omit<
  typeof apiKey,
  `${'expires' | 'revoked'}_${'at' | 'by'}` | 'revoke_reason'
> & {
  expires_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  revoke_reason: string | null;
};
/** Made of zeros: it opens nothing anywhere. */
export const KEY_TEXT = keyOf(apiKey.id, '0'.repeat(40)).text;

export const erasure = {
  id: '0b0e0000-0000-7000-8000-0000000000e1',
  visitor_hash: 'e'.repeat(64),
  at: T0,
  who: 'visitor',
  reason: 'asked for by the visitor',
  state: 'complete',
  sessions_left: 0,
  counts: {
    answers: 12,
    feedback: 5,
    corrections: 1,
    sessions: 2,
    questions: 7,
    exposures_renamed: 1,
    datasets: 2,
    examples: 4,
    held_out: 1,
    pairs: 1,
    models_flagged: 1,
  },
  problem: null,
  completed_at: T0,
};
