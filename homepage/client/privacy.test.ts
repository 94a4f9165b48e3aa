// Taking everything back, and refusing for good, over real HTTP: a small server on the loopback answers
// as it is told and remembers what was asked of it.
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listenOn, shut } from '../testing/loopback.ts';
import { createAssistant } from './assistant.ts';
import { eraseMe, refuseTraining } from './privacy.ts';
import { keyOf, memoryStorage } from './session.ts';

const VISITOR = 'DELETE /api/visitor Bearer token-1';
const CONVERSATION = 'DELETE /api/chat/session/session-1 Bearer token-1';
const REFUSAL = 'POST /api/privacy/opt-out Bearer token-1';
const GOOD: Record<string, [number, object | null]> = {
  [VISITOR]: [202, { erasure_id: 'e1', state: 'rewriting' }],
  [CONVERSATION]: [204, null],
  [REFUSAL]: [200, { status: 'recorded' }],
};
const refused = (status: number, code: string): [number, object] => [
  status,
  { error: { code, message: 'No.' } },
];

let answers = GOOD;
let asked: string[] = [];
let baseUrl = '';
const server = createServer((request, response) => {
  const call = `${request.method} ${request.url} ${request.headers.authorization}`;
  asked.push(call);
  const [status, body] = answers[call] ?? refused(404, 'not_found');
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === null ? undefined : JSON.stringify(body));
});

beforeAll(async () => {
  baseUrl = await listenOn(server);
});
afterAll(() => shut(server));
beforeEach(() => {
  answers = GOOD;
  asked = [];
});

function visitor() {
  const storage = memoryStorage();
  const session = JSON.stringify({ id: 'session-1', visitor_token: 'token-1' });
  storage.setItem(keyOf('session', baseUrl), session);
  return createAssistant({ baseUrl, storage });
}

describe('a visitor who takes everything back', () => {
  it('goes from the record, and the conversation goes by its own name', async () => {
    const assistant = visitor();
    expect(await eraseMe(assistant)).toBe(true);
    expect(asked.toSorted()).toEqual([CONVERSATION, VISITOR]);
    expect(assistant.session.known()).toBeNull();
  });

  it.each([
    [VISITOR, CONVERSATION],
    [CONVERSATION, VISITOR],
  ])('hears of the failure of %s, and may try both again', async (failing, other) => {
    const assistant = visitor();
    answers = { ...GOOD, [failing]: refused(503, 'dependency_unavailable') };
    await expect(eraseMe(assistant)).rejects.toMatchObject({ status: 503 });
    // What could be done was done all the same.
    expect(asked).toContain(other);
    expect(assistant.session.known()).not.toBeNull();
    answers = GOOD;
    asked = [];
    expect(await eraseMe(assistant)).toBe(true);
    expect(asked.toSorted()).toEqual([CONVERSATION, VISITOR]);
    expect(assistant.session.known()).toBeNull();
  });

  it('is told where the token has expired, and this device forgets it', async () => {
    const assistant = visitor();
    const expired = refused(401, 'token_expired');
    answers = { [VISITOR]: expired, [CONVERSATION]: expired };
    expect(await eraseMe(assistant)).toBe(false);
    expect(assistant.session.known()).toBeNull();
  });

  it('is not held up by a conversation that is somebody else’s', async () => {
    answers = { ...GOOD, [CONVERSATION]: refused(403, 'forbidden') };
    expect(await eraseMe(visitor())).toBe(true);
  });

  it('who never asked anything sends nothing', async () => {
    expect(await eraseMe(createAssistant({ baseUrl, storage: memoryStorage() }))).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe('a visitor who refuses training for good', () => {
  it('says so under the identity that asked, and keeps it', async () => {
    const assistant = visitor();
    expect(await refuseTraining(assistant)).toBe(true);
    expect(asked).toEqual([REFUSAL]);
    expect(assistant.session.known()).not.toBeNull();
  });

  it('is not made an identity for it', async () => {
    const assistant = createAssistant({ baseUrl, storage: memoryStorage() });
    expect(await refuseTraining(assistant)).toBe(false);
    expect(asked).toEqual([]);
    expect(assistant.session.known()).toBeNull();
  });

  it('is told where the token has expired, and this device forgets it', async () => {
    const assistant = visitor();
    answers = { [REFUSAL]: refused(401, 'token_expired') };
    expect(await refuseTraining(assistant)).toBe(false);
    expect(assistant.session.known()).toBeNull();
  });

  it('hears of any other failure, and keeps the identity to try again', async () => {
    const assistant = visitor();
    answers = { [REFUSAL]: refused(503, 'dependency_unavailable') };
    await expect(refuseTraining(assistant)).rejects.toMatchObject({ status: 503 });
    expect(assistant.session.known()).not.toBeNull();
  });
});
