// The dead-letter queue's consumer: keeps each message in the record, where operators see why it was
// not written and send it again; what an erased visitor said is dropped. While the record is out of reach itself, the messages come later.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { keepDeadLetters } from '../../adapters/postgres/dead-letters.ts';
import { erasedAmong } from '../../adapters/postgres/erasures.ts';
import { DEAD_LETTER_NAMESPACE, deadLetterOf } from '../../core/dead-letters.ts';
import { uuidv5 } from '../../core/ids.ts';
import { queueEventSchema } from '../../core/wire/events.ts';
import { databaseOf, type Env, now } from '../env.ts';
import { inFlight } from '../outbox.ts';

/** As in wrangler.toml; the environment's name follows. */
const QUEUE = 'bruno-events-dead';
export const isDeadLetterQueue = (queue: string) => queue.startsWith(QUEUE);

const RETRY_FIRST_SECONDS = 30;
const RETRY_MOST_SECONDS = 3_600;

/** There is nothing after the dead letters: the hundred deliveries last longer than the queue keeps. */
export const lettersDelaySeconds = (attempts: number) =>
  Math.min(RETRY_MOST_SECONDS, RETRY_FIRST_SECONDS * 2 ** (attempts - 1));

export async function keepLetters(batch: MessageBatch, env: Env): Promise<void> {
  const read = batch.messages.map(({ id, body }) => ({ messageId: id, ...deadLetterOf(body) }));
  const letters = await Promise.all(
    read.map(async ({ text, ...letter }) => ({
      ...letter,
      id: await uuidv5(DEAD_LETTER_NAMESPACE, text),
      body: text,
    })),
  );
  try {
    await withDatabase(databaseOf(env), (db) =>
      db.transaction(async (tx) => {
        const named = letters.flatMap(({ visitorId }) => (visitorId === null ? [] : [visitorId]));
        const erased = await erasedAmong(tx, named);
        const kept = letters.filter(
          ({ visitorId }) => visitorId === null || !erased.has(visitorId),
        );
        await keepDeadLetters(tx, kept, new Date(now(env)));
      }),
    );
    batch.ackAll();
    for (const { body } of read) {
      const event = queueEventSchema.safeParse(body);
      if (event.success) inFlight.delete(event.data);
    }
  } catch {
    console.warn(
      JSON.stringify({ level: 'warn', code: 'dead_letters_delayed', size: letters.length }),
    );
    for (const message of batch.messages) {
      message.retry({ delaySeconds: lettersDelaySeconds(message.attempts) });
    }
  }
}
