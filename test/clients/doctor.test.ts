// `bruno doctor --deploy` against a Worker that believes itself deployed, a real database, object store and
// gateway protocol, and real wrangler speaking to a small stand-in for Cloudflare's API.

import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { bruno } from '../../cli/testing/run-cli.ts';
import { REQUIRED_SECRETS } from '../../core/deployment.ts';
import { repoRoot } from '../../local/home.ts';
import { withConnection } from '../../local/migrate.ts';
import { type Edge, startEdge } from '../edge.ts';

const METRICS_TOKEN = 'kT8wQz3nVb6yHc1mXs9fLd4gRp7jUe2a';
const FRIEND = 'https://homepage.example';
const KV_ID = '0123456789abcdef0123456789abcdef';
const KEYS = JSON.stringify({
  current: 'k1',
  keys: { k1: 'mJ3Vq0nK9yWc5tRz8LbXe2HsGf7PaD4uIoTk1QwZxYg' },
});
const outcomeSchema = z.object({
  checks: z.array(
    z.object({
      name: z.string(),
      result: z.string(),
      found: z.string(),
      todo: z.string().nullable(),
    }),
  ),
});

// Each test asks much, and a busy machine is slow.
vi.setConfig({ testTimeout: 120_000 });

let edge: Edge;
let checkout: string;
let secrets: Record<string, string>;
let cloudflare: {
  url: string;
  names: string[];
  namespaces: string[];
  queues: string[];
  known: boolean;
  server: Server;
};

async function listen(answer: (path: string) => { status: number; body: unknown }) {
  const server = createServer((request, response) => {
    request.resume();
    const { status, body } = answer(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

/** The little of Cloudflare's API that the doctor's wrangler asks: who, which secrets, namespaces and queues. */
async function startCloudflare() {
  const state = {
    names: REQUIRED_SECRETS.map(String),
    namespaces: [KV_ID],
    queues: ['bruno-events-production', 'bruno-events-dead-production'],
    known: true,
  };
  const queue = (name: string) => ({
    queue_id: name,
    queue_name: name,
    producers_total_count: 0,
    producers: [],
    consumers_total_count: 0,
    consumers: [],
  });
  const account = { id: 'a'.repeat(32), name: 'Bruno' };
  const { server, url } = await listen((path) => {
    const refusal = { code: 10000, message: 'Authentication error' };
    if (!state.known)
      return {
        status: 401,
        body: { success: false, errors: [refusal], messages: [], result: null },
      };
    const asked = new URL(path, 'http://cloudflare').searchParams;
    const result = path.includes('/storage/kv/namespaces')
      ? // Wrangler asks for pages until one is empty.
        asked.get('page') === null
        ? state.namespaces.map((id) => ({ id, title: 'ROUTING_KV' }))
        : []
      : path.includes('/queues')
        ? state.queues.filter((name) => name === asked.get('name')).map(queue)
        : path.includes('/secrets')
          ? state.names.map((name) => ({ name, type: 'secret_text' }))
          : path.includes('/accounts')
            ? [account]
            : path.includes('/memberships')
              ? [{ account }]
              : { id: 'u', email: 'ada@example.com', status: 'active' };
    return {
      status: 200,
      body: { success: true, errors: [], messages: [], result, result_info: { total_pages: 1 } },
    };
  });
  return Object.assign(state, { server, url });
}

function makeCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bruno-checkout-'));
  for (const name of readdirSync(repoRoot)) {
    // This is wrangler's home as well: in a .wrangler that it finds there it writes about itself.
    if (['wrangler.toml', '.wrangler'].includes(name)) continue;
    symlinkSync(join(repoRoot, name), join(folder, name));
  }
  const toml = readFileSync(join(repoRoot, 'wrangler.toml'), 'utf8')
    .replaceAll('00000000000000000000000000000003', KV_ID)
    .replaceAll('ACCESS_TEAM_DOMAIN = ""', 'ACCESS_TEAM_DOMAIN = "bruno.cloudflareaccess.com"')
    .replaceAll('ACCESS_AUD = ""', `ACCESS_AUD = "${'a'.repeat(64)}"`)
    .replaceAll('PUBLIC_URL = ""', 'PUBLIC_URL = "https://bruno.example.com"')
    .replaceAll('"llama-3.1-8b-instruct"', '"tiny-sre"')
    .replaceAll('"agent-bruno-production"', `"${edge.store.keys.bucket}"`);
  writeFileSync(join(folder, 'wrangler.toml'), toml);
  return folder;
}

beforeAll(async () => {
  edge = await startEdge({
    bucket: true,
    bindings: {
      ENVIRONMENT: 'production',
      ADMIN_TOKEN: undefined,
      METRICS_TOKEN,
      ALLOWED_ORIGINS: FRIEND,
    },
  });
  secrets = {
    DATABASE_URL: edge.database.url,
    S3_ENDPOINT: edge.store.endpoint,
    S3_ACCESS_KEY_ID: edge.store.keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: edge.store.keys.secretAccessKey,
    MODEL_SERVER_URL: edge.modelServer.url,
    GATEWAY_TOKEN: edge.secrets.gatewayToken,
    AGENT_TOKEN: edge.secrets.agentToken,
    METRICS_TOKEN,
    TOKEN_KEYS: KEYS,
    ALLOWED_ORIGINS: FRIEND,
  };
  checkout = makeCheckout();
  cloudflare = await startCloudflare();
}, 600_000);
afterAll(async () => {
  await edge?.stop();
  cloudflare?.server.close();
  if (checkout !== undefined) rmSync(checkout, { recursive: true, force: true });
}, 60_000);

async function checkup(over: Record<string, string> = {}, ...options: string[]) {
  const file = join(checkout, 'secrets.production.json');
  writeFileSync(file, JSON.stringify({ ...secrets, ...over }));
  chmodSync(file, 0o600);
  const env = {
    PATH: process.env.PATH,
    HOME: checkout,
    BRUNO_HOME: join(checkout, 'no-home'),
    BRUNO_URL: edge.url,
    DATABASE_PROXY: edge.database.proxy,
    CLOUDFLARE_API_BASE_URL: `${cloudflare.url}/client/v4`,
    CLOUDFLARE_API_TOKEN: 'token',
    CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
  };
  const { out, code } = await bruno(
    ['doctor', '--deploy', 'production', '--json', ...options],
    edge.url,
    {
      env,
      repoRoot: checkout,
    },
  );
  const { checks } = outcomeSchema.parse(JSON.parse(out));
  const results = Object.fromEntries(checks.map(({ name, result }) => [name, result]));
  const of = (name: string) => checks.find((check) => check.name === name);
  return { code, checks, results, of, out };
}

describe('a deployment that is well', () => {
  test('passes each step, and each that fails says what to do', async () => {
    const { results, checks } = await checkup();
    expect(results).toMatchObject({
      kv: 'pass',
      queues: 'pass',
      crons: 'pass',
      operators: 'pass',
      vars: 'pass',
      'secrets required': 'pass',
      wrangler: 'pass',
      'kv there': 'pass',
      'queues there': 'pass',
      'secrets there': 'pass',
      database: 'pass',
      pgvector: 'pass',
      migrations: 'pass',
      'object store': 'pass',
      'conditional put': 'pass',
      'tunnel closed': 'pass',
      tunnel: 'pass',
      closed: 'pass',
      'not local': 'pass',
      metrics: 'pass',
      pages: 'pass',
      origins: 'pass',
      visitor: 'pass',
      'ready: model_server': 'pass',
      // Everything here is on this machine, which no deployment could reach.
      secrets: 'fail',
    });
    for (const { result, todo } of checks) expect(todo === null).toBe(result !== 'fail');
  });

  test('no secret is printed', async () => {
    const { out } = await checkup({}, '--offline');
    for (const secret of Object.values(secrets)) {
      if (!secret.startsWith('http')) expect(out).not.toContain(secret);
    }
  });
});

test('each check that docs/deploy.md names as a proof is one that the doctor makes', async () => {
  const page = readFileSync(join(repoRoot, 'docs', 'deploy.md'), 'utf8');
  const proofs = [...page.matchAll(/^\*\*Proof:\*\*([\s\S]*?)\n\n/gm)].map(([, text = '']) => text);
  const named = proofs
    .flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .filter((name) => !/^bruno |^doctor |^production$|…$/.test(name));
  expect(proofs.length).toBeGreaterThanOrEqual(10);
  const { checks } = await checkup({}, '--offline');
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
});

describe('what is wrong is named', () => {
  test('secrets that Cloudflare does not have, and an operator token that it has', {
    timeout: 120_000,
  }, async () => {
    cloudflare.names = ['DATABASE_URL'];
    expect((await checkup()).of('secrets there')?.found).toContain('AGENT_TOKEN');
    cloudflare.names = [...REQUIRED_SECRETS, 'ADMIN_TOKEN'];
    expect((await checkup()).of('secrets there')?.todo).toContain('secret delete ADMIN_TOKEN');
    cloudflare.known = false;
    expect((await checkup()).results).toMatchObject({ wrangler: 'fail', 'secrets there': 'skip' });
    cloudflare.known = true;
  });

  test('a namespace and a queue that nobody created', async () => {
    cloudflare.namespaces = ['f'.repeat(32)];
    cloudflare.queues = ['bruno-events-production'];
    const { of } = await checkup();
    expect(of('kv there')?.found).toBe(`this account has no namespace ${KV_ID}`);
    expect(of('queues there')).toMatchObject({
      found: 'not there: bruno-events-dead-production',
      todo: 'npx wrangler queues create bruno-events-dead-production',
    });
    cloudflare.namespaces = [KV_ID];
    cloudflare.queues = ['bruno-events-production', 'bruno-events-dead-production'];
  });

  test('wrangler is not asked offline', async () => {
    expect((await checkup({}, '--offline')).results).toMatchObject({ wrangler: 'skip' });
  });

  test('a database without the newest migration, and one that is not there', async () => {
    const last = 'select max(created_at) from drizzle.__drizzle_migrations';
    const { url, proxy } = edge.database;
    const change = (sql: string) => withConnection(url, proxy, (client) => client.query(sql));
    await change(
      `update drizzle.__drizzle_migrations set created_at = created_at - 1 where created_at = (${last})`,
    );
    const { of } = await checkup({}, '--offline');
    await change(
      `update drizzle.__drizzle_migrations set created_at = created_at + 1 where created_at = (${last})`,
    );
    expect(of('migrations')?.found).toMatch(/^not applied: \d{4}_\w+$/);
    const gone = new URL(url);
    gone.pathname = '/nowhere';
    expect((await checkup({ DATABASE_URL: gone.href }, '--offline')).results).toMatchObject({
      database: 'fail',
    });
  });

  test('a key that the store refuses, and a store that writes over what is there', async () => {
    const refused = await checkup({ S3_SECRET_ACCESS_KEY: 'f'.repeat(40) }, '--offline');
    expect(refused.results).toMatchObject({ 'object store': 'fail' });
    const careless = await listen(() => ({ status: 200, body: {} }));
    const { of } = await checkup({ S3_ENDPOINT: careless.url }, '--offline');
    careless.server.close();
    expect(of('conditional put')).toMatchObject({
      result: 'fail',
      found: 'a second write was written',
    });
  });

  test('a gateway with another token, one open to all, and none', async () => {
    expect((await checkup({ GATEWAY_TOKEN: 'other' }, '--offline')).of('tunnel')?.found).toBe(
      '401 with the token',
    );
    const open = await listen(() => ({ status: 200, body: { status: 'ok', models: [] } }));
    const { results } = await checkup({ MODEL_SERVER_URL: open.url }, '--offline');
    expect(results).toMatchObject({ 'tunnel closed': 'fail', tunnel: 'fail' });
    open.server.close();
    open.server.closeAllConnections();
    expect(
      (await checkup({ MODEL_SERVER_URL: open.url }, '--offline')).of('tunnel closed')?.found,
    ).toBe('nothing answers');
  });

  test('a metrics token that is not the Worker\u2019s, and an origin that it does not know', async () => {
    const over = { METRICS_TOKEN: 'other', ALLOWED_ORIGINS: `${FRIEND}, https://other.example` };
    const { of } = await checkup(over, '--offline');
    expect(of('metrics')?.found).toBe('401 with METRICS_TOKEN; expected 200');
    expect(of('origins')?.found).toBe('refused: https://other.example');
  });

  test('secrets that others on this machine can read, and an environment that is none', async () => {
    const file = join(checkout, 'secrets.production.json');
    chmodSync(file, 0o644);
    const env = { PATH: process.env.PATH, BRUNO_HOME: join(checkout, 'no-home') };
    const doctor = (name: string) =>
      bruno(['doctor', '--deploy', name, '--offline'], edge.url, { env, repoRoot: checkout });
    expect((await doctor('production')).out).toContain(`chmod 600 ${file}`);
    expect((await doctor('live')).out).toContain(
      'choose one of those in wrangler.toml: staging, production',
    );
  });
});
