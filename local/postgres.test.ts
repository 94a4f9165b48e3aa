// The embedded database and its proxy, run for real: set-up, restart, a killed predecessor.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ensureAssets } from './assets.ts';
import { type AssetPaths, defaultAssetsHome, homePaths, prepareHome } from './home.ts';
import { createDatabase, withConnection } from './migrate.ts';
import { startNeonProxy } from './neon-proxy.ts';
import { innerPorts, isFree } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { isAlive, markOf, reapOrphans } from './processes.ts';

const PASSWORD = 'a password / with : signs';
const silent = (): void => undefined;

const start = async (home: string, assets: AssetPaths) => {
  const ports = await innerPorts(homePaths(home).ports, 8787);
  const postgres = await startPostgres({ home, assets, port: ports.postgres, password: PASSWORD });
  const target = { host: '127.0.0.1', port: postgres.port };
  const proxy = await startNeonProxy({ port: ports.proxy, target });
  const url = postgres.url('bruno');
  return {
    postgres,
    proxy,
    url,
    query: (text: string) =>
      withConnection(url, proxy.address, async (client) => (await client.query(text)).rows),
    stop: async () => {
      await proxy.stop();
      await postgres.stop();
    },
  };
};

const refusal = (address: string, origin: string | undefined): Promise<string> =>
  new Promise((settle) => {
    const socket = new WebSocket(`ws://${address}`, origin === undefined ? {} : { origin });
    socket.once('open', () => {
      socket.terminate();
      settle('open');
    });
    socket.once('error', (error) => settle(error.message));
  });

describe('the embedded database', () => {
  let home: string;
  let assets: AssetPaths;

  beforeAll(async () => {
    const assetsHome = defaultAssetsHome(process.env);
    assets = await ensureAssets(assetsHome, silent);
    home = mkdtempSync(join(tmpdir(), 'bruno postgres '));
    chmodSync(home, 0o755);
    prepareHome(home, assetsHome);
  }, 600_000);

  afterAll(async () => {
    await reapOrphans(homePaths(home).pids, home);
    rmSync(home, { recursive: true, force: true });
  });

  it('keeps its data over a stop and a start, with pgvector', async () => {
    const first = await start(home, assets);
    await createDatabase(first.url, first.proxy.address);
    await createDatabase(first.url, first.proxy.address);
    await first.query('create extension if not exists vector');
    await first.query(
      "create table kept as select 'still here' as words, '[1,2]'::vector as place",
    );
    await first.stop();
    expect(await isFree(first.postgres.port)).toBe(true);

    const second = await start(home, assets);
    expect(second.postgres.port).toBe(first.postgres.port);
    expect(await second.query('select words, place::text from kept')).toEqual([
      { words: 'still here', place: '[1,2]' },
    ]);
    await second.stop();
  }, 60_000);

  it('asks for the password', async () => {
    const running = await start(home, assets);
    const wrong = new URL(running.postgres.url('postgres'));
    wrong.password = 'another';
    const attempt = withConnection(wrong.href, running.proxy.address, (client) =>
      client.query('select 1'),
    );
    await expect(attempt).rejects.toThrow(/password authentication failed/);
    await running.stop();
  }, 60_000);

  it('takes over from a server that an earlier, killed run left behind', async () => {
    const lost = await start(home, assets);
    const mark = markOf(lost.postgres.pid);
    if (mark === null) throw new Error('the server should be running');
    await lost.proxy.stop();
    const reaped = await reapOrphans(homePaths(home).pids, home);
    expect(reaped.join()).toContain(`postgres (pid ${lost.postgres.pid})`);
    expect(isAlive(mark)).toBe(false);
    const next = await start(home, assets);
    expect(await next.query('select count(*)::int as n from kept')).toEqual([{ n: 1 }]);
    await next.stop();
  }, 60_000);

  it('redoes a set-up that was interrupted', async () => {
    const half = mkdtempSync(join(tmpdir(), 'bruno-half-'));
    chmodSync(half, 0o755);
    prepareHome(half, defaultAssetsHome(process.env));
    const draft = join(half, 'postgres', 'data.draft');
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, 'PG_VERSION'), '18\n');
    const running = await start(half, assets);
    expect(existsSync(draft)).toBe(false);
    await running.stop();
    rmSync(half, { recursive: true, force: true });
  }, 60_000);
});

describe('the WebSocket proxy', () => {
  it('refuses browsers, whatever their page, and lets the Worker in', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    const port = await new Promise<number>((settle) => {
      echo.listen(0, '127.0.0.1', () => {
        const address = echo.address();
        settle(address !== null && typeof address === 'object' ? address.port : 0);
      });
    });
    const proxy = await startNeonProxy({ port: 0, target: { host: '127.0.0.1', port } });
    expect(await refusal(proxy.address, 'http://127.0.0.1:8787')).toMatch(/401/);
    expect(await refusal(proxy.address, undefined)).toBe('open');
    await proxy.stop();
    echo.close();
  });
});
