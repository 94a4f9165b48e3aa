// The queue's consumer: the one place that writes answers and votes. A batch is one transaction,
// every row idempotent by its key, so that a batch delivered twice or in any order ends the same. What
// comes of a visitor who was erased, however late, is dropped, and the conversation it was said in ended.

import {
  insertFeedback,
  insertInteractions,
  insertSystemPrompt,
} from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { erasedAmong } from '../../adapters/postgres/erasures.ts';
import { recordExperimentSums } from '../../adapters/postgres/experiment-sums.ts';
import { insertExposures } from '../../adapters/postgres/exposures.ts';
import { insertPeople } from '../../adapters/postgres/people.ts';
import {
  insertNextQuestions,
  lockSessions,
  sessionsOf,
} from '../../adapters/postgres/session-signals.ts';
import { unreadable } from '../../core/dead-letters.ts';
import { isPromptVersion, systemPrompt } from '../../core/system-prompt.ts';
import {
  type InteractionEvent,
  type QueueEvent,
  queueEventSchema,
} from '../../core/wire/events.ts';
import { endSessions } from '../../functions/erasure/sessions.ts';
import { judgeFresh } from '../../functions/judging/answers.ts';
import { databaseOf, type Env, learningOf } from '../env.ts';
import { inFlight } from '../outbox.ts';
import { sleep } from '../sleep.ts';

const RETRY_FIRST_SECONDS = 2;
const RETRY_MOST_SECONDS = 60;

/**
 * How long a batch is held when the record is out of reach: failing at once, the recorder would run through all
 * that waits and use up its deliveries. Miniflare's queue also keeps a timer for each message that is to
 * come again, and stands still for good at the ten thousand that the runtime allows it.
 */
const OUT_OF_REACH_MS = 2_000;
/** Of a batch: objects that do not answer must not hold up what comes after it. */
const ENDING_MS = 10_000;

interface Delivery {
  message: Message;
  event: QueueEvent;
}

export async function record(batch: MessageBatch, env: Env): Promise<void> {
  const deliveries: Delivery[] = [];
  for (const message of batch.messages) {
    const parsed = queueEventSchema.safeParse(message.body);
    if (parsed.success) deliveries.push({ message, event: parsed.data });
    else await bury(env, message, unreadable(parsed.error));
  }
  const untilMs = Date.now() + ENDING_MS;
  try {
    await deliver(env, deliveries, untilMs);
  } catch (error) {
    if (dataError(error) !== undefined) await writeOneByOne(env, deliveries, untilMs);
    else {
      await sleep(OUT_OF_REACH_MS);
      for (const { message } of deliveries) later(message);
    }
  }
}

async function deliver(env: Env, deliveries: readonly Delivery[], untilMs: number): Promise<void> {
  const erased = await write(
    env,
    deliveries.map(({ event }) => event),
  );
  const left = new Set<QueueEvent>();
  for (const event of erased) if (!(await endConversation(env, event, untilMs))) left.add(event);
  for (const delivery of deliveries) {
    if (left.has(delivery.event)) later(delivery.message);
    else done(delivery);
  }
}

/**
 * The erasure ended the conversations of the answers that were on record. False where this one could not
 * be ended: its message then comes again, and is dropped again.
 */
async function endConversation(
  env: Env,
  event: InteractionEvent,
  untilMs: number,
): Promise<boolean> {
  // Without a session an answer has the empty id, which names no object.
  if (event.session_id === '') return true;
  const effort = { most: 1, untilMs };
  return (await endSessions(env, event.visitor_id, [event.session_id], effort)).length === 0;
}

function done({ message, event }: Delivery): void {
  message.ack();
  inFlight.delete(event);
}

/** Later and later: with the queue's hundred deliveries over an hour and a half of outage. */
export const retryDelaySeconds = (attempts: number) =>
  Math.min(RETRY_MOST_SECONDS, RETRY_FIRST_SECONDS * 2 ** (attempts - 1));

/** The record is out of reach: the message comes again by itself, before the dead letters. */
function later(message: Message): void {
  console.warn(
    JSON.stringify({
      level: 'warn',
      code: 'record_delayed',
      id: message.id,
      attempts: message.attempts,
    }),
  );
  message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
}

/** One row that the database refuses for what it holds must not take the others with it. */
async function writeOneByOne(
  env: Env,
  deliveries: readonly Delivery[],
  untilMs: number,
): Promise<void> {
  for (const delivery of deliveries) {
    const { message, event } = delivery;
    try {
      await deliver(env, [delivery], untilMs);
    } catch (error) {
      const refusal = dataError(error);
      if (refusal === undefined) {
        later(message);
        continue;
      }
      const id = event.kind === 'interaction' ? event.interaction_id : event.event_id;
      console.error(JSON.stringify({ level: 'error', code: 'refused_row', id }));
      // It counts as on its way until the dead letters' consumer has kept it.
      if (await toDeadLetters(env, message, `refused by the database: ${refusal}`)) message.ack();
    }
  }
}

/**
 * SQLSTATE classes 22 (data exception) and 23 (constraint): repeating would not help. Says which, and
 * what it broke; never with a message, which would quote the row.
 */
function dataError(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code: unknown = Reflect.get(cause, 'code');
    if (typeof code !== 'string' || !/^2[23]\w{3}$/.test(code)) continue;
    const broken: unknown = Reflect.get(cause, 'constraint') ?? Reflect.get(cause, 'column');
    return typeof broken === 'string' ? `sqlstate ${code}, ${broken}` : `sqlstate ${code}`;
  }
  return undefined;
}

/** A message nobody can read goes to the dead letters with its reason; it would fail for ever. */
async function bury(env: Env, message: Message, reason: string): Promise<void> {
  console.error(JSON.stringify({ level: 'error', code: 'poison_message', id: message.id, reason }));
  if (await toDeadLetters(env, message, reason)) message.ack();
}

/** False when the dead letters are out of reach themselves; the message then comes again. */
async function toDeadLetters(env: Env, message: Message, reason: string): Promise<boolean> {
  try {
    await env.DEAD_LETTERS.send({ reason, body: message.body });
    return true;
  } catch {
    later(message);
    return false;
  }
}

/** Returns the answers that were not written, for their visitors are erased. */
async function write(env: Env, events: readonly QueueEvent[]): Promise<InteractionEvent[]> {
  if (events.length === 0) return [];
  const { feedback: settings } = learningOf(env);
  return withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      const senders = events.map((event) => event.visitor_id);
      const erased = await erasedAmong(tx, senders);
      const kept = events.filter((event) => !erased.has(event.visitor_id));
      const answers = kept.filter((event) => event.kind === 'interaction');
      const feedback = kept.filter(
        (event) => event.kind === 'feedback' || event.kind === 'signals',
      );
      const identities = kept.filter((event) => event.kind === 'identity');
      // Before any lock of a row, and looked at last: see adapters/postgres/session-signals.ts.
      await lockSessions(tx, sessionsOf(answers, settings));
      for (const version of new Set(answers.map((event) => event.prompt_version))) {
        if (isPromptVersion(version))
          await insertSystemPrompt(tx, version, systemPrompt(version, []));
      }
      const inserted = await insertInteractions(tx, answers);
      await insertExposures(tx, answers);
      await insertFeedback(tx, feedback, settings.auto_accept);
      await insertPeople(tx, identities);
      // Each once, though a batch may hold it twice.
      const fresh = answers.filter((event) => inserted.delete(event.interaction_id));
      // Counted right after, with all else that these answers gave.
      await judgeFresh(tx, env, fresh);
      const known = identities.map((event) => event.visitor_id);
      await recordExperimentSums(tx, { answers: fresh, feedback, known }, settings.bounds);
      await insertNextQuestions(tx, answers, settings);
      return events
        .filter((event) => event.kind === 'interaction')
        .filter((event) => erased.has(event.visitor_id));
    }),
  );
}
