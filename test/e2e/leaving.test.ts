// A client that closes its connection, over a real socket against the production bundle: the model
// stops working for it, and the record says so once. The model server is the one that fails on
// purpose; everything else is what `npm start` runs. A reset is noticed at once. A client that merely
// closes looks, until the next byte is written to it, like one that has finished sending: there the
// answer has to flow.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { ensureAssets } from '../../local/assets.ts';
import { type Database, startDatabase } from '../../local/database.ts';
import { defaultAssetsHome, homePaths, prepareHome, repoRoot } from '../../local/home.ts';
import { freePort, innerPorts } from '../../local/ports.ts';
import { type RunningWorker, startWorker } from '../../local/worker.ts';
import { ensureWorkerBuild } from '../../local/worker-build.ts';
import { startUpstream, type Upstream } from '../workerd/upstream.ts';

const GATEWAY_TOKEN = 'gateway-for-tests-only-0123456789';
const home = mkdtempSync(join(tmpdir(), 'bruno-leaving-'));
let database: Database;
let upstream: Upstream;
let worker: RunningWorker;

beforeAll(async () => {
  const onProgress = (line: string) => process.stderr.write(`${line}\n`);
  const assetsHome = defaultAssetsHome(process.env);
  const assets = await ensureAssets(assetsHome, onProgress);
  const paths = prepareHome(home, assetsHome);
  const port = await freePort();
  const ports = await innerPorts(homePaths(home).ports, port);
  database = await startDatabase({ home, assets, ports, password: 'for-tests-only' });
  upstream = await startUpstream({ database: () => undefined });
  worker = await startWorker({
    paths,
    build: await ensureWorkerBuild({ root: repoRoot, onProgress }),
    port,
    innerPort: ports.s3,
    bucket: null,
    bindings: {
      DATABASE_URL: database.url,
      DATABASE_PROXY: database.proxyAddress,
      S3_ENDPOINT: 'http://127.0.0.1:9',
      S3_ACCESS_KEY_ID: 'unused',
      S3_SECRET_ACCESS_KEY: 'unused',
      MODEL_SERVER_URL: upstream.url,
      BASE_MODEL: 'tiny-sre',
      GATEWAY_TOKEN,
      AGENT_TOKEN: 'agent-for-tests-only-0123456789',
      ADMIN_TOKEN: 'operator-for-tests-only-0123456789',
      TOKEN_KEYS: JSON.stringify({ current: 'k1', keys: { k1: 'A'.repeat(43) } }),
    },
  });
}, 300_000);

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
  await database?.stop();
  rmSync(home, { recursive: true, force: true });
});

const seenSchema = z.array(z.object({ question: z.string(), left: z.boolean() }));

async function seen(message: string) {
  const headers = { authorization: `Bearer ${GATEWAY_TOKEN}` };
  const response = await fetch(`${upstream.url}/test/seen`, { headers });
  return seenSchema.parse(await response.json()).filter(({ question }) => question === message);
}

async function recorded(message: string) {
  neonConfig.webSocketConstructor = WebSocket;
  neonConfig.wsProxy = () => database.proxyAddress;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineTLS = false;
  neonConfig.pipelineConnect = false;
  const client = new Client(database.url);
  await client.connect();
  try {
    const text = 'SELECT status, error_code, response FROM interactions WHERE query = $1';
    return (await client.query(text, [message])).rows;
  } finally {
    await client.end();
  }
}

const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });

test.each([
  ['whole, before the first token', 'application/json', 'hang on everyone', 'reset'],
  ['whole, in the middle', 'application/json', 'stall midway', 'reset'],
  ['streamed, before the first token', 'text/event-stream', 'hang on everyone', 'reset'],
  ['streamed, in the middle', 'text/event-stream', 'stall midway', 'reset'],
  ['streamed, by closing while the answer flows', 'text/event-stream', 'flow for ever', 'close'],
])(
  'a client that leaves, %s',
  async (_, accept, does, how) => {
    const opened = await fetch(`${worker.url}/api/chat/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { id, visitor_token } = sessionSchema.parse(await opened.json());
    const message = `${does} ${randomUUID()}`;
    const starts = does === 'hang on everyone' ? /^$/ : /^tiny-sre answers: /;
    const leaving = request(`${worker.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
    });
    leaving.on('error', () => undefined);
    leaving.end(JSON.stringify({ session_id: id, visitor_token, message }));
    const patient = { timeout: 20_000 };
    await expect.poll(() => seen(message), patient).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (how === 'reset') leaving.socket?.resetAndDestroy();
    else leaving.destroy();
    await expect.poll(() => seen(message), patient).toMatchObject([{ left: true }]);
    await expect.poll(() => recorded(message), patient).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await recorded(message)).toEqual([
      { status: 'partial', error_code: 'client_left', response: expect.stringMatching(starts) },
    ]);
    expect(await seen(message)).toHaveLength(1);
  },
  60_000,
);
