/**
 * Runs the Python trainer as a child: JSON lines from its stdout become events, its log goes through.
 * Used by the job runner. Stopping is polite first (SIGTERM saves a checkpoint), then final, and a
 * pid file lets the next agent end a trainer whose agent was killed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AgentError } from './errors.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { TrainerEvent } from './trainer-events.ts';
import { parseTrainerLine } from './trainer-events.ts';

export type TrainerCommand = {
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  pidFile: string;
};

export type TrainerExit = { code: number | null; signal: string | null; stderrTail: string };

export type TrainerProcess = {
  exited: Promise<TrainerExit>;
  /** SIGTERM now, SIGKILL when it has not left in time. Safe to call twice. */
  stop(graceMs: number): Promise<TrainerExit>;
};

export type TrainerSettings = { python: string; agentDir: string; blas: string | undefined };

/** The command of the contract: `python -m trainer train JOB.json` in the agent's folder. */
export const trainerCommand = (
  settings: TrainerSettings,
  jobFile: string,
  pidFile: string,
  environment: NodeJS.ProcessEnv,
): TrainerCommand => {
  const { AGENT_TOKEN: _agent, GATEWAY_TOKEN: _gateway, ...rest } = environment;
  return {
    command: settings.python,
    args: ['-m', 'trainer', 'train', jobFile],
    cwd: settings.agentDir,
    pidFile,
    env: {
      ...rest,
      PYTHONPATH: settings.agentDir,
      PYTHONUNBUFFERED: '1',
      // Threads that spin on busy cores make a step slower, not faster.
      OPENBLAS_NUM_THREADS: rest.OPENBLAS_NUM_THREADS ?? '1',
      ...(settings.blas === undefined ? {} : { LD_PRELOAD: settings.blas }),
      ...(process.platform === 'linux' ? { MLX_DISABLE_COMPILE: '1' } : {}),
    },
  };
};

const TAIL = 2000;

export const startTrainer = (
  command: TrainerCommand,
  onEvent: (event: TrainerEvent) => void,
  log: Log,
): TrainerProcess => {
  const child = spawn(command.command, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) writeFileSync(command.pidFile, String(child.pid), { mode: 0o600 });
  let stderrTail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-TAIL);
    process.stderr.write(text);
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    const parsed = parseTrainerLine(line);
    if (!parsed.ok) {
      log('warn', 'the trainer printed a line that is no event', { problem: parsed.problem });
      return;
    }
    try {
      onEvent(parsed.event);
    } catch (error) {
      log('error', 'an event of the trainer was not handled', { problem: sentenceOf(error) });
    }
  });
  const exited = new Promise<TrainerExit>((resolve, reject) => {
    child.once('error', (error) => {
      rmSync(command.pidFile, { force: true });
      reject(
        new AgentError(
          'trainer_not_started',
          `The trainer could not be started with ${command.command}: ${error.message}. Check PYTHON.`,
          { cause: error },
        ),
      );
    });
    // 'close' comes after the last line of stdout, 'exit' may come before it.
    child.once('close', (code, signal) => {
      rmSync(command.pidFile, { force: true });
      resolve({ code, signal, stderrTail });
    });
  });
  // The runner may be downloading or stopping when this happens; it awaits the promise itself later.
  exited.catch(() => {});
  return {
    exited,
    async stop(graceMs) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
};

/** Ends a trainer left by an agent that was killed, so that two never write one work folder. */
export const reapOrphanTrainer = (pidFile: string, log: Log): void => {
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  } catch {
    return;
  }
  rmSync(pidFile, { force: true });
  if (!Number.isInteger(pid) || pid <= 1) return;
  try {
    // The number may belong to another program by now: only a trainer is ended.
    const command = execFileSync('ps', ['-p', String(pid), '-o', 'command='], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (!command.includes('-m trainer train')) return;
    process.kill(pid, 'SIGKILL');
    log('warn', 'ended a trainer left by an earlier agent', { pid });
  } catch {
    // ps exits 1 when there is no such process: nothing to end.
  }
};
