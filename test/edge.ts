// The production bundle over HTTP with a real Postgres behind it, for tests that meet the Worker from
// outside. The model server is a test's own (clients/model-server.ts); with `bucket` the embedded object store
// is there too. Whatever it started ends with stop().

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureAssets } from '../local/assets.ts';
import { startDatabase } from '../local/database.ts';
import {
  type AssetPaths,
  defaultAssetsHome,
  homePaths,
  prepareHome,
  repoRoot,
} from '../local/home.ts';
import { chooseObjectStore, type ObjectStore } from '../local/object-store.ts';
import { freePort, innerPorts } from '../local/ports.ts';
import { loadSecrets, type Secrets } from '../local/secrets.ts';
import { startWorker } from '../local/worker.ts';
import { ensureWorkerBuild, type WorkerBuild } from '../local/worker-build.ts';
import { startModelServer, type TestModelServer } from './clients/model-server.ts';

export const MODEL = 'agent-bruno';

export interface Edge {
  url: string;
  secrets: Secrets;
  assets: AssetPaths;
  modelServer: TestModelServer;
  database: { url: string; proxy: string };
  /** What the Worker was given. */
  bindings: Readonly<Record<string, string>>;
  /** Reachable only with `bucket`. */
  store: ObjectStore;
  stop(): Promise<void>;
}

export interface EdgeOptions {
  /** Changes what is built before it is started. */
  build?(built: WorkerBuild, home: string): WorkerBuild;
  bucket: boolean;
  /** Over what it is given anyway; undefined takes one away. */
  bindings?: Readonly<Record<string, string | undefined>>;
}

const defined = (given: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

const say = (line: string) => process.stderr.write(`${line}\n`);

export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const assetsHome = defaultAssetsHome(process.env);
  const assets = await ensureAssets(assetsHome, say);
  const home = mkdtempSync(join(tmpdir(), 'bruno-edge-'));
  prepareHome(home, assetsHome);
  const paths = homePaths(home);
  const secrets = loadSecrets(paths);
  const port = await freePort();
  const ports = await innerPorts(paths.ports, port);
  const store = chooseObjectStore({}, secrets, ports.s3);
  const undo = [async () => rmSync(home, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    const built = await ensureWorkerBuild({ root: repoRoot, onProgress: say });
    const password = secrets.databasePassword;
    const database = await startDatabase({ home, assets, ports, password });
    undo.push(() => database.stop());
    const modelServer = await startModelServer(secrets.gatewayToken);
    undo.push(() => modelServer.stop());
    const bindings = defined({
      ENVIRONMENT: 'local',
      MODEL_SERVER_URL: modelServer.url,
      MODEL_NAME: MODEL,
      BASE_MODEL: 'tiny-sre',
      DATABASE_URL: database.url,
      DATABASE_PROXY: database.proxyAddress,
      S3_ENDPOINT: options.bucket ? store.endpoint : 'http://127.0.0.1:9',
      S3_BUCKET: store.keys.bucket,
      S3_ACCESS_KEY_ID: store.keys.accessKeyId,
      S3_SECRET_ACCESS_KEY: store.keys.secretAccessKey,
      GATEWAY_TOKEN: secrets.gatewayToken,
      AGENT_TOKEN: secrets.agentToken,
      ADMIN_TOKEN: secrets.adminToken,
      TOKEN_KEYS: JSON.stringify(secrets.tokenKeys),
      ...options.bindings,
    });
    const worker = await startWorker({
      paths,
      build: options.build?.(built, home) ?? built,
      port,
      innerPort: ports.s3,
      bucket: options.bucket ? store.keys : null,
      bindings,
    });
    undo.push(() => worker.stop());
    return {
      url: worker.url,
      secrets,
      assets,
      modelServer,
      database: { url: database.url, proxy: database.proxyAddress },
      bindings,
      store,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
