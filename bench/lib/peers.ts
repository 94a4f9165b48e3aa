// The peers: installed here by their own lock file the first time a benchmark needs them, so that the
// product's `npm ci` never brings them. Portkey's gateway runs as its makers ship it, on 127.0.0.1.

import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { nodeBinary } from '../../local/home.ts';
import { freePort } from '../../local/ports.ts';
import { benchRoot, type Child, startProcess, waitForHttp } from './children.ts';

/** A folder of its own: their packages must not shadow the product's for the scripts here. */
const peersRoot = join(benchRoot, 'peers');

const packageSchema = z.looseObject({ version: z.string() });

export const peerVersion = (name: string): string =>
  packageSchema.parse(
    JSON.parse(readFileSync(join(peersRoot, 'node_modules', name, 'package.json'), 'utf8')),
  ).version;

const wanted = z.object({ dependencies: z.record(z.string(), z.string()) });

/** Scripts of the packages stay off: neither peer needs one to run. */
export function ensurePeers(): void {
  const { dependencies } = wanted.parse(
    JSON.parse(readFileSync(join(peersRoot, 'package.json'), 'utf8')),
  );
  const isThere = ([name, version]: [string, string]) =>
    existsSync(join(peersRoot, 'node_modules', name, 'package.json')) &&
    peerVersion(name) === version;
  if (Object.entries(dependencies).every(isThere)) return;
  process.stderr.write('installing the peers into bench/peers/node_modules (about 30 MB)\n');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, { cwd: peersRoot, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci in bench/peers/ failed: its output is above.');
}

export async function startPortkey(): Promise<{ port: number; child: Child }> {
  const port = await freePort();
  const child = startProcess(
    nodeBinary,
    [
      '--require',
      join(peersRoot, 'portkey-loopback.cjs'),
      join(peersRoot, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
      `--port=${port}`,
      '--headless',
    ],
    {
      name: "Portkey's gateway",
      env: { NODE_ENV: 'production' },
      log: openSync('/dev/null', 'a'),
    },
  );
  await waitForHttp(`http://127.0.0.1:${port}/`);
  return { port, child };
}

/** The committed configuration with the stub's port, as the header Portkey reads. */
export const portkeyConfig = (upstreamPort: number): string =>
  JSON.stringify(
    JSON.parse(
      readFileSync(join(peersRoot, 'portkey.json'), 'utf8').replace('{port}', String(upstreamPort)),
    ),
  );

/** GrowthBook's SDK, beside its packages; takes users and says what each cost. */
export async function startGrowthBook(shareBp: number): Promise<Child> {
  const child = startProcess(nodeBinary, [join(peersRoot, 'growthbook.mjs'), String(shareBp)], {
    name: "GrowthBook's SDK",
  });
  await child.line();
  return child;
}
