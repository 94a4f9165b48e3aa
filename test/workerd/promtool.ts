// Prometheus' own checker, for tests that run where no process can be started: it is handed the
// text over HTTP and answers with what promtool said. Where it is not installed there is none.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Promtool {
  /** Empty where promtool is not on the PATH. */
  url: string;
  stop(): Promise<void>;
}

async function check(metrics: string): Promise<{ code: number; said: string }> {
  const child = spawn('promtool', ['check', 'metrics'], { timeout: 10_000 });
  const ended = once(child, 'close');
  child.stdin.end(metrics);
  const said = (await Promise.all([text(child.stdout), text(child.stderr)])).join('');
  const [code] = await ended;
  return { code: Number(code), said };
}

export async function startPromtool(): Promise<Promtool> {
  const found = spawnSync('promtool', ['--version'], { timeout: 10_000 });
  if (found.error !== undefined || found.status !== 0) return { url: '', stop: async () => {} };
  const server = createServer(async (request, response) => {
    response.end(JSON.stringify(await check(await text(request))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
