// A connection to Postgres, one pool for each request or batch: in workerd a socket belongs to the
// request that opened it. Every statement has a time-out; a failure becomes one AppError without
// the statement's parameters, which here are people's chats.

import { neonConfig, Pool } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-serverless';
import { AppError } from '../../core/errors.ts';
import * as schema from './schema.ts';

const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface DatabaseConfig {
  url: string;
  /** `host:port` of a WebSocket proxy in front of a local Postgres; Neon needs none. */
  proxy?: string | undefined;
}

const open = (pool: Pool) => drizzle(pool, { schema });
export type Database = ReturnType<typeof open>;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
/** What repositories take: a database or a transaction of it. */
export type Queryable = Database | Transaction;

function configure(proxy: string | undefined): void {
  if (proxy === undefined) return;
  neonConfig.wsProxy = () => proxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineTLS = false;
  neonConfig.pipelineConnect = false;
}

/** Only the SQLSTATE leaves: an error's own message carries the parameters. */
function describe(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return `sqlstate ${cause.code}`;
  }
  return error instanceof Error ? error.name : 'unknown failure';
}

/** Runs `work` on a connection of its own. Throws AppError dependency_unavailable on failure. */
export async function withDatabase<Result>(
  config: DatabaseConfig,
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  configure(config.proxy);
  const pool = new Pool({
    connectionString: config.url,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Our side's: a pooler such as Neon's takes no statement_timeout when a connection begins.
    query_timeout: STATEMENT_TIMEOUT_MS,
  });
  let socketFailure: unknown;
  pool.on('error', (error: unknown) => {
    socketFailure = error;
  });
  try {
    return await work(open(pool));
  } catch (error) {
    if (error instanceof AppError) throw error;
    const what = describe(socketFailure ?? error);
    throw new AppError('dependency_unavailable', `The record cannot be used right now (${what}).`, {
      internalMessage: `postgres: ${what}`,
      retryAfterSeconds: 5,
      cause: error,
    });
  } finally {
    await pool.end().catch(() => undefined);
  }
}

/** For `catch`: undefined where the record is out of reach. Everything else is thrown on. */
export function outOfReach(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'dependency_unavailable') return undefined;
  throw error;
}
