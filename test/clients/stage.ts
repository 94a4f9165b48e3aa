// The production bundle over HTTP with a real Postgres behind it, for clients that know nothing of us. The
// model server is the test's own (model-server.ts), and a visitor may ask twenty times a minute.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureAssets } from '../../local/assets.ts';
import { startDatabase } from '../../local/database.ts';
import { writeAtomic } from '../../local/files.ts';
import { defaultAssetsHome, homePaths, prepareHome, repoRoot } from '../../local/home.ts';
import { freePort, innerPorts } from '../../local/ports.ts';
import { loadSecrets } from '../../local/secrets.ts';
import { startWorker } from '../../local/worker.ts';
import { ensureWorkerBuild } from '../../local/worker-build.ts';
import { startModelServer, type TestModelServer } from './model-server.ts';

export const MODEL = 'agent-bruno';
/** Questions a visitor may ask in a minute. */
export const CHAT_LIMIT = 20;

export interface ClientStage {
  /** What a client is told as its base address. */
  baseURL: string;
  modelServer: TestModelServer;
  operatorToken: string;
  pythonBinary: string;
  /** A new visitor's token: what a client sends as its key. */
  newKey(): Promise<string>;
  /** What `bruno key create` makes. */
  newApiKey(name: string, scopes: readonly string[]): Promise<{ id: string; key: string }>;
  revokeApiKey(id: string): Promise<void>;
  /** An answer's row in the record, once it is written. */
  recorded(interactionId: string): Promise<RecordedAnswer>;
  stop(): Promise<void>;
}

export interface RecordedAnswer {
  status: string;
  response: string;
  visitor_id: string;
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const apiKeySchema = z.object({ id: z.string(), key: z.string() });
const sessionSchema = z.object({ visitor_token: z.string() });
const lineageSchema = z.object({
  answer: z.object({ status: z.string(), response: z.string(), visitor_id: z.string() }).nullable(),
});
const limitsSchema = z.looseObject({
  ratelimits: z.looseObject({
    CHAT_LIMIT: z.looseObject({ simple: z.looseObject({ limit: z.number() }) }),
  }),
});

/** The bundle with its options, of which only the visitors' limit is another. */
async function limitedBuild(home: string) {
  const build = await ensureWorkerBuild({ root: repoRoot, onProgress: say });
  const options = limitsSchema.parse(JSON.parse(readFileSync(build.options, 'utf8')));
  options.ratelimits.CHAT_LIMIT.simple.limit = CHAT_LIMIT;
  const file = join(home, 'options.json');
  writeAtomic(file, JSON.stringify(options));
  return { bundle: build.bundle, options: file };
}

export async function startClientStage(): Promise<ClientStage> {
  const assetsHome = defaultAssetsHome(process.env);
  const assets = await ensureAssets(assetsHome, say);
  const home = mkdtempSync(join(tmpdir(), 'bruno-clients-'));
  prepareHome(home, assetsHome);
  const paths = homePaths(home);
  const secrets = loadSecrets(paths);
  const port = await freePort();
  const ports = await innerPorts(paths.ports, port);
  const undo = [async () => rmSync(home, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    const build = await limitedBuild(home);
    const password = secrets.databasePassword;
    const database = await startDatabase({ home, assets, ports, password });
    undo.push(() => database.stop());
    const modelServer = await startModelServer(secrets.gatewayToken);
    undo.push(() => modelServer.stop());
    const worker = await startWorker({
      paths,
      build,
      port,
      innerPort: ports.s3,
      bucket: null,
      bindings: {
        ENVIRONMENT: 'local',
        MODEL_SERVER_URL: modelServer.url,
        MODEL_NAME: MODEL,
        BASE_MODEL: 'tiny-sre',
        DATABASE_URL: database.url,
        DATABASE_PROXY: database.proxyAddress,
        S3_ENDPOINT: 'http://127.0.0.1:9',
        S3_ACCESS_KEY_ID: 'unused',
        S3_SECRET_ACCESS_KEY: 'unused',
        GATEWAY_TOKEN: secrets.gatewayToken,
        AGENT_TOKEN: secrets.agentToken,
        ADMIN_TOKEN: secrets.adminToken,
        TOKEN_KEYS: JSON.stringify(secrets.tokenKeys),
      },
    });
    undo.push(() => worker.stop());
    const administer = async (path: string, body: object): Promise<unknown> => {
      const response = await fetch(`${worker.url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${secrets.adminToken}`,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      return response.json();
    };
    return {
      baseURL: `${worker.url}/v1`,
      modelServer,
      operatorToken: secrets.adminToken,
      pythonBinary: assets.pythonBinary,
      newKey: () => newKey(worker.url),
      newApiKey: async (name, scopes) =>
        apiKeySchema.parse(await administer('/admin/keys', { name, scopes })),
      revokeApiKey: async (id) => {
        await administer(`/admin/keys/${id}/revoke`, { reason: 'for a test' });
      },
      recorded: (id) => recorded(worker.url, secrets.adminToken, id),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function newKey(url: string): Promise<string> {
  const response = await fetch(`${url}/api/chat/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(10_000),
  });
  return sessionSchema.parse(await response.json()).visitor_token;
}

async function recorded(url: string, token: string, id: string) {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    const response = await fetch(`${url}/admin/lineage/${id}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    });
    const { answer } = response.ok ? lineageSchema.parse(await response.json()) : { answer: null };
    if (answer !== null) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the answer ${id} was never recorded`);
}
