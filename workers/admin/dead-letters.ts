// Dead letters as operators see them, and sending one again. The row is held while its message goes
// to the queue: it is marked only if the queue has it, and its return cannot come before the mark.

import type { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import {
  type DeadLetterRow,
  holdDeadLetter,
  listDeadLetters,
  markReplayed,
  markStillDead,
} from '../../adapters/postgres/dead-letters.ts';
import { unreadable } from '../../core/dead-letters.ts';
import { AppError } from '../../core/errors.ts';
import type { deadLetterListSchema } from '../../core/wire/admin.ts';
import { queueEventSchema } from '../../core/wire/events.ts';
import { databaseOf, type Env, now } from '../env.ts';
import { push } from '../outbox.ts';

/** Without the message itself, which may hold somebody's chat. */
function deadLetterView(row: DeadLetterRow) {
  return {
    id: row.id,
    reason: row.reason,
    kind: row.kind,
    interaction_id: row.interactionId,
    attempts: row.attempts,
    first_at: row.firstAt,
    last_at: row.lastAt,
    status: row.status,
    replayed_at: row.replayedAt,
    replayed_by: row.replayedBy,
  };
}

export async function deadLetterViews(env: Env, query: z.infer<typeof deadLetterListSchema>) {
  const rows = await withDatabase(databaseOf(env), (db) => listDeadLetters(db, query));
  return rows.map(deadLetterView);
}

/** Throws AppError not_found, and conflict where the message cannot be read even now. */
export async function replayDeadLetter(env: Env, id: string, by: string): Promise<void> {
  const refused = await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      const row = await holdDeadLetter(tx, id);
      if (row === undefined) throw new AppError('not_found', `There is no dead letter ${id}.`);
      if (row.status === 'replayed') return undefined;
      const at = new Date(now(env));
      const body: unknown = JSON.parse(row.body);
      const parsed = queueEventSchema.safeParse(body);
      if (!parsed.success) {
        const reason = unreadable(parsed.error);
        await markStillDead(tx, id, { reason, at });
        return reason;
      }
      await markReplayed(tx, id, { by, at });
      await push(env, [parsed.data]).catch((cause: unknown) => {
        throw new AppError('dependency_unavailable', 'The queue takes nothing right now.', {
          retryAfterSeconds: 5,
          internalMessage: 'events queue refused a replay',
          cause,
        });
      });
      return undefined;
    }),
  );
  if (refused !== undefined) {
    throw new AppError('conflict', `Dead letter ${id} cannot be sent again: it is ${refused}.`);
  }
}
