// The queue's consumer: the one place that writes answers and votes. A batch is one transaction,
// every row idempotent by its key, so that a batch delivered twice or in any order ends the same.

import {
  insertFeedback,
  insertInteractions,
  insertSystemPrompt,
} from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { isPromptVersion, systemPrompt } from '../../core/system-prompt.ts';
import { type QueueEvent, queueEventSchema } from '../../core/wire/events.ts';
import { databaseOf, type Env, learningOf } from '../env.ts';
import { inFlight } from '../outbox.ts';

export async function record(batch: MessageBatch, env: Env): Promise<void> {
  const events: QueueEvent[] = [];
  for (const message of batch.messages) {
    const parsed = queueEventSchema.safeParse(message.body);
    if (parsed.success) events.push(parsed.data);
    else
      await bury(env, message, parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
  }
  try {
    await write(env, events);
  } catch (error) {
    if (!isDataError(error)) throw error;
    await writeOneByOne(env, events);
  }
  batch.ackAll();
  for (const event of events) inFlight.delete(event);
}

/** One row that the database refuses for what it holds must not take the others with it. */
async function writeOneByOne(env: Env, events: readonly QueueEvent[]): Promise<void> {
  for (const event of events) {
    try {
      await write(env, [event]);
    } catch (error) {
      if (!isDataError(error)) throw error;
      const id = event.kind === 'interaction' ? event.interaction_id : event.event_id;
      console.error(JSON.stringify({ level: 'error', code: 'refused_row', id }));
      await env.DEAD_LETTERS.send({ reason: 'refused by the database', body: event });
    }
  }
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint): repeating would not help. */
function isDataError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code: unknown = Reflect.get(cause, 'code');
    if (typeof code === 'string' && /^2[23]\w{3}$/.test(code)) return true;
  }
  return false;
}

/** A message nobody can read goes to the dead letters with its reason; it would fail for ever. */
async function bury(env: Env, message: Message, fields: string): Promise<void> {
  console.error(JSON.stringify({ level: 'error', code: 'poison_message', id: message.id, fields }));
  await env.DEAD_LETTERS.send({ reason: `unreadable: ${fields}`, body: message.body });
}

async function write(env: Env, events: readonly QueueEvent[]): Promise<void> {
  if (events.length === 0) return;
  const answers = events.filter((event) => event.kind === 'interaction');
  const feedback = events.filter((event) => event.kind !== 'interaction');
  const autoAccept = learningOf(env).feedback.auto_accept;
  await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      for (const version of new Set(answers.map((event) => event.prompt_version))) {
        if (isPromptVersion(version))
          await insertSystemPrompt(tx, version, systemPrompt(version, []));
      }
      await insertInteractions(tx, answers);
      await insertFeedback(tx, feedback, autoAccept);
    }),
  );
}
