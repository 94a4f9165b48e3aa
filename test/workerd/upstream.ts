// A stand-in for the Mac's gateway where a test needs one that fails on purpose. The model's name
// says how it behaves; a name with none of these words answers well.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test may do to the services from inside its isolate, and ask of them. */
export interface Switches {
  database(state: 'up' | 'down'): void;
}

export interface Upstream {
  url: string;
  stop(): Promise<void>;
}

const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

interface ChatBody {
  model: string;
  messages: { role: string; content: string }[];
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
}

async function body(request: IncomingMessage): Promise<ChatBody> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

/** Each chat request, and whether its caller left before it was answered. */
const seen: {
  model: string;
  question: string;
  /** What it was asked with, but for its name. */
  asked: Omit<ChatBody, 'model'>;
  traceparent: string | null;
  left: boolean;
}[] = [];

async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { model, ...asked } = await body(request);
  const { messages } = asked;
  const question = messages.at(-1)?.content ?? '';
  const traceparent = request.headers.traceparent?.toString() ?? null;
  const entry = { model, question, asked, traceparent, left: false };
  seen.push(entry);
  response.once('close', () => {
    entry.left = !response.writableEnded;
  });
  const does = (inName: string, inQuestion?: string) =>
    model.includes(inName) || (inQuestion !== undefined && question.includes(inQuestion));
  if (does('refuses', 'refuse everyone')) {
    response.writeHead(500).end('{"error":{"code":"broken","message":"no"}}');
    return;
  }
  if (
    question.includes('stumble once') &&
    seen.filter((one) => one.question === question).length === 1
  ) {
    response.writeHead(500).end();
    return;
  }
  const before = seen.filter((one) => one.model === model).length;
  if (model.includes('recovers') && before <= 5) {
    response.writeHead(500).end();
    return;
  }
  if (does('busy')) {
    response.writeHead(429).end('{"error":{"code":"busy","message":"later"}}');
    return;
  }
  if (does('hangs', 'hang on everyone')) return;
  if (does('cuts', 'cut off everyone')) {
    response.destroy();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (does('garbage', 'garbage for everyone')) {
    response.end('data: not json\n\n');
    return;
  }
  if (does('page', 'page for everyone')) {
    response.end('<html><body>502 Bad Gateway</body></html>');
    return;
  }
  if (does('empty', 'nothing for everyone')) {
    response.end('data: [DONE]\n\n');
    return;
  }
  if (does('mute', 'be mute, everyone')) {
    response.write(chunk('', 'stop'));
    response.end('data: [DONE]\n\n');
    return;
  }
  if (does('gives-up')) {
    response.write(chunk('', 'stop'));
    setTimeout(() => response.destroy(), 20);
    return;
  }
  if (does('still-born', 'still-born for everyone')) {
    response.write(': hello\n\n');
    setTimeout(() => response.destroy(), 20);
    return;
  }
  if (does('chatters')) {
    const timer = setInterval(() => response.write(chunk('')), 20);
    response.once('close', () => clearInterval(timer));
    return;
  }
  if (does('wakes', 'wake late')) await new Promise((resolve) => setTimeout(resolve, 400));
  response.write(chunk(`${model} answers: `));
  if (does('dies', 'die midway')) {
    setTimeout(() => response.destroy(), 20);
    return;
  }
  if (question.includes('flow for ever')) {
    const timer = setInterval(() => response.write(chunk('and on ')), 50);
    response.once('close', () => clearInterval(timer));
    return;
  }
  if (does('stalls', 'stall midway')) return;
  if (question.includes('slowly')) await new Promise((resolve) => setTimeout(resolve, 500));
  response.write(chunk(question.slice(0, 100)));
  response.write(chunk('', 'stop'));
  response.write(
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 11 } })}\n\n`,
  );
  response.end('data: [DONE]\n\n');
}

/** What the gateway has beside its base, until a test says otherwise. */
let ready: string[] = [];

export async function startUpstream(switches: Switches): Promise<Upstream> {
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer gateway-for-tests-only-0123456789') {
      response.writeHead(401).end();
    } else if (request.url === '/v1/chat/completions') {
      void chat(request, response);
    } else if (request.url === '/test/seen') {
      response.end(JSON.stringify(seen));
    } else if (request.url === '/test/database/down' || request.url === '/test/database/up') {
      switches.database(request.url.endsWith('up') ? 'up' : 'down');
      response.end('{}');
    } else if (request.url?.startsWith('/test/ready/')) {
      const [, , , ...names] = request.url.split('/');
      ready = names.filter((name) => name !== '').map(decodeURIComponent);
      response.end('{}');
    } else if (request.url === '/healthz') {
      const queue = { running: 1, waiting: 0, most_running: 4, most_waiting: 16 };
      response.end(JSON.stringify({ status: 'ok', models: ['tiny-sre', ...ready], queue }));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
