import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { judgeMessages, VERDICT_FORMAT } from '../core/judge-prompt.ts';
import type { Judgment, JudgmentReply } from './edge-schema.ts';
import { AgentError } from './errors.ts';
import { judgeWaiting } from './judging.ts';

const requestSchema = z.looseObject({
  model: z.string(),
  seed: z.number(),
  temperature: z.number(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
type Request = z.infer<typeof requestSchema>;

let http: Server;
let url: string;
let received: Request[];
let handler: (body: Request, response: ServerResponse) => void;
let released: number;

const replying =
  (content: string | null): typeof handler =>
  (_body, response) =>
    response.end(JSON.stringify({ choices: [{ message: { content } }] }));

beforeEach(async () => {
  received = [];
  released = 0;
  handler = replying('{"unsupported": [], "verdict": "supported"}');
  http = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const body = requestSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
    received.push(body);
    handler(body, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1/chat`;
});

afterEach(() => {
  http.closeAllConnections();
  http.close();
});

const judgment = (id: string, over: Partial<Judgment> = {}): Judgment => ({
  id,
  judge: 'tiny/prompt-1',
  attempt: 1,
  model: 'tiny',
  messages: judgeMessages({
    question: 'Which port?',
    answer: 'Port 3100.',
    sources: [{ id: '1', title: 'Loki', text: 'Port 3100.' }],
  }),
  response_format: VERDICT_FORMAT,
  max_tokens: 100,
  seed: 1,
  ...over,
});

/** An edge that hands out each batch once, as leases do, and takes what comes back. */
const edgeWith = (...batches: Judgment[][]) => {
  const asked: string[][] = [];
  const replies: JudgmentReply[] = [];
  const claimJudgments = async (models: string[]) => {
    asked.push(models);
    return batches.shift() ?? [];
  };
  const judged = async (given: readonly JudgmentReply[]) => void replies.push(...given);
  return { asked, replies, edge: { claimJudgments, judged } };
};

const server = {
  judges: async () => ['tiny'],
  judgeAddress: async (model: string) => ({
    url,
    bodyPatch: { model, lora: [] },
    release: () => {
      released += 1;
    },
  }),
};
const run = (
  edge: ReturnType<typeof edgeWith>['edge'],
  {
    stop = new AbortController().signal,
    contextTokens = 4_096,
    from = server,
    timeoutMs = 5_000,
  } = {},
) => judgeWaiting({ edge, server: from, contextTokens, log: () => {}, timeoutMs }, stop);

const outcomes = (replies: readonly JudgmentReply[]) =>
  replies.map(({ id, outcome }) => `${id} ${outcome}`);

test('every answer that waits is put to the model as it came, and the reply handed on as it came', async () => {
  const { edge, replies, asked } = edgeWith([judgment('a'), judgment('b')], [judgment('c')]);
  await run(edge);
  expect(asked).toEqual([['tiny'], ['tiny'], ['tiny']]);
  expect(outcomes(replies)).toEqual(['a replied', 'b replied', 'c replied']);
  expect(replies[0]).toMatchObject({
    judge: 'tiny/prompt-1',
    attempt: 1,
    reply: '{"unsupported": [], "verdict": "supported"}',
  });
  const { messages, response_format, max_tokens } = judgment('a');
  const sent = { model: 'tiny', messages, response_format, max_tokens, temperature: 0, seed: 1 };
  expect(received[0]).toMatchObject(sent);
  expect(released).toBe(3);
});

test('a further attempt may come out otherwise', async () => {
  await run(edgeWith([judgment('a', { attempt: 2, seed: 2 })]).edge);
  expect(received[0]?.temperature).toBeGreaterThan(0);
  expect(received[0]?.seed).toBe(2);
});

test('what is no verdict is not for the agent to judge; half a character is mended', async () => {
  handler = replying('\u0000 I think \ud800');
  const { edge, replies } = edgeWith([judgment('a')]);
  await run(edge);
  expect(replies).toMatchObject([{ outcome: 'replied', reply: '\ufffd I think \ufffd' }]);
});

test('an answer that may not fit the context is not asked about, and the next one is', async () => {
  const messages = [{ role: 'user' as const, content: 'x'.repeat(10_000) }];
  const { edge, replies } = edgeWith([judgment('long', { messages }), judgment('b')]);
  await run(edge, { contextTokens: 2_048 });
  expect(outcomes(replies)).toEqual(['long failed', 'b replied']);
  expect(received).toHaveLength(1);
});

test('a model server that refuses one answer is asked about the next', async () => {
  handler = (_body, response) => {
    if (received.length === 1) response.writeHead(400).end();
    else replying('{}')(received[0] ?? requestSchema.parse({}), response);
  };
  const { edge, replies } = edgeWith([judgment('a'), judgment('b')]);
  await run(edge);
  expect(outcomes(replies)).toEqual(['a failed', 'b replied']);
});

test.each([
  ['in trouble', (_body: Request, response: ServerResponse) => response.writeHead(500).end()],
  ['talking nonsense', (_body: Request, response: ServerResponse) => response.end('<html>')],
  ['silent', () => {}],
])(
  'a model server that is %s costs one answer an attempt; the others go back',
  async (_how, on) => {
    handler = on;
    const { edge, replies, asked } = edgeWith([judgment('a'), judgment('b'), judgment('c')]);
    await run(edge, { timeoutMs: 100 });
    expect(outcomes(replies)).toEqual(['a failed', 'b given_back', 'c given_back']);
    expect(asked).toHaveLength(1);
    expect(released).toBe(1);
  },
);

test('a model that is gone, or a server that cannot be reached, costs no attempt', async () => {
  const gone = {
    ...server,
    judgeAddress: () => Promise.reject(new AgentError('model_not_found', 'tiny is not here.')),
  };
  const one = edgeWith([judgment('a'), judgment('b')]);
  await run(one.edge, { from: gone });
  expect(outcomes(one.replies)).toEqual(['a given_back', 'b given_back']);
  http.close();
  const other = edgeWith([judgment('a')]);
  await run(other.edge);
  expect(outcomes(other.replies)).toEqual(['a given_back']);
});

test('an agent that stops in the middle gives back what it holds', async () => {
  const stop = new AbortController();
  handler = () => stop.abort();
  const { edge, replies } = edgeWith([judgment('a'), judgment('b')], [judgment('c')]);
  await run(edge, { stop: stop.signal });
  expect(outcomes(replies)).toEqual(['a given_back', 'b given_back']);
  expect(released).toBe(1);
});
