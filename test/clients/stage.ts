// The production bundle over HTTP with a real Postgres behind it, for clients that know nothing of us. The
// model server is the test's own (model-server.ts), and a visitor may ask twenty times a minute.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../local/files.ts';
import type { WorkerBuild } from '../../local/worker-build.ts';
import { MODEL, startEdge } from '../edge.ts';
import type { TestModelServer } from './model-server.ts';

export { MODEL };
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
function limited(build: WorkerBuild, home: string): WorkerBuild {
  const options = limitsSchema.parse(JSON.parse(readFileSync(build.options, 'utf8')));
  options.ratelimits.CHAT_LIMIT.simple.limit = CHAT_LIMIT;
  const file = join(home, 'options.json');
  writeAtomic(file, JSON.stringify(options));
  return { bundle: build.bundle, options: file };
}

export async function startClientStage(): Promise<ClientStage> {
  const edge = await startEdge({ build: limited, bucket: false });
  const { url, secrets } = edge;
  const administer = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
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
    baseURL: `${url}/v1`,
    modelServer: edge.modelServer,
    operatorToken: secrets.adminToken,
    pythonBinary: edge.assets.pythonBinary,
    newKey: () => newKey(url),
    newApiKey: async (name, scopes) =>
      apiKeySchema.parse(await administer('/admin/keys', { name, scopes })),
    revokeApiKey: async (id) => {
      await administer(`/admin/keys/${id}/revoke`, { reason: 'for a test' });
    },
    recorded: (id) => recorded(url, secrets.adminToken, id),
    stop: () => edge.stop(),
  };
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
