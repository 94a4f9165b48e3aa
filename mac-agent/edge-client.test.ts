import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { judgeMessages, VERDICT_FORMAT } from '../core/judge-prompt.ts';
import { judgmentBatchSchema, judgmentRepliesSchema } from '../core/wire/judging.ts';
import { createEdgeClient } from './edge-client.ts';
import { AgentError, StaleLeaseError } from './errors.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let http: Server;
let answers: Answer[];
let seen: string[];
let edgeUrl: string;

const reply =
  (status: number, body: unknown = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };

beforeEach(async () => {
  answers = [];
  seen = [];
  http = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    (answers.shift() ?? reply(500))(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  edgeUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});

afterEach(() => {
  http.closeAllConnections();
  http.close();
});

const client = () =>
  createEdgeClient({ edgeUrl, token: 'tkn', agentId: 'mac-1', timeoutMs: 200, backoffMs: [5, 5] });

test('no work is null', async () => {
  answers = [reply(204)];
  expect(await client().claim(['tiny-sre'])).toBeNull();
  expect(seen).toEqual(['POST /agent/jobs/claim Bearer tkn']);
});

test('a job that does not fit the contract is refused with the field named', async () => {
  answers = [reply(200, { job: { job_id: '../escape' } })];
  await expect(client().claim(['tiny-sre'])).rejects.toMatchObject({
    code: 'edge_bad_answer',
    message: expect.stringContaining('job.job_id'),
  });
});

test('an edge in trouble is asked again, one that refuses is not', async () => {
  answers = [reply(503), reply(200, { production: null, models: [] })];
  expect(await client().serving()).toEqual({ production: null, pruned: [], models: [] });
  answers = [reply(401)];
  await expect(client().serving()).rejects.toBeInstanceOf(AgentError);
  expect(seen).toHaveLength(3);
});

test('answers to judge are taken as the edge describes them, and replies sent under its name', async () => {
  const judgment = {
    id: '00000000-0000-4000-8000-000000000001',
    judge: 'tiny/prompt-1',
    attempt: 1,
    model: 'tiny',
    messages: judgeMessages({ question: 'q', answer: 'a', sources: [] }),
    response_format: { ...VERDICT_FORMAT },
    max_tokens: 100,
    seed: 1,
  };
  const batch = judgmentBatchSchema.parse({ lease_seconds: 600, judgments: [judgment] });
  let sent: unknown;
  answers = [
    reply(200, batch),
    reply(204),
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        sent = judgmentRepliesSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
        response.end('{"recorded":1,"stale":0}');
      });
    },
  ];
  expect(await client().claimJudgments(['tiny'])).toEqual([judgment]);
  expect(await client().claimJudgments(['tiny'])).toEqual([]);
  const { id, judge, attempt } = judgment;
  const replies = [{ id, judge, attempt, outcome: 'failed' as const, reply: null }];
  await client().judged(replies);
  expect(sent).toEqual({ agent_id: 'mac-1', replies });
  expect(seen.map((line) => line.split(' ')[1])).toEqual([
    '/agent/judgments/claim',
    '/agent/judgments/claim',
    '/agent/judgments',
  ]);
});

test('409 is a lost lease at once', async () => {
  answers = [reply(409)];
  await expect(client().claim(['tiny-sre'])).rejects.toBeInstanceOf(StaleLeaseError);
  expect(seen).toHaveLength(1);
});

test('an edge that never answers is given up after the time-outs', async () => {
  answers = [() => {}, () => {}, () => {}];
  await expect(client().serving()).rejects.toMatchObject({
    code: 'edge_unreachable',
    retryable: true,
  });
  expect(seen).toHaveLength(3);
});
