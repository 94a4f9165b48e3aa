// The processes of a benchmark: each says one JSON line when it is ready, ends when its stdin does, and
// none outlives the benchmark. Also what a process has cost so far, from /proc.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { nodeBinary, repoRoot } from '../../local/home.ts';
import { type LoadOrder, type LoadResult, loadResultSchema } from './load-shape.ts';

export const benchRoot = join(repoRoot, 'bench');
const READY_WITHIN_MS = 120_000;

export interface Child {
  pid: number;
  /** The next line it says. Throws when it ends instead. */
  line(): Promise<unknown>;
  tell(order: unknown): void;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

export function startProcess(
  command: string,
  args: readonly string[],
  options: {
    name: string;
    env?: Record<string, string | undefined>;
    cwd?: string;
    /** Where it writes, when it is a server that says nothing to us; SIGTERM ends it. */
    log?: number;
  },
): Child {
  const { log } = options;
  const child = spawn(command, args, {
    stdio: ['pipe', log ?? 'pipe', log ?? 'inherit'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // Ours end in order when their stdin does, as it does with us; killed, a stage would leave its database.
  if (log !== undefined) running.add(child);
  const said: string[] = [];
  const waiting: PromiseWithResolvers<string>[] = [];
  const lines = child.stdout === null ? null : createInterface({ input: child.stdout });
  lines?.on('line', (line) => {
    const first = waiting.shift();
    if (first) first.resolve(line);
    else said.push(line);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      const error = new Error(`${options.name} ended (${signal ?? code}): its output is above.`);
      for (const one of waiting.splice(0)) one.reject(error);
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const held = said.shift();
      if (held !== undefined) return JSON.parse(held);
      if (child.exitCode !== null) throw new Error(`${options.name} has ended.`);
      const next = Promise.withResolvers<string>();
      waiting.push(next);
      return JSON.parse(await next.promise);
    },
    tell: (order) => child.stdin?.write(`${JSON.stringify(order)}\n`),
    stop: async () => {
      child.stdin?.end();
      if (log !== undefined) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
    },
  };
}

const script = (name: string, args: readonly string[] = []): Child =>
  startProcess(nodeBinary, [join(benchRoot, 'lib', name), ...args], {
    name,
    env: { NODE_NO_WARNINGS: '1' },
  });

export async function startUpstream(
  tokens: number,
  perToken = false,
): Promise<{ port: number; child: Child }> {
  const child = script('upstream.ts', [String(tokens), perToken ? 'per-token' : '']);
  const { port } = z.object({ port: z.int() }).parse(await child.line());
  return { port, child };
}

export interface Load {
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const child = script('load.ts');
  await child.line();
  return {
    run: async (order) => {
      child.tell(order);
      return loadResultSchema.parse(await child.line());
    },
    stop: () => child.stop(),
  };
}

export async function startScript<Ready>(
  name: string,
  args: readonly string[],
  ready: z.ZodType<Ready>,
): Promise<{ child: Child; ready: Ready }> {
  const child = script(name, args);
  return { child, ready: ready.parse(await child.line()) };
}

/** Until something answers HTTP there. */
export async function waitForHttp(url: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    if (response !== null) {
      await response.body?.cancel();
      return;
    }
    if (Date.now() > deadline) throw new Error(`Nothing answers at ${url}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Linux counts in ticks of a hundredth of a second for every program (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** utime + stime of these processes, in seconds. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

/** Memory of a process in MiB: resident, and its proportional share of what several map. */
export function memoryOf(pid: number): { rssMib: number; pssMib: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  return { rssMib: mib('Rss'), pssMib: mib('Pss') };
}
