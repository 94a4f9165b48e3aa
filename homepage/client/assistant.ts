// Everything a page holds on to about one assistant: where it is, who the visitor is, and verdicts on
// their way. One for each address and page, so that several components share it. Uses no cookie: what
// is remembered lies in the page's own storage, or in memory where that is blocked.
import type { ClientOptions } from './http.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { browserStorage, type KeyValue, keepSession, type SessionKeeper } from './session.ts';

export interface Assistant {
  /** Origin of the API without a trailing slash; '' for the page's own origin. */
  baseUrl: string;
  storage: KeyValue;
  session: SessionKeeper;
  outbox: Outbox;
}

export function createAssistant(options: ClientOptions & { storage?: KeyValue } = {}): Assistant {
  const { storage = browserStorage(), ...client } = options;
  return {
    baseUrl: options.baseUrl ?? '',
    storage,
    session: keepSession(storage, client),
    outbox: createOutbox(storage, client),
  };
}

const known = new Map<string, Assistant>();

/** The page's assistant at this address. What an earlier visit could not send is sent now. */
export function assistantAt(baseUrl = ''): Assistant {
  const address = baseUrl.replace(/\/+$/, '');
  const found = known.get(address);
  if (found !== undefined) return found;
  const assistant = createAssistant({ baseUrl: address });
  // On a server, where pages may be drawn first, nothing is shared between visitors.
  if (typeof window === 'undefined') return assistant;
  known.set(address, assistant);
  const flush = () => void assistant.outbox.flush();
  window.addEventListener('online', flush);
  flush();
  return assistant;
}
