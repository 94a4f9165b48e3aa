/**
 * Runs one installing or building command to its end: time limit, log file, lines as they come,
 * and a clear error with the command's own last words. Called by python.ts, models.ts, the worker
 * build and the database set-up. It is not for the stack's long-lived children.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { explain, StackError } from './errors.ts';
import { killFamily } from './processes.ts';

export type CommandOptions = {
  readonly purpose: string;
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly log?: string;
  readonly onLine?: (line: string) => void;
};

const LAST_LINES = 6;
const running = new Set<ChildProcess>();
let cancelled = false;

/** For Ctrl-C during an install: ends what runs, and refuses whatever would come next. */
export const cancelCommands = (): void => {
  cancelled = true;
  for (const { pid } of running) if (pid !== undefined) killFamily(pid);
};

/** What the command wrote on stdout. */
export const runCommand = (
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> =>
  new Promise((settle, refuse) => {
    if (cancelled) return refuse(new StackError(`Stopped before it could ${options.purpose}.`));
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.user ?? {}),
    });
    running.add(child);
    const out: string[] = [];
    const last: string[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) killFamily(child.pid);
    }, options.timeoutMs);
    const take = (line: string, keep: boolean): void => {
      if (keep) out.push(line);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
      if (options.log !== undefined) appendFileSync(options.log, `${line}\n`, { mode: 0o600 });
      options.onLine?.(line);
    };
    createInterface({ input: child.stdout }).on('line', (line) => take(line, true));
    createInterface({ input: child.stderr }).on('line', (line) => take(line, false));
    child.once('error', (error) => {
      running.delete(child);
      clearTimeout(timer);
      refuse(new StackError(`Could not ${options.purpose}: ${error.message}.`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      clearTimeout(timer);
      if (code === 0) return settle(out.join('\n'));
      const words = last.join(' | ').trim();
      if (/ENOSPC|No space left on device/.test(words)) {
        return refuse(new StackError(explain(new Error('ENOSPC'))));
      }
      const seconds = Math.round(options.timeoutMs / 1000);
      const how = late ? `took longer than ${seconds} s` : `ended with ${signal ?? `code ${code}`}`;
      const where = options.log === undefined ? '' : ` The whole log is ${options.log}.`;
      refuse(new StackError(`Could not ${options.purpose}: the command ${how}: ${words}.${where}`));
    });
  });
