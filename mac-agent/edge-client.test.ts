import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
