// The gateway's protocol, deterministic, so that a client's parameters can be read back and an answer can be
// broken or left hanging at will: the question says how. It knows what it was sent and who left.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const requestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
export type Received = z.infer<typeof requestSchema>;

export interface TestModelServer {
  url: string;
  /** Every chat request, newest last. */
  received: Received[];
  /** Questions whose asker hung up before the end. */
  abandoned: string[];
  stop(): Promise<void>;
}

const event = (body: object) => `data: ${JSON.stringify(body)}\n\n`;
const chunk = (content: string, finish: string | null = null) =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] });

async function bodyOf(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return requestSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
}

async function chat(server: TestModelServer, body: Received, response: ServerResponse) {
  server.received.push(body);
  const question = body.messages.at(-1)?.content ?? '';
  const refusedAs = /^only (\S+) refuses/.exec(question)?.[1];
  if (question.startsWith('refuse') || body.model === refusedAs) {
    response.writeHead(500).end('{"error":{"code":"broken","message":"no"}}');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (question.startsWith('never end')) {
    response.once('close', () => server.abandoned.push(question));
    while (!response.destroyed) {
      response.write(chunk('on '));
      await sleep(10);
    }
    return;
  }
  if (question.startsWith('Who are you')) {
    response.write(chunk(`I am **${body.model}**, and I know:\n\n- pods\n- nodes\n\n`));
  }
  response.write(chunk('You asked: '));
  if (question.startsWith('die')) {
    await sleep(20);
    response.destroy();
    return;
  }
  response.write(chunk(question));
  response.write(chunk('', 'stop'));
  response.write(event({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 11 } }));
  response.end('data: [DONE]\n\n');
}

export async function startModelServer(token: string): Promise<TestModelServer> {
  const http = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
    } else if (request.url === '/v1/chat/completions') {
      bodyOf(request)
        .then((body) => chat(server, body, response))
        .catch(() => response.destroy());
    } else if (request.url === '/healthz') {
      response.end(JSON.stringify({ status: 'ok', models: ['tiny-sre'] }));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const server: TestModelServer = {
    url: `http://127.0.0.1:${address.port}`,
    received: [],
    abandoned: [],
    stop: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}
