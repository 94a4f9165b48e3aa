// What visitors decide about themselves: that nothing of theirs may train, for good, or that all of it
// goes. Used by the chat's privacy notice. Who never asked anything has nothing to decide about, and no
// identity is made for it.
import type { Assistant } from './assistant.ts';
import { callJson } from './http.ts';
import { isRefusedSession } from './session.ts';
import { erasedSchema, optedOutSchema } from './wire.ts';

/** Everything the assistant keeps about this visitor goes; the next question comes from a new one. */
export async function eraseMe({ baseUrl, session, outbox }: Assistant): Promise<void> {
  const known = session.known();
  if (known !== null) {
    const call = { method: 'DELETE', path: '/api/visitor', token: known.visitor_token } as const;
    try {
      await callJson(call, erasedSchema, { baseUrl });
    } catch (thrown) {
      // A token that is refused proves nothing any more: all that can go is what lies here.
      if (!isRefusedSession(thrown)) throw thrown;
    }
  }
  outbox.clear();
  session.forget();
}

/** Also what was said before, on whatever device this identity was used. */
export async function refuseTraining({ baseUrl, session }: Assistant): Promise<void> {
  const { visitor_token: token } = await session.current();
  const call = { method: 'POST', path: '/api/privacy/opt-out', body: {}, token } as const;
  await callJson(call, optedOutSchema, { baseUrl });
}
