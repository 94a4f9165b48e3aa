// Events on their way to the queue. Sending one by one costs more than the answer itself, so the
// requests of an isolate collect for a moment and one of them sends for all. They share plain state,
// never a promise: a request that waits for another request's promise has no I/O of its own, and
// the runtime would cancel it as hung; nor may one request end another's timer.

import { MESSAGE_BYTES, messageBytes } from '../core/message-size.ts';
import type { QueueEvent } from '../core/wire/events.ts';
import { type Env, settingsOf } from './env.ts';
import { sleep } from './sleep.ts';

const COLLECT_MS = 50;
const POLL_MS = 10;
/** What a batch takes to be sent, mostly: a request that looks earlier only has to look again. */
const GRACE_MS = 10;
/** A sender that has not finished by then died with its request; its entries are sent again. */
const SENDER_LOST_MS = 5_000;
/** Whoever waits for the acknowledgement of a vote waits for these too. */
const RETRY_AFTER_MS = [100, 400, 1_000];
/** Nobody waits for an answer's record: all in all within the 30 s that a request may outlive its end. */
const AGAIN_AFTER_MS = [1_000, 3_000, 4_000, 5_000];
const MAX_BATCH = 100;
const MAX_BATCH_BYTES = 200_000;

interface Entry {
  event: QueueEvent;
  bytes: number;
  state: 'waiting' | 'sending' | 'sent' | 'failed';
}

let waiting: Entry[] = [];

/** An event that is not written by then waits for the record to come back; nobody waits for it. */
const FORGOTTEN_MS = 120_000;

/** Events handed to the queue and not yet written; read by the local stack before it stops. */
class InFlight {
  private readonly since = new Map<string, number>();

  add(event: QueueEvent): void {
    this.forget();
    this.since.set(keyOf(event), Date.now());
  }

  delete(event: QueueEvent): void {
    this.since.delete(keyOf(event));
  }

  count(): number {
    this.forget();
    return this.since.size;
  }

  /** Oldest first, so that it ends at the first young one. */
  private forget(): void {
    const oldest = Date.now() - FORGOTTEN_MS;
    for (const [key, at] of this.since) {
      if (at >= oldest) return;
      this.since.delete(key);
    }
  }
}

const keyOf = (event: QueueEvent) =>
  event.kind === 'interaction' ? event.interaction_id : event.event_id;

export const inFlight = new InFlight();

/**
 * Resolves when the events are durably queued, rejects when the queue refused one. The caller keeps it
 * alive (await or waitUntil).
 */
export async function push(env: Env, events: readonly QueueEvent[]): Promise<void> {
  const entries = events.map(
    (event): Entry => ({ event, bytes: messageBytes(event), state: 'waiting' }),
  );
  noteInFlight(env, events);
  const isFirst = waiting.length === 0;
  waiting.push(...entries);
  // The first sends for all; the others look a little later, and again if its request was cancelled.
  await sleep(isFirst ? COLLECT_MS : COLLECT_MS + GRACE_MS);
  if (entries.some(({ state }) => state === 'waiting')) {
    const taken = waiting;
    waiting = [];
    await send(env.EVENTS, taken);
  }
  const isUnderWay = () => entries.some(({ state }) => state === 'sending');
  for (let waited = 0; isUnderWay() && waited < SENDER_LOST_MS; waited += POLL_MS) {
    await sleep(POLL_MS);
  }
  if (isUnderWay()) {
    await send(
      env.EVENTS,
      entries.filter(({ state }) => state === 'sending'),
    );
  }
  if (entries.some(({ state }) => state === 'failed')) {
    throw new Error('the events queue refused a batch');
  }
}

/**
 * The same for events that nobody waits for: also through a queue that is gone for some seconds. Each
 * try collects anew, so that no vote waits behind it.
 */
export async function pushPatiently(env: Env, events: readonly QueueEvent[]): Promise<void> {
  for (const pauseMs of AGAIN_AFTER_MS) {
    try {
      await push(env, events);
      return;
    } catch {
      noteInFlight(env, events);
      await sleep(pauseMs);
    }
  }
  await push(env, events);
}

/** Deployed, nobody asks and another isolate writes: the list would only grow. */
function noteInFlight(env: Env, events: readonly QueueEvent[]): void {
  if (settingsOf(env).ENVIRONMENT === 'local') for (const event of events) inFlight.add(event);
}

async function send(queue: Queue, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) entry.state = 'sending';
  for (const batch of batches(entries)) {
    const taken = await sendBatch(queue, batch);
    for (const entry of batch) {
      entry.state = taken ? 'sent' : 'failed';
      if (!taken) inFlight.delete(entry.event);
    }
  }
}

/** A batch that was taken after all and is sent again is written once: each event has its own id. */
async function sendBatch(queue: Queue, batch: readonly Entry[]): Promise<boolean> {
  for (const pauseMs of [...RETRY_AFTER_MS, null]) {
    try {
      await queue.sendBatch(batch.map(({ event }) => ({ body: event, contentType: 'json' })));
      return true;
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      const level = pauseMs === null ? 'error' : 'warn';
      console[level](JSON.stringify({ level, code: 'queue_refused', size: batch.length, detail }));
      if (pauseMs !== null) await sleep(pauseMs);
    }
  }
  return false;
}

/** What may be more than a message holds goes alone and last: the queue refuses a batch as a whole. */
function batches(entries: readonly Entry[]): Entry[][] {
  const small = entries.filter((entry) => entry.bytes <= MESSAGE_BYTES);
  const large = entries.filter((entry) => entry.bytes > MESSAGE_BYTES);
  const out: Entry[][] = [];
  let bytes = 0;
  for (const entry of small) {
    const last = out.at(-1);
    if (last === undefined || last.length >= MAX_BATCH || bytes + entry.bytes > MAX_BATCH_BYTES) {
      out.push([entry]);
      bytes = entry.bytes;
    } else {
      last.push(entry);
      bytes += entry.bytes;
    }
  }
  return [...out, ...large.map((entry) => [entry])];
}
