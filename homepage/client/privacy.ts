// What visitors decide about themselves: that nothing of theirs may train, for good, or that all of it
// goes. Used by the chat's privacy notice. Who never asked anything has nothing to decide about, and no
// identity is made for it. Each may be repeated, and throws ClientError where the server could not do it.
import type { Assistant } from './assistant.ts';
import { ClientError } from './errors.ts';
import { type Call, callJson } from './http.ts';
import { isRefusedSession } from './session.ts';
import { conversationEndedSchema, erasedSchema, optedOutSchema, type Session } from './wire.ts';

/**
 * Everything the assistant keeps about this visitor goes; the next question comes from a new one. False
 * where their token has expired: it proves nothing any more, and all that went is what lay here.
 */
export async function eraseMe({ baseUrl, session, outbox }: Assistant): Promise<boolean> {
  const known = session.known();
  const found = known === null || (await eraseThere(known, baseUrl));
  outbox.clear();
  session.forget();
  return found;
}

/**
 * The server ends the conversations that its record names, and a first answer may not be there yet: this
 * one is ended by its own name, even where the record cannot be reached.
 */
async function eraseThere(known: Session, baseUrl: string): Promise<boolean> {
  const proof = { method: 'DELETE', token: known.visitor_token } as const;
  const inRecord = { ...proof, path: '/api/visitor' };
  const conversation = { ...proof, path: `/api/chat/session/${encodeURIComponent(known.id)}` };
  const [gone, ended] = await Promise.allSettled([
    found(callJson(inRecord, erasedSchema, { baseUrl })),
    found(callJson(conversation, conversationEndedSchema, { baseUrl }).catch(notMine)),
  ]);
  if (gone.status === 'rejected') throw gone.reason;
  if (ended.status === 'rejected') throw ended.reason;
  return gone.value;
}

/** Somebody else's conversation holds nothing of this visitor. */
function notMine(thrown: unknown): void {
  if (!(thrown instanceof ClientError && thrown.code === 'forbidden')) throw thrown;
}

/**
 * Also what was said before, on whatever device this identity was used. False where its token has
 * expired, or this device has forgotten it meanwhile: what was said under it cannot be found any more.
 */
export async function refuseTraining({ baseUrl, session }: Assistant): Promise<boolean> {
  const known = session.known();
  if (known === null) return false;
  const call: Call = {
    method: 'POST',
    path: '/api/privacy/opt-out',
    body: {},
    token: known.visitor_token,
  };
  const isFound = await found(callJson(call, optedOutSchema, { baseUrl }));
  if (!isFound) session.forget();
  return isFound;
}

const found = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    (thrown: unknown) => {
      if (isRefusedSession(thrown)) return false;
      throw thrown;
    },
  );
