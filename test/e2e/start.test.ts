// `npm start` as a new user runs it: healthy, one chat, one thumb, Ctrl-C, and no process left.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultAssetsHome, repoRoot } from '../../local/home.ts';
import { freePort } from '../../local/ports.ts';
import { descendants, isAlive, markOf } from '../../local/processes.ts';
import { visitorClient } from '../../simulation/client.ts';

test('npm start: healthy, one chat, one thumb, Ctrl-C, nothing left', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bruno-start-'));
  const port = await freePort();
  const child = spawn('npm', ['start'], {
    cwd: repoRoot,
    env: {
      ...process.env,
      BRUNO_HOME: home,
      BRUNO_ASSETS: defaultAssetsHome(process.env),
      PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const exited = once(child, 'exit');
  let printed = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      printed += part.toString();
      if (printed.includes('Press Ctrl-C to stop')) resolve();
    });
    void exited.then(([code]) => reject(new Error(`npm start ended with ${code}: ${printed}`)));
  });
  await ready;
  expect(printed).toContain(`http://127.0.0.1:${port}/`);
  expect(printed).toContain('operator.token');
  const url = `http://127.0.0.1:${port}`;
  const health = await fetch(`${url}/readyz`);
  expect(await health.json()).toMatchObject({ status: 'ok' });

  const visitor = visitorClient(url, AbortSignal.timeout(60_000));
  const answer = await visitor.chat(await visitor.openSession(), 'What is Kubernetes?', true);
  expect(answer.text.trim()).not.toBe('');
  await visitor.feedback(answer, { type: 'thumbs_up' }, undefined);

  const pid = child.pid ?? 0;
  const family = descendants(pid).map((one) => ({ command: one.command, mark: markOf(one.pid) }));
  expect(family.length).toBeGreaterThan(4);
  // A terminal sends Ctrl-C to the whole foreground group.
  process.kill(-pid, 'SIGINT');
  await exited;
  const alive = () => family.filter(({ mark }) => mark !== null && isAlive(mark));
  for (let waited = 0; alive().length > 0 && waited < 10_000; waited += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(alive().map(({ command }) => command)).toEqual([]);
}, 180_000);
