// The whole stack but the agent, started for real: ready, alone in its home, and gone afterwards.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAssetsHome, homePaths } from './home.ts';
import { innerPorts, isFree } from './ports.ts';
import { descendants } from './processes.ts';
import { type Stack, startStack } from './stack.ts';

const assetsHome = defaultAssetsHome(process.env);

describe('the stack without its agent', () => {
  let home: string;
  let port: number;
  let stack: Stack;

  const start = () => startStack({ home, assetsHome, port, agent: false, environment: {} });

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'bruno-stack-'));
    chmodSync(home, 0o755);
    port = (await innerPorts(join(home, 'for-the-test.json'), 8787)).s3;
    stack = await start();
  }, 600_000);

  afterAll(async () => {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('is ready and says where it is', async () => {
    expect(await (await fetch(`${stack.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
    expect(readFileSync(homePaths(home).address, 'utf8').trim()).toBe(stack.url);
    const status = await fetch(`${stack.url}/admin/status`, {
      headers: { authorization: `Bearer ${stack.operatorToken}` },
    });
    expect(status.status).toBe(200);
    expect(stack.agentPid()).toBeNull();
  });

  it('refuses a second one in the same home, and another on the same port', async () => {
    await expect(start()).rejects.toThrow(/already running in .* BRUNO_HOME=/);
    const other = mkdtempSync(join(tmpdir(), 'bruno-other-'));
    const second = startStack({ home: other, assetsHome, port, agent: false, environment: {} });
    await expect(second).rejects.toThrow(`Port ${port} is in use by another program`);
    rmSync(other, { recursive: true, force: true });
  });

  it('stops with nothing left running, and starts again with its secrets and ports', async () => {
    const token = stack.operatorToken;
    const ports = readFileSync(homePaths(home).ports, 'utf8');
    await stack.stop();
    const left = descendants(process.pid).filter((one) => /workerd|postgres/.test(one.command));
    expect(left).toEqual([]);
    expect(await isFree(port)).toBe(true);
    expect(existsSync(homePaths(home).address)).toBe(false);
    stack = await start();
    expect(stack.operatorToken).toBe(token);
    expect(readFileSync(homePaths(home).ports, 'utf8')).toBe(ports);
  }, 60_000);
});
