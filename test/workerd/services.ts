// What the isolates need from outside, as a process of its own: vitest resolves imports for workerd,
// which these are not. Prints one line of JSON when ready and leaves when its input closes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureAssets } from '../../local/assets.ts';
import { startDatabase } from '../../local/database.ts';
import { defaultAssetsHome, homePaths, prepareHome } from '../../local/home.ts';
import { innerPorts } from '../../local/ports.ts';
import { startObjectStore } from './object-store.ts';
import { startPromtool } from './promtool.ts';
import { startRelay } from './relay.ts';
import { startUpstream } from './upstream.ts';

const assetsHome = defaultAssetsHome(process.env);
const assets = await ensureAssets(assetsHome, (line) => process.stderr.write(`${line}\n`));
const home = mkdtempSync(join(tmpdir(), 'bruno-workerd-'));
prepareHome(home, assetsHome);
const ports = await innerPorts(homePaths(home).ports, 8787);
const database = await startDatabase({ home, assets, ports, password: 'for-tests-only' });
const relay = await startRelay(database.proxyAddress);
const upstream = await startUpstream({ database: relay.turn });
const promtool = await startPromtool();
const store = await startObjectStore(ports.s3);
process.stdin.resume().on('end', async () => {
  await promtool.stop();
  await store.stop();
  await upstream.stop();
  await relay.stop();
  await database.stop();
  rmSync(home, { recursive: true, force: true });
  process.exit(0);
});
process.stdout.write(
  `${JSON.stringify({
    databaseUrl: database.url,
    databaseProxy: relay.address,
    modelServerUrl: upstream.url,
    promtoolUrl: promtool.url,
    objectStoreUrl: store.url,
  })}\n`,
);
