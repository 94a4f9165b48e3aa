// The model server of a replay: it answers each question as the script says, and says how long that takes.
// Both models are this one; they differ by their scripts alone.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { AnswerLine } from './events.ts';

const requestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ content: z.string() })),
});

export interface ScriptedModels {
  url: string;
  /** By question. */
  scripts: Map<string, AnswerLine>;
  /** Which model was asked each question. */
  asked: Map<string, string>;
  stop(): Promise<void>;
}

const event = (body: object) => `data: ${JSON.stringify(body)}\n\n`;
const text = (content: string) => event({ choices: [{ index: 0, delta: { content } }] });

async function answer(models: ScriptedModels, request: IncomingMessage, response: ServerResponse) {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const { model, messages } = requestSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
  const question = messages.at(-1)?.content ?? '';
  const script = models.scripts.get(question);
  if (script === undefined) {
    response.writeHead(404).end();
    return;
  }
  models.asked.set(question, model);
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'x-replay-took-ms': `${script.first_token_ms} ${script.total_ms}`,
  });
  response.write(text('As scripted'));
  if (script.breaks) {
    // Told apart from an end: the connection goes in the middle of the body.
    response.flushHeaders();
    setImmediate(() => response.destroy());
    return;
  }
  const usage = { prompt_tokens: 7, completion_tokens: script.completion_tokens };
  response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  response.write(event({ choices: [], usage }));
  response.end('data: [DONE]\n\n');
}

export async function startScriptedModels(): Promise<ScriptedModels> {
  const server = createServer((request, response) => {
    if (request.url === '/v1/chat/completions') {
      answer(models, request, response).catch(() => response.destroy());
    } else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const models: ScriptedModels = {
    url: `http://127.0.0.1:${address.port}`,
    scripts: new Map(),
    asked: new Map(),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return models;
}
