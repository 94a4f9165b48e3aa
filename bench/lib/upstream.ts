// The model server that every benchmark stands on, in a process of its own: OpenAI's chat answers at
// once, from bytes made beforehand, over a raw socket. It decides nothing, so that what is measured is
// what stands in front of it. Started by children.ts; prints its port as JSON. Arguments: TOKENS [per-token].

import { createServer, type Socket } from 'node:net';

const tokens = Number(process.argv[2] ?? '16');
/** One HTTP chunk for each token, else one for the whole answer, which is ready at once. */
const perToken = process.argv[3] === 'per-token';
const words = Array.from({ length: tokens }, (_, index) => `word${index} `);
const usage = { prompt_tokens: 40, completion_tokens: tokens, total_tokens: 40 + tokens };
const shared = { id: 'chatcmpl-bench', created: 1_800_000_000, model: 'bench' };

const chunk = (delta: object, finish: string | null) => ({
  ...shared,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function streamed(): Buffer {
  const events = [
    chunk({ role: 'assistant', content: '' }, null),
    ...words.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
    { ...shared, object: 'chat.completion.chunk', choices: [], usage },
  ].map((body) => `data: ${JSON.stringify(body)}\n\n`);
  const all = [...events, 'data: [DONE]\n\n'];
  const frames = (perToken ? all : [all.join('')]).map(
    (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`,
  );
  const head =
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
  return Buffer.from(`${head}${frames.join('')}0\r\n\r\n`);
}

function whole(): Buffer {
  const body = JSON.stringify({
    ...shared,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: words.join('') },
        finish_reason: 'stop',
      },
    ],
    usage,
  });
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

const health = '{"status":"ok","models":[]}';
const answers = {
  stream: streamed(),
  whole: whole(),
  health: Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${health.length}\r\n\r\n${health}`,
  ),
};

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let held = '';
  socket.on('data', (data) => {
    held += data.toString('latin1');
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(held.slice(0, end))?.[1] ?? 0);
      const next = end + 4 + length;
      if (held.length < next) return;
      const request = held.slice(0, next);
      held = held.slice(next);
      if (request.startsWith('GET ')) socket.write(answers.health);
      else socket.write(request.includes('"stream":true') ? answers.stream : answers.whole);
    }
  });
  socket.on('error', () => socket.destroy());
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  console.log(JSON.stringify({ port: address.port }));
});
process.stdin.resume().on('end', () => process.exit(0));
