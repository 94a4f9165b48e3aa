/**
 * The embedded database: a real PostgreSQL with pgvector, on 127.0.0.1 only, with a password.
 * Called by the stack and by tests that need a database. It outlives Ctrl-C on purpose (its own
 * process group): the stack ends it last, after everything that writes.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from './errors.ts';
import { readIfThere } from './files.ts';
import { type AssetPaths, homePaths } from './home.ts';
import { DATABASE_USER, ensureCluster, findPrograms } from './postgres-cluster.ts';
import {
  commandOf,
  endProcess,
  forgetProcess,
  HOME_MARK,
  markOf,
  recordProcess,
} from './processes.ts';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

export type Postgres = {
  readonly port: number;
  readonly pid: number;
  /** Resolves with a sentence if the server ends before stop() was called. */
  readonly died: Promise<string>;
  url(database: string): string;
  stop(): Promise<void>;
};

export type PostgresOptions = {
  readonly home: string;
  readonly assets: AssetPaths;
  readonly port: number;
  readonly password: string;
};

/** Ends a server that an earlier run left on this data folder, whatever became of its record. */
const endLeftover = async (data: string): Promise<void> => {
  const pid = Number(readIfThere(join(data, 'postmaster.pid'))?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const mark = markOf(pid);
  const command = commandOf(pid);
  if (mark === null || !command.includes('postgres') || !command.includes(data)) return;
  await endProcess(mark, 'SIGINT', STOP_WITHIN_MS);
};

const settings = (port: number): string[] => [
  'listen_addresses=127.0.0.1',
  `port=${port}`,
  // No socket file: folders may be too deep for one, and TCP with a password is enough.
  'unix_socket_directories=',
  'scram_iterations=1',
  'password_encryption=scram-sha-256',
  'shared_buffers=64MB',
  // The recorder opens one for each batch, and a closed one takes a moment to be gone.
  'max_connections=200',
  'jit=off',
  'timezone=UTC',
  'log_min_messages=warning',
  // People's chats travel as parameters; they must not end up in a log file.
  'log_parameter_max_length_on_error=0',
  'log_error_verbosity=terse',
  'log_min_error_statement=panic',
];

/** Line 8 of postmaster.pid says "ready" once connections are taken. */
const isReady = (data: string, pid: number): boolean => {
  const lines = readIfThere(join(data, 'postmaster.pid'))?.split('\n') ?? [];
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
};

export const startPostgres = async (options: PostgresOptions): Promise<Postgres> => {
  const paths = homePaths(options.home);
  const bin = findPrograms(options.assets);
  const { data, user } = await ensureCluster({ ...options, bin });
  await endLeftover(data);
  const log = join(paths.logs, 'postgres.log');
  const output = openSync(log, 'a', 0o600);
  const args = ['-D', data, ...settings(options.port).flatMap((setting) => ['-c', setting])];
  const child = spawn(join(bin, 'postgres'), args, {
    cwd: data,
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: process.env.PATH, LC_ALL: 'C', [HOME_MARK]: options.home },
    ...(user ?? {}),
  });
  closeSync(output);
  let stopping = false;
  let gone = false;
  const died = new Promise<string>((settle) => {
    const end = (how: string): void => {
      gone = true;
      if (!stopping) settle(`The database ended by itself (${how}): see ${log}, then start again.`);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
  });
  const pid = child.pid ?? 0;
  const mark = pid === 0 ? null : recordProcess(paths.pids, 'postgres', pid);
  const stop = async (): Promise<void> => {
    stopping = true;
    if (mark !== null) await endProcess(mark, 'SIGINT', STOP_WITHIN_MS);
    forgetProcess(paths.pids, 'postgres');
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!isReady(data, pid)) {
    if (gone || Date.now() > deadline) {
      await stop();
      const how = gone ? 'ended while starting' : `was not ready after ${READY_WITHIN_MS / 1000} s`;
      throw new StackError(`The database ${how}: see ${log}, then start again.`);
    }
    await sleep(15);
  }
  const credentials = `${DATABASE_USER}:${encodeURIComponent(options.password)}`;
  return {
    port: options.port,
    pid,
    died,
    url: (database) => `postgres://${credentials}@127.0.0.1:${options.port}/${database}`,
    stop,
  };
};
