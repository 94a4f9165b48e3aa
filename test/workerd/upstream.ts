// A stand-in for the Mac's gateway where a test needs one that fails on purpose. The model's name
// says how it behaves; a name with none of these words answers well.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Upstream {
  url: string;
  stop(): Promise<void>;
}

const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

async function body(
  request: IncomingMessage,
): Promise<{ model: string; messages: { content: string }[] }> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { model, messages } = await body(request);
  const question = messages.at(-1)?.content ?? '';
  if (model.includes('refuses') || question.includes('refuse everyone')) {
    response.writeHead(500).end('{"error":{"code":"broken","message":"no"}}');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (model.includes('garbage')) {
    response.end('data: not json\n\n');
    return;
  }
  if (model.includes('empty')) {
    response.end('data: [DONE]\n\n');
    return;
  }
  response.write(chunk(`${model} answers: `));
  if (model.includes('dies') || question.includes('die midway')) {
    setTimeout(() => response.destroy(), 20);
    return;
  }
  if (question.includes('slowly')) await new Promise((resolve) => setTimeout(resolve, 500));
  response.write(chunk(question.slice(0, 100)));
  response.write(chunk('', 'stop'));
  response.write(
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 11 } })}\n\n`,
  );
  response.end('data: [DONE]\n\n');
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer gateway-for-tests-only-0123456789') {
      response.writeHead(401).end();
    } else if (request.url === '/v1/chat/completions') {
      void chat(request, response);
    } else if (request.url === '/healthz') {
      response.end(JSON.stringify({ status: 'ok', models: ['tiny-sre'] }));
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
