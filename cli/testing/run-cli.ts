/**
 * Runs `bruno` for tests: inside this process with a patient clock, or as the real program.
 * Both give back what was printed and the exit code.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Io } from '../io.ts';
import { run } from '../run.ts';
import { TOKEN } from './stack-server.ts';

export type Ran = { code: number; out: string; err: string };

export const REQUEST_ID = '00000000-0000-4000-8000-00000000000a';
const ROOT = resolve(import.meta.dirname, '../..');

/** `bruno …argv` against the stack at `url`; waiting takes no time, but moves the clock. */
export async function bruno(
  argv: readonly string[],
  url: string,
  overrides: Partial<Io> = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  let now = 0;
  const code = await run(argv, {
    env: { BRUNO_URL: url, BRUNO_TOKEN: TOKEN, BRUNO_HOME: '/nonexistent/bruno' },
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    errorIsTerminal: false,
    columns: 80,
    repoRoot: ROOT,
    nodeVersion: process.versions.node,
    nowMs: () => now,
    newId: () => REQUEST_ID,
    sleep: async (ms) => {
      now += ms;
    },
    ...overrides,
  });
  return { code, out, err };
}

/** The real program in its own process. */
export function spawnBruno(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [resolve(ROOT, 'cli/main.ts'), ...argv], {
    env: { PATH: process.env.PATH ?? '', BRUNO_HOME: '/nonexistent/bruno', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  const ran: Ran = { code: -1, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text;
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ ...ran, code: code ?? -1 }));
  });
}
