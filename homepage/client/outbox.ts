// Brings verdicts to the server, also those given while there was no connection: each is kept in the
// visitor's own storage until the server has recorded or refused it. Sent again under the same event
// id, so it counts once however often it has to be tried. Used by the feedback components.
import * as z from 'zod/mini';
import { ClientError, toClientError } from './errors.ts';
import { newEventId } from './event-id.ts';
import { sendFeedback } from './feedback.ts';
import type { ClientOptions } from './http.ts';
import { type KeyValue, keyOf } from './session.ts';
import { type AnswerRef, type Verdict, verdictSchema } from './wire.ts';

const MOST = 50;
// The server takes feedback on an answer for 30 days.
const KEEP_MS = 30 * 86_400_000;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 300_000;

const entrySchema = z.object({
  eventId: z.string(),
  interactionId: z.string(),
  feedbackToken: z.string(),
  verdict: verdictSchema,
  atMs: z.number(),
});
type Entry = z.infer<typeof entrySchema>;

/** How one verdict stands. `waiting` is kept and tried again; `refused` is over. */
export type Delivery =
  | { state: 'recorded' }
  | { state: 'waiting'; error: ClientError }
  | { state: 'refused'; error: ClientError };

export interface Outbox {
  /** Resolves after the first try. */
  send(answer: AnswerRef, verdict: Verdict, eventId?: string): Promise<Delivery>;
  /** Tries everything that waits: when the page opens and when the connection is back. */
  flush(): Promise<void>;
  waiting(): number;
  /** Forgets what waits, unsent. */
  clear(): void;
  watch(listener: (eventId: string, delivery: Delivery) => void): () => void;
}

export interface OutboxOptions extends ClientOptions {
  now?: () => number;
  /** Runs something later, once. */
  later?: (run: () => void, ms: number) => void;
}

export function createOutbox(storage: KeyValue, options: OutboxOptions = {}): Outbox {
  const key = keyOf('outbox', options.baseUrl);
  const now = options.now ?? Date.now;
  const later = options.later ?? ((run, ms) => void setTimeout(run, ms));
  const listeners = new Set<(eventId: string, delivery: Delivery) => void>();
  // What a full or forbidden storage does not take lives as long as the page.
  let unsaved: Entry[] = [];
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  let failures = 0;
  let scheduled = false;

  const read = (): Entry[] => {
    const oldest = now() - KEEP_MS;
    return [...readStored(storage, key), ...unsaved].filter((entry) => entry.atMs > oldest);
  };
  const write = (entries: Entry[]): void => {
    unsaved = [];
    try {
      if (entries.length === 0) storage.removeItem(key);
      else storage.setItem(key, JSON.stringify(entries.slice(-MOST)));
    } catch {
      unsaved = entries.slice(-MOST);
      attempt(() => storage.removeItem(key));
    }
  };
  const tell = (eventId: string, delivery: Delivery): void => {
    // Another tab may have written meanwhile: only this entry is taken out.
    if (delivery.state !== 'waiting') write(read().filter((entry) => entry.eventId !== eventId));
    for (const listener of [...listeners]) listener(eventId, delivery);
  };

  const pass = async (): Promise<void> => {
    let offline: ClientError | null = null;
    let waitMs = 0;
    for (const entry of read()) {
      const error: ClientError | null = offline ?? (await deliver(entry, options));
      if (error === null) tell(entry.eventId, { state: 'recorded' });
      else if (!isTemporary(error)) tell(entry.eventId, { state: 'refused', error });
      else {
        tell(entry.eventId, { state: 'waiting', error });
        waitMs = Math.max(waitMs, (error.retryAfterSeconds ?? 0) * 1000, 1);
        // Nothing else will get through either.
        if (error.status === 0 || error.status === 429) offline = error;
      }
    }
    failures = waitMs === 0 ? 0 : failures + 1;
    if (waitMs === 0 || scheduled) return;
    scheduled = true;
    const patience = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
    later(
      () => {
        scheduled = false;
        void flush();
      },
      Math.max(waitMs, patience),
    );
  };
  const start = (): Promise<void> => {
    running = pass().finally(() => {
      running = null;
    });
    return running;
  };
  const flush = (): Promise<void> => {
    if (running === null) return start();
    // The pass under way may have read the list before the newest verdict: one more follows it.
    queued ??= running.then(() => {
      queued = null;
      return start();
    });
    return queued;
  };

  const watch: Outbox['watch'] = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };

  return {
    flush,
    watch,
    waiting: () => read().length,
    clear: () => write([]),
    async send(answer, verdict, eventId = newEventId()) {
      const { interactionId, feedbackToken } = answer;
      write([...read(), { eventId, interactionId, feedbackToken, verdict, atMs: now() }]);
      const heard: Delivery[] = [];
      const ignore = watch((id, delivery) => {
        if (id === eventId) heard.push(delivery);
      });
      await flush();
      ignore();
      return heard.at(-1) ?? { state: 'refused', error: lost() };
    },
  };
}

async function deliver(entry: Entry, options: ClientOptions): Promise<ClientError | null> {
  const { interactionId, feedbackToken, verdict, eventId, atMs } = entry;
  try {
    const answer = { interactionId, feedbackToken };
    await sendFeedback(answer, verdict, { ...options, eventId, now: new Date(atMs) });
    return null;
  } catch (thrown) {
    return toClientError(thrown);
  }
}

function isTemporary(error: ClientError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

function readStored(storage: KeyValue, key: string): Entry[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(key) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.flatMap((one) => {
      const parsed = entrySchema.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    });
  } catch {
    return [];
  }
}

/** The visitor cleared the storage between the press and the send. */
function lost(): ClientError {
  return new ClientError({ code: 'lost', message: 'It could not be kept. Please send it again.' });
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // What cannot be written cannot be removed either.
  }
}
