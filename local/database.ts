/**
 * Brings up the database the stack works with: the embedded Postgres behind its WebSocket proxy, or
 * the server in DATABASE_URL. Called by the stack. What it answers goes to the Worker as bindings.
 */
import { StackError } from './errors.ts';
import type { AssetPaths } from './home.ts';
import { createDatabase, runMigrations } from './migrate.ts';
import { type NeonProxy, startNeonProxy } from './neon-proxy.ts';
import { type Postgres, startPostgres } from './postgres.ts';

const DATABASE = 'bruno';

export type Database = {
  readonly url: string;
  /** "127.0.0.1:port" of the proxy; empty when the server itself speaks WebSocket (Neon). */
  readonly proxyAddress: string;
  readonly postgres: Postgres | null;
  stop(): Promise<void>;
};

export type DatabaseOptions = {
  readonly home: string;
  readonly assets: AssetPaths;
  readonly ports: { readonly postgres: number; readonly proxy: number };
  readonly password: string;
  readonly migrations?: string;
};

const stopBoth = async (proxy: NeonProxy | null, postgres: Postgres | null): Promise<void> => {
  await proxy?.stop();
  await postgres?.stop();
};

export const startDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const postgres = await startPostgres({
    home: options.home,
    assets: options.assets,
    port: options.ports.postgres,
    password: options.password,
  });
  let proxy: NeonProxy | null = null;
  try {
    const target = { host: '127.0.0.1', port: postgres.port };
    proxy = await startNeonProxy({ port: options.ports.proxy, target });
    const url = postgres.url(DATABASE);
    await createDatabase(url, proxy.address);
    await runMigrations(url, proxy.address, options.migrations);
    const running = proxy;
    return { url, proxyAddress: proxy.address, postgres, stop: () => stopBoth(running, postgres) };
  } catch (error) {
    await stopBoth(proxy, postgres);
    throw error;
  }
};

const parse = (given: string): URL => {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return url;
  throw new StackError(
    'DATABASE_URL must look like postgres://user:password@host:5432/database; unset it to use the embedded database.',
  );
};

/** A Neon host speaks WebSocket itself; any other server gets our proxy in front. */
export const connectGivenDatabase = async (given: string, proxyPort: number): Promise<Database> => {
  const url = parse(given);
  const isNeon = url.hostname.endsWith('.neon.tech');
  const target = { host: url.hostname, port: Number(url.port || 5432) };
  const proxy = isNeon ? null : await startNeonProxy({ port: proxyPort, target });
  try {
    await runMigrations(given, proxy?.address ?? null);
  } catch (error) {
    await proxy?.stop();
    throw error;
  }
  return {
    url: given,
    proxyAddress: proxy?.address ?? '',
    postgres: null,
    stop: async () => {
      await proxy?.stop();
    },
  };
};
