// Who the visitor is, as the server says: a session id and a signed visitor token, kept first-party.
// Used by the chat. A token that the server refuses is thrown away and asked for once more.
import { ClientError } from './errors.ts';
import { type ClientOptions, postJson } from './http.ts';
import { type Session, sessionSchema } from './wire.ts';

/** The part of localStorage that is used; a page where storage is blocked can pass a Map. */
export interface KeyValue {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** One address's entries never reach another's server. */
export const keyOf = (what: 'outbox' | 'session', baseUrl = ''): string =>
  baseUrl === '' ? `bruno.${what}` : `bruno.${what}:${baseUrl}`;

export function createSession(options: ClientOptions = {}): Promise<Session> {
  return postJson('/api/chat/session', {}, sessionSchema, options);
}

export interface SessionKeeper {
  current(): Promise<Session>;
  /** Drops `refused` (unless another call already replaced it) and returns a fresh session. */
  renew(refused: Session): Promise<Session>;
  /** Who the visitor is if they were here before; makes nobody. */
  known(): Session | null;
  /** The next question comes from somebody new. */
  forget(): void;
}

export function keepSession(storage: KeyValue, options: ClientOptions = {}): SessionKeeper {
  const key = keyOf('session', options.baseUrl);
  let pending: Promise<Session> | null = null;

  const create = (): Promise<Session> => {
    pending ??= createSession(options)
      .then((session) => {
        attempt(() => storage.setItem(key, JSON.stringify(session)));
        return session;
      })
      .finally(() => {
        pending = null;
      });
    return pending;
  };

  return {
    async current() {
      return readStored(storage, key) ?? (await create());
    },
    async renew(refused) {
      const stored = readStored(storage, key);
      if (stored !== null && stored.visitor_token !== refused.visitor_token) return stored;
      attempt(() => storage.removeItem(key));
      return await create();
    },
    known: () => readStored(storage, key),
    forget: () => attempt(() => storage.removeItem(key)),
  };
}

/** True where a new session may help: the visitor token has expired or is not known any more. */
export function isRefusedSession(error: unknown): boolean {
  return error instanceof ClientError && error.status === 401;
}

/** The browser's storage, or a stand-in that forgets at reload where the browser forbids it. */
export function browserStorage(): KeyValue {
  try {
    const probe = 'bruno.probe';
    globalThis.localStorage.setItem(probe, '1');
    globalThis.localStorage.removeItem(probe);
    return globalThis.localStorage;
  } catch {
    return memoryStorage();
  }
}

export function memoryStorage(): KeyValue {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

function readStored(storage: KeyValue, key: string): Session | null {
  try {
    const parsed = sessionSchema.safeParse(JSON.parse(storage.getItem(key) ?? 'null'));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

// A full or forbidden storage must not cost the visitor the answer.
function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // The session still lives in memory for this call.
  }
}
