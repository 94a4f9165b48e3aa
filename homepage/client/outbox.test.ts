// What becomes of a verdict when the connection, the server or the page is not there.
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { listenOn, shut } from '../testing/loopback.ts';
import { createOutbox, type Delivery } from './outbox.ts';
import { memoryStorage } from './session.ts';

const T0 = Date.parse('2026-11-02T12:00:00Z');
const ANSWER = { interactionId: 'i', feedbackToken: 'f' };
const UP = { feedback_type: 'thumbs_up' } as const;
const DOWN = { feedback_type: 'thumbs_down' } as const;

const bodySchema = z.object({
  event_id: z.string(),
  feedback_type: z.string(),
  timestamp: z.string(),
});

let answers: number[] = [];
let received: z.infer<typeof bodySchema>[] = [];
let baseUrl = '';
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const event = bodySchema.parse(JSON.parse(body));
    received.push(event);
    const status = answers.shift() ?? 202;
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' });
    const said = { error: { code: 'code', message: 'no' } };
    const done = { status: 'recorded', event_id: event.event_id };
    response.end(JSON.stringify(status === 202 ? done : said));
  });
});
beforeAll(async () => {
  baseUrl = await listenOn(server);
});
afterAll(() => shut(server));
beforeEach(() => {
  answers = [];
  received = [];
});

const offline: typeof fetch = () => Promise.reject(new TypeError('Failed to fetch'));

function open(storage = memoryStorage()) {
  const net = { fetch: offline, connected: false };
  const later: { run: () => void; ms: number }[] = [];
  const outbox = createOutbox(storage, {
    baseUrl,
    fetch: (...args) => (net.connected ? fetch(...args) : offline(...args)),
    now: () => T0,
    later: (run, ms) => void later.push({ run, ms }),
  });
  const told: Delivery['state'][] = [];
  outbox.watch((_id, { state }) => told.push(state));
  return { outbox, net, later, told, storage };
}

describe('the outbox', () => {
  it('says recorded only after the server has', async () => {
    const { outbox, net, told, storage } = open();
    net.connected = true;
    expect(await outbox.send(ANSWER, UP)).toEqual({ state: 'recorded' });
    expect(told).toEqual(['recorded']);
    expect(storage.getItem(`bruno.outbox:${baseUrl}`)).toBeNull();
  });
  it('keeps what cannot be sent, through a reload, and sends it once with its own time', async () => {
    const first = open();
    expect(await first.outbox.send(ANSWER, UP, 'e1')).toMatchObject({ state: 'waiting' });
    const second = open(first.storage);
    expect(second.outbox.waiting()).toBe(1);
    second.net.connected = true;
    await Promise.all([second.outbox.flush(), second.outbox.flush(), second.outbox.flush()]);
    expect(received).toEqual([
      { event_id: 'e1', feedback_type: 'thumbs_up', timestamp: '2026-11-02T12:00:00.000Z' },
    ]);
    expect(second.outbox.waiting()).toBe(0);
  });
  it('sends in the order in which the visitor said it', async () => {
    const { outbox, net } = open();
    await Promise.all([outbox.send(ANSWER, UP), outbox.send(ANSWER, DOWN)]);
    net.connected = true;
    await outbox.flush();
    expect(received.map(({ feedback_type }) => feedback_type)).toEqual([
      'thumbs_up',
      'thumbs_down',
    ]);
  });
  it('tries again later by itself, under the same id, and no sooner than the server asks', async () => {
    const { outbox, net, later, told } = open();
    net.connected = true;
    answers = [503];
    await outbox.send(ANSWER, UP, 'e1');
    expect(later.map(({ ms }) => ms)).toEqual([7_000]);
    later[0]?.run();
    await expect.poll(() => told).toEqual(['waiting', 'recorded']);
    expect(received.map(({ event_id }) => event_id)).toEqual(['e1', 'e1']);
  });
  it('waits longer after each failure, and plans one attempt at a time', async () => {
    const { outbox, later } = open();
    await outbox.send(ANSWER, UP);
    await outbox.flush();
    expect(later.map(({ ms }) => ms)).toEqual([5_000]);
    later[0]?.run();
    await expect.poll(() => later.map(({ ms }) => ms)).toEqual([5_000, 20_000]);
  });
  it('gives up what the server refuses, and goes on with the rest', async () => {
    const { outbox, net, storage } = open();
    await outbox.send(ANSWER, UP, 'e1');
    net.connected = true;
    answers = [401];
    expect(await outbox.send(ANSWER, DOWN, 'e2')).toEqual({ state: 'recorded' });
    expect(received.map(({ event_id }) => event_id)).toEqual(['e1', 'e2']);
    expect(storage.getItem(`bruno.outbox:${baseUrl}`)).toBeNull();
  });
  it('works within the page where storage is full or damaged', async () => {
    const storage = memoryStorage();
    storage.setItem(`bruno.outbox:${baseUrl}`, '{"not":"a list"}');
    const full = {
      ...storage,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const { outbox, net } = open(full);
    await outbox.send(ANSWER, UP, 'e1');
    expect(outbox.waiting()).toBe(1);
    net.connected = true;
    await outbox.flush();
    expect(received.map(({ event_id }) => event_id)).toEqual(['e1']);
    expect(outbox.waiting()).toBe(0);
  });
  it('forgets what the server would not take any more', async () => {
    const { outbox, storage } = open();
    await outbox.send(ANSWER, UP, 'e1');
    const muchLater = createOutbox(storage, { baseUrl, now: () => T0 + 31 * 86_400_000 });
    await muchLater.flush();
    expect(received).toEqual([]);
    expect(muchLater.waiting()).toBe(0);
  });

  it('keeps what is meant for one address from the server of another', async () => {
    const storage = memoryStorage();
    const away = createOutbox(storage, { baseUrl: 'http://127.0.0.1:1', later: () => undefined });
    await away.send(ANSWER, UP);
    await createOutbox(storage, { baseUrl, later: () => undefined }).flush();
    expect(received).toEqual([]);
    expect(away.waiting()).toBe(1);
  });
});
