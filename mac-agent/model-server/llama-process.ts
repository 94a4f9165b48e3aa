/**
 * One running llama_server.py: start it, know its address, post to it, stop it.
 * Used by llama-cpp.ts. The child leaves when its stdin closes, so it never outlives the agent.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AgentError } from '../errors.ts';

const SCRIPT = fileURLToPath(new URL('./llama_server.py', import.meta.url));
const START_MS = 120_000;

export type LlamaSettings = {
  model: string;
  alias: string;
  threads: number;
  slots: number;
  contextTokens: number;
  embedding: boolean;
  adapters: readonly string[];
};

export type LlamaProcess = {
  readonly address: string;
  /** Resolves when the process is gone, wanted or not. */
  readonly exited: Promise<void>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  healthy(): Promise<boolean>;
  stop(): Promise<void>;
};

const readySchema = z.strictObject({
  ready: z.literal(true),
  address: z.string().startsWith('http://127.0.0.1:'),
});

const CALL_MS = 120_000;

const timed = (ms: number, signal?: AbortSignal): AbortSignal =>
  signal ? AbortSignal.any([signal, AbortSignal.timeout(ms)]) : AbortSignal.timeout(ms);

const postTo = async <T>(
  address: string,
  call: { path: string; body: unknown; schema: z.ZodType<T>; signal?: AbortSignal },
): Promise<T> => {
  const response = await fetch(`${address}${call.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(call.body),
    signal: timed(CALL_MS, call.signal),
  });
  if (!response.ok) {
    const text = (await response.text()).slice(0, 200);
    throw new AgentError(
      'model_server_failed',
      `llama.cpp answered ${response.status} to ${call.path}: ${text}`,
      { retryable: true },
    );
  }
  return call.schema.parse(await response.json());
};

export const startLlamaProcess = async (
  python: string,
  settings: LlamaSettings,
): Promise<LlamaProcess> => {
  const child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
  let logTail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logTail = (logTail + text).slice(-1500);
  });
  // Writing to a child that died is reported by its exit, not by an unhandled EPIPE.
  child.stdin.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  child.stdin.write(
    `${JSON.stringify({
      model: settings.model,
      alias: settings.alias,
      threads: settings.threads,
      slots: settings.slots,
      context_tokens: settings.contextTokens,
      embedding: settings.embedding,
      adapters: settings.adapters,
    })}\n`,
  );
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await exited;
    clearTimeout(timer);
  };
  const firstLine = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const failed = exited.then(() => null);
  const late = wait(START_MS, null, { ref: false });
  const line = await Promise.race([firstLine, failed, late]);
  const parsed = readySchema.safeParse(line === null ? null : JSON.parse(line));
  if (!parsed.success) {
    await stop();
    throw new AgentError(
      'model_server_not_started',
      `llama.cpp did not start with ${settings.adapters.length} adapters of ${settings.alias}. Its last words: ${logTail.trim().slice(-600)}`,
      { retryable: true },
    );
  }
  const { address } = parsed.data;
  return {
    address,
    exited,
    stop,
    post: (path, body, schema, signal) =>
      postTo(address, { path, body, schema, ...(signal ? { signal } : {}) }),
    healthy: async () => {
      const response = await fetch(`${address}/health`, { signal: timed(3000) }).catch(() => null);
      await response?.body?.cancel();
      return response?.ok ?? false;
    },
  };
};
