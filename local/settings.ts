/**
 * What the Worker and the agent are told when they start: bindings and environment variables.
 * Called by the stack; it reads the kept clock and nothing else.
 */
import { hostname } from 'node:os';
import { z } from 'zod';
import type { Database } from './database.ts';
import { readJson, writeAtomic } from './files.ts';
import type { AssetPaths, HomePaths } from './home.ts';
import type { ObjectStore } from './object-store.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';

export type Prepared = {
  readonly paths: HomePaths;
  readonly assets: AssetPaths;
  readonly secrets: Secrets;
  readonly ports: Ports;
  readonly store: ObjectStore;
  readonly base: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const clockSchema = z.strictObject({ version: z.literal(1), offset_ms: z.number() });

/** The Worker's clock lives in its memory; the offset is kept here for the next start. */
export const keepClockOffset = (paths: HomePaths, offsetMs: number): void =>
  writeAtomic(paths.clock, `${JSON.stringify({ version: 1, offset_ms: offsetMs })}\n`);

export const bindings = (prepared: Prepared, database: Database, overrides: string) => {
  const { secrets, store, ports, base, environment } = prepared;
  return {
    ENVIRONMENT: 'local',
    MODEL_SERVER_URL: `http://127.0.0.1:${ports.gateway}`,
    MODEL_NAME: 'agent-bruno',
    BASE_MODEL: base,
    DATABASE_URL: database.url,
    // A server that speaks WebSocket itself gets no proxy, and the Worker no such binding.
    ...(database.proxyAddress === '' ? {} : { DATABASE_PROXY: database.proxyAddress }),
    S3_ENDPOINT: store.endpoint,
    S3_BUCKET: store.keys.bucket,
    S3_REGION: store.region,
    S3_ACCESS_KEY_ID: store.keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.keys.secretAccessKey,
    GATEWAY_TOKEN: secrets.gatewayToken,
    AGENT_TOKEN: secrets.agentToken,
    ADMIN_TOKEN: secrets.adminToken,
    TOKEN_KEYS: JSON.stringify(secrets.tokenKeys),
    LEARNING_OVERRIDES: overrides,
    ALLOWED_ORIGINS: environment.ALLOWED_ORIGINS ?? '',
    SLACK_WEBHOOK_URL: environment.SLACK_WEBHOOK_URL ?? '',
    PAGERDUTY_ROUTING_KEY: environment.PAGERDUTY_ROUTING_KEY ?? '',
    PAGERDUTY_EVENTS_URL: environment.PAGERDUTY_EVENTS_URL ?? '',
    PUBLIC_URL: `http://127.0.0.1:${prepared.port}`,
    CLOCK_OFFSET_MS: String(readJson(prepared.paths.clock, clockSchema)?.offset_ms ?? 0),
  };
};

export const agentEnvironment = (prepared: Prepared): Record<string, string> => {
  const { paths, assets, secrets, ports, base, environment } = prepared;
  return {
    BRUNO_HOME: paths.home,
    EDGE_URL: `http://127.0.0.1:${prepared.port}`,
    AGENT_TOKEN: secrets.agentToken,
    GATEWAY_TOKEN: secrets.gatewayToken,
    GATEWAY_PORT: String(ports.gateway),
    AGENT_ID: `local-${hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 40)}`,
    PYTHON: assets.pythonBinary,
    BASE_MODEL: base,
    OLLAMA_HOST: environment.OLLAMA_HOST ?? '',
    LD_PRELOAD_BLAS: process.platform === 'linux' ? assets.blasLibrary : '',
    EXIT_WITH_PARENT: '1',
  };
};
