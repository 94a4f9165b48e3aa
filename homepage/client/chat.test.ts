// The chat client over real HTTP: a small server on the loopback speaks the wire format.
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOn, shut } from '../testing/loopback.ts';
import { askAssistant, streamChat } from './chat.ts';
import { type ClientError, sentenceFor } from './errors.ts';
import { sendFeedback } from './feedback.ts';
import { keepSession, memoryStorage } from './session.ts';

const sessions: string[] = [];
const bodies: string[] = [];
let baseUrl = '';

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    bodies.push(body);
    if (request.url === '/api/chat/session') {
      const token = `token-${sessions.length}`;
      sessions.push(token);
      return json(response, 200, { id: `session-${sessions.length}`, visitor_token: token });
    }
    if (request.url === '/api/feedback') {
      return json(response, 429, { error: { code: 'rate_limited', message: 'slow down' } });
    }
    if (body.includes('"token-0"')) {
      return json(response, 401, { error: { code: 'visitor_token_expired', message: 'expired' } });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const send = (value: unknown) => response.write(`data: ${JSON.stringify(value)}\n\n`);
    send({ type: 'meta', interaction_id: 'i1', feedback_token: 'f1', later_field: true });
    send({ type: 'delta', text: 'Hel' });
    if (body.includes('break off')) return void response.end();
    if (body.includes('fall silent')) return;
    if (body.includes('go wrong')) {
      send({ type: 'error', error: { code: 'model_unavailable', message: 'No model answered' } });
      return void response.end();
    }
    send({ type: 'delta', text: 'lo' });
    send({ type: 'done', finish_reason: 'stop' });
    response.end('data: [DONE]\n\n');
  });
});

const json = (response: ServerResponse, status: number, value: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' });
  response.end(JSON.stringify(value));
};

beforeAll(async () => {
  baseUrl = await listenOn(server);
});
afterAll(() => shut(server));

const known = { id: 's', visitor_token: 'token-9' };

async function textOf(events: ReturnType<typeof streamChat>): Promise<string> {
  let text = '';
  for await (const event of events) if (event.type === 'delta') text += event.text;
  return text;
}

const refusal = (events: ReturnType<typeof streamChat>): Promise<ClientError> =>
  textOf(events).then(
    () => {
      throw new Error('The stream should have failed');
    },
    (error: ClientError) => error,
  );

describe('asking the assistant', () => {
  it('renews a session that was refused and asks the same once more', async () => {
    const storage = memoryStorage();
    const keeper = keepSession(storage, { baseUrl });
    expect(await textOf(askAssistant(keeper, { message: 'hi' }, { baseUrl }))).toBe('Hello');
    expect(sessions).toEqual(['token-0', 'token-1']);
    expect(await textOf(askAssistant(keeper, { message: 'hi' }, { baseUrl }))).toBe('Hello');
    expect(sessions).toHaveLength(2);
  });
  it('says so in the request when the visitor does not want to train the model', async () => {
    await textOf(streamChat(known, { message: 'a', trainingOptOut: true }, { baseUrl }));
    expect(JSON.parse(bodies.at(-1) ?? '')).toMatchObject({ training_opt_out: true, message: 'a' });
    await textOf(streamChat(known, { message: 'b' }, { baseUrl }));
    expect(JSON.parse(bodies.at(-1) ?? '')).not.toHaveProperty('training_opt_out');
  });
  it('reports an answer that breaks off', async () => {
    const error = await refusal(streamChat(known, { message: 'break off' }, { baseUrl }));
    expect(error.code).toBe('interrupted');
  });
  it('gives up on a server that falls silent', async () => {
    const options = { baseUrl, silenceMs: 80 };
    const error = await refusal(streamChat(known, { message: 'fall silent' }, options));
    expect(sentenceFor(error)).toBe('That took too long. Please try again.');
  });
  it('passes on an error told within the stream', async () => {
    const error = await refusal(streamChat(known, { message: 'go wrong' }, { baseUrl }));
    expect(sentenceFor(error)).toBe('No model answered.');
  });
  it('ends quietly when the visitor stops it', async () => {
    const stop = new AbortController();
    let text = '';
    for await (const event of streamChat(
      known,
      { message: 'fall silent' },
      { baseUrl, signal: stop.signal },
    )) {
      if (event.type === 'delta') {
        text += event.text;
        stop.abort();
      }
    }
    expect(text).toBe('Hel');
  });
});

describe('sending feedback', () => {
  it('fails with the wait the server asks for', async () => {
    const answer = { interactionId: 'i', feedbackToken: 'f' };
    const verdict = { feedback_type: 'rating', value: 4 } as const;
    const error = await sendFeedback(answer, verdict, { baseUrl, eventId: 'e' }).catch(
      (thrown: ClientError) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expect(error && sentenceFor(error)).toBe(
      'Many people are asking right now. Try again in 7 seconds.',
    );
  });
});
