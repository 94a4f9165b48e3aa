// The local stack without its agent, in a process of its own: embedded Postgres, its proxy, and the
// production bundle in Miniflare on its direct socket, with an experiment under way. Started by
// stage-client.ts; takes orders on stdin, one JSON line each. Arguments: PORT OF THE MODEL SERVER, and
// `inspected` where its isolate is to be looked into, which costs time.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ensureAssets } from '../../local/assets.ts';
import { startDatabase } from '../../local/database.ts';
import { defaultAssetsHome, homePaths, prepareHome, repoRoot } from '../../local/home.ts';
import { withConnection } from '../../local/migrate.ts';
import { freePort, innerPorts } from '../../local/ports.ts';
import { type Postgres, startPostgres } from '../../local/postgres.ts';
import { loadSecrets } from '../../local/secrets.ts';
import { startWorker } from '../../local/worker.ts';
import { ensureWorkerBuild } from '../../local/worker-build.ts';
import { BASE, tableWithExperiment, YOUNG_TAKE_PART } from './experiment.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);
const upstreamPort = Number(process.argv[2]);
const isInspected = process.argv[3] === 'inspected';
const assetsHome = defaultAssetsHome(process.env);
const assets = await ensureAssets(assetsHome, say);
const build = await ensureWorkerBuild({ root: repoRoot, onProgress: say });
const home = mkdtempSync(join(tmpdir(), 'bruno-bench-'));
prepareHome(home, assetsHome);
const paths = homePaths(home);
const secrets = loadSecrets(paths);
const port = await freePort();
const ports = await innerPorts(paths.ports, port);
const inspectorPort = isInspected
  ? await freePort(new Set([port, ...Object.values(ports)]))
  : undefined;
const password = secrets.databasePassword;
const database = await startDatabase({ home, assets, ports, password });
let postgres: Postgres | null = database.postgres;

const nowMs = Date.now();
const experiment = JSON.stringify(tableWithExperiment(nowMs));
// As the routing object would have recorded it: it takes its table from here on first use.
await withConnection(database.url, database.proxyAddress, (client) =>
  client.query(
    `insert into routing_history (version, at, who, action, reason, summary, from_table, to_table)
     values (1, $1, 'bench', 'start', 'to be measured', 'an experiment', $2, $2)`,
    [new Date(nowMs), experiment],
  ),
);

const worker = await startWorker({
  paths,
  build,
  port,
  innerPort: ports.s3,
  bucket: null,
  ...(inspectorPort === undefined ? {} : { inspectorPort }),
  bindings: {
    ENVIRONMENT: 'local',
    MODEL_SERVER_URL: `http://127.0.0.1:${upstreamPort}`,
    MODEL_NAME: 'agent-bruno',
    BASE_MODEL: BASE,
    DATABASE_URL: database.url,
    DATABASE_PROXY: database.proxyAddress,
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_ACCESS_KEY_ID: 'unused',
    S3_SECRET_ACCESS_KEY: 'unused',
    GATEWAY_TOKEN: secrets.gatewayToken,
    AGENT_TOKEN: secrets.agentToken,
    ADMIN_TOKEN: secrets.adminToken,
    TOKEN_KEYS: JSON.stringify(secrets.tokenKeys),
    LEARNING_OVERRIDES: YOUNG_TAKE_PART,
  },
});

console.log(
  JSON.stringify({
    port,
    workerdPid: worker.pid,
    hostPid: process.pid,
    operatorToken: secrets.adminToken,
    databaseUrl: database.url,
    proxyAddress: database.proxyAddress,
    inspectorPort,
  }),
);

const orderSchema = z.strictObject({ database: z.enum(['stop', 'start']) });

async function obey(line: string): Promise<void> {
  const order = orderSchema.parse(JSON.parse(line));
  if (order.database === 'stop') {
    await postgres?.stop();
    postgres = null;
  } else {
    postgres = await startPostgres({ home, assets, port: ports.postgres, password });
  }
  console.log(JSON.stringify({ done: order.database }));
}

for await (const line of createInterface({ input: process.stdin })) await obey(line);
await worker.stop();
await postgres?.stop();
await database.stop();
rmSync(home, { recursive: true, force: true });
process.exit(0);
