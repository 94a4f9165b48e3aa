/**
 * Creates the product's database, its vector extension and its tables, through the same driver that
 * the Worker uses. Called by the stack at every start and by tests; running it again changes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-serverless';
import { migrate } from 'drizzle-orm/neon-serverless/migrator';
import { WebSocket } from 'ws';
import { explain, StackError } from './errors.ts';
import { repoRoot } from './home.ts';

const CONNECT_WITHIN_MS = 15_000;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** One connection for the work; `proxy` is null when the server itself speaks WebSocket. */
export const withConnection = async <T>(
  url: string,
  proxy: string | null,
  work: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WITHIN_MS });
  client.neonConfig.webSocketConstructor = WebSocket;
  if (proxy !== null) {
    client.neonConfig.wsProxy = () => proxy;
    client.neonConfig.useSecureWebSocket = false;
    client.neonConfig.pipelineTLS = false;
    client.neonConfig.pipelineConnect = false;
  }
  // Without a listener, a connection that breaks while idle would end the whole process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Only for the embedded server: a given one is not ours to add databases to. */
export const createDatabase = (url: string, proxy: string | null): Promise<void> => {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  target.pathname = '/postgres';
  return withConnection(target.href, proxy, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${quoted(name)}`);
  });
};

export const runMigrations = async (
  url: string,
  proxy: string | null,
  folder = join(repoRoot, 'migrations'),
): Promise<void> => {
  if (!existsSync(join(folder, 'meta', '_journal.json'))) {
    throw new StackError(`There are no migrations in ${folder}: this checkout is incomplete.`);
  }
  try {
    await withConnection(url, proxy, async (client) => {
      await client.query('create extension if not exists vector');
      await migrate(drizzle(client), { migrationsFolder: folder });
    });
  } catch (error) {
    throw new StackError(
      `The database could not be brought up to date: ${explain(error)}. If it is your own server, check DATABASE_URL and that the pgvector extension is available there.`,
      { cause: error },
    );
  }
};
