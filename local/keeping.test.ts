// What a home folder keeps between starts: secrets, ports, locks, processes, the build's hash.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homePaths, prepareHome } from './home.ts';
import { tryLock, withLock } from './lock.ts';
import { innerPorts } from './ports.ts';
import { isAlive, markOf, reapOrphans, recordProcess } from './processes.ts';
import { loadSecrets } from './secrets.ts';
import { drain } from './stack.ts';
import { hashSources } from './worker-build.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bruno-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const sleeper = async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  child.unref();
  await new Promise((settle) => child.once('spawn', settle));
  const mark = markOf(child.pid ?? 0);
  if (mark === null) throw new Error('sleep should be running');
  return mark;
};

describe('secrets', () => {
  it('are made once, readable by their owner only', () => {
    const paths = prepareHome(home, home);
    const first = loadSecrets(paths);
    expect(loadSecrets(paths)).toEqual(first);
    expect(statSync(paths.secrets).mode & 0o777).toBe(0o600);
    expect(statSync(paths.operatorToken).mode & 0o777).toBe(0o600);
    expect(readFileSync(paths.operatorToken, 'utf8').trim()).toBe(first.adminToken);
  });

  it('are never replaced when damaged, because the data needs them', () => {
    const paths = prepareHome(home, home);
    writeFileSync(paths.secrets, '{"version":1');
    expect(() => loadSecrets(paths)).toThrow(/secrets\.json is damaged: restore it/);
  });
});

describe('inner ports', () => {
  it('stay the same while they are free, and move when one is taken', async () => {
    const { ports: file } = homePaths(home);
    const first = await innerPorts(file, 8787);
    expect(await innerPorts(file, 8787)).toEqual(first);
    expect(new Set(Object.values(first)).size).toBe(4);
    const squatter = createServer();
    await new Promise<void>((settle) => squatter.listen(first.s3, '127.0.0.1', () => settle()));
    const second = await innerPorts(file, 8787);
    squatter.close();
    expect(second).toEqual({ ...first, s3: second.s3 });
    expect(second.s3).not.toBe(first.s3);
  });
});

describe('a lock', () => {
  it('has one holder, and is free again after it', () => {
    const path = join(home, 'lock');
    const held = tryLock(path);
    expect(tryLock(path)).toEqual({ holder: process.pid });
    if ('release' in held) held.release();
    const again = tryLock(path);
    expect(again).toHaveProperty('release');
    if ('release' in again) again.release();
  });

  it('is taken over from a holder that is gone, also when its pid lives on in another', () => {
    const path = join(home, 'lock');
    for (const stale of [
      { pid: 2_000_000_000, born: '1' },
      { pid: process.pid, born: 'another moment' },
    ]) {
      writeFileSync(path, JSON.stringify(stale));
      const lock = tryLock(path);
      expect(lock).toHaveProperty('release');
      if ('release' in lock) lock.release();
    }
  });

  it('puts work in line', async () => {
    const order: string[] = [];
    const options = { waitMs: 5000, onWait: () => order.push('waits') };
    const first = withLock(
      join(home, 'lock'),
      async () => {
        await new Promise((settle) => setTimeout(settle, 50));
        order.push('first');
      },
      options,
    );
    await Promise.all([
      first,
      withLock(join(home, 'lock'), async () => order.push('second'), options),
    ]);
    expect(order).toEqual(['waits', 'first', 'second']);
  });
});

describe('what an earlier run left behind', () => {
  it('is ended when it is the recorded process', async () => {
    const { pids } = homePaths(home);
    const mark = await sleeper();
    recordProcess(pids, 'agent', mark.pid);
    expect(await reapOrphans(pids, home)).toEqual([`agent (pid ${mark.pid})`]);
    expect(isAlive(mark)).toBe(false);
    expect(await reapOrphans(pids, home)).toEqual([]);
  });

  it('is left alone when the pid now belongs to another process', async () => {
    const { pids } = homePaths(home);
    const mark = await sleeper();
    const stale = { name: 'agent', pid: mark.pid, born: 'long ago' };
    writeFileSync(pids, JSON.stringify({ version: 1, processes: [stale] }));
    expect(await reapOrphans(pids, home)).toEqual([]);
    expect(isAlive(mark)).toBe(true);
    process.kill(mark.pid, 'SIGKILL');
  });

  it('survives a damaged record', async () => {
    const { pids } = homePaths(home);
    writeFileSync(pids, 'half a li');
    expect(await reapOrphans(pids, home)).toEqual([]);
  });
});

describe('the build', () => {
  it('is known by its sources, not by its tests', () => {
    mkdirSync(join(home, 'workers'));
    writeFileSync(join(home, 'wrangler.toml'), 'name = "x"\n');
    writeFileSync(join(home, 'workers', 'index.ts'), 'export {};\n');
    const first = hashSources(home);
    writeFileSync(join(home, 'workers', 'index.test.ts'), 'export {};\n');
    expect(hashSources(home)).toBe(first);
    writeFileSync(join(home, 'workers', 'index.ts'), 'export const a = 1;\n');
    expect(hashSources(home)).not.toBe(first);
  });
});

describe('draining', () => {
  it('waits until the queue is empty', async () => {
    const left = [2, 1, 0];
    const api = {
      readiness: async () => 'ok',
      tick: async () => 0,
      pending: async () => left.shift() ?? 0,
    };
    expect(await drain(api)).toBe(true);
    expect(left).toEqual([]);
  });
});
