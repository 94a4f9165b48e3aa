// The load generator, in a process of its own: keep-alive connections that each send a prepared request
// and wait for the whole answer. It reads orders from stdin and prints results, one JSON line each.
// Raw sockets and a minimal reader of HTTP/1.1, so that its own ceiling lies far above what is measured.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadOrder, type LoadResult, loadOrderSchema } from './load-shape.ts';

const LAST_CHUNK = '0\r\n\r\n';
const ANSWER_WITHIN_MS = 30_000;

interface Tally {
  latenciesMs: number[];
  failures: number;
  firstFailure: string;
}

/** One answer at a time; resolves with its text when it is whole. */
class Connection {
  private socket: Socket | undefined;
  private held = '';
  private whole: PromiseWithResolvers<string> = Promise.withResolvers();
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  async ask(request: Buffer): Promise<string> {
    this.held = '';
    this.whole = Promise.withResolvers();
    const socket = this.socket ?? (await this.open());
    socket.write(request);
    return this.whole.promise;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    this.socket = socket;
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('no answer in time')));
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.read(String(text)));
    const end = (error?: Error) => {
      this.socket = undefined;
      this.whole.reject(error ?? new Error('the connection was closed'));
    };
    socket.on('error', end);
    socket.on('close', () => end());
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  private read(text: string): void {
    this.held += text;
    const end = this.held.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.held.slice(0, end + 2))?.[1];
    const isWhole =
      length === undefined
        ? this.held.endsWith(LAST_CHUNK)
        : this.held.length >= end + 4 + Number(length);
    if (isWhole) this.whole.resolve(this.held);
  }
}

const judge = (answer: string, order: { status: number; endsWith: string }): string => {
  if (!answer.startsWith(`HTTP/1.1 ${order.status}`)) return answer.slice(0, 400);
  return order.endsWith === '' || answer.slice(-200).includes(order.endsWith)
    ? ''
    : `unexpected end: ${answer.slice(-200)}`;
};

async function run(given: LoadOrder): Promise<LoadResult> {
  const order = loadOrderSchema.parse(given);
  const requests = order.requests.map((text) => Buffer.from(text));
  const tally: Tally = { latenciesMs: [], failures: 0, firstFailure: '' };
  const startedMs = performance.now();
  const untilMs = startedMs + order.seconds * 1_000;
  const before = process.cpuUsage();
  let sent = 0;
  /** The next request, once its moment has come; undefined when the time is over. */
  const next = async (): Promise<Buffer | undefined> => {
    const index = sent;
    sent += 1;
    if (order.rate !== undefined) {
      const dueMs = startedMs + (index / order.rate) * 1_000;
      if (dueMs >= untilMs) return undefined;
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) await sleep(leftMs);
    }
    return performance.now() < untilMs ? requests[index % requests.length] : undefined;
  };
  const fail = (what: string) => {
    tally.failures += 1;
    tally.firstFailure ||= what;
  };
  const worker = async () => {
    const connection = new Connection(order.port);
    for (let request = await next(); request !== undefined; request = await next()) {
      const sentMs = performance.now();
      try {
        const fault = judge(await connection.ask(request), order);
        if (fault === '') tally.latenciesMs.push(performance.now() - sentMs);
        else fail(fault);
      } catch (error) {
        connection.close();
        fail(error instanceof Error ? error.message : 'unknown');
        await sleep(10);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: order.connections }, worker));
  const used = process.cpuUsage(before);
  const sorted = Float64Array.from(tally.latenciesMs).toSorted();
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    requests: sorted.length,
    failures: tally.failures,
    firstFailure: tally.firstFailure,
    seconds: (performance.now() - startedMs) / 1_000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuSeconds: (used.user + used.system) / 1e6,
  };
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(loadOrderSchema.parse(JSON.parse(line)))));
}
