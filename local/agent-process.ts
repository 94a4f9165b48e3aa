/**
 * Runs the Mac agent as a child, in its own process group, and starts it again with growing pauses
 * when it dies. Called by the stack. The agent ends its own children (trainer, model server); what
 * it leaves behind is ended here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { type HomePaths, nodeBinary, repoRoot } from './home.ts';
import { endProcess, forgetProcess, HOME_MARK, markOf, recordProcess } from './processes.ts';

const READY_WITHIN_MS = 180_000;
/** The trainer saves a checkpoint when it is asked to end. */
const STOP_WITHIN_MS = 20_000;
const LONGEST_PAUSE_MS = 30_000;
const WELL_AFTER_MS = 60_000;
const GIVE_UP_AFTER = 4;

export type Agent = {
  pid(): number | null;
  /** Ends it and waits until a new one answers. */
  restart(): Promise<void>;
  /** Resolves once its gateway answers; throws a sentence if it keeps dying. */
  ready(): Promise<void>;
  stop(): Promise<void>;
};

export type AgentOptions = {
  readonly paths: HomePaths;
  readonly gatewayPort: number;
  readonly gatewayToken: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** 1, 2, 4 … seconds; the first death after a minute of good work starts from one again. */
export const pauseMs = (deathsInARow: number): number =>
  Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.max(0, deathsInARow - 1));

const health = z.looseObject({ status: z.string() });

const answers = async (options: AgentOptions): Promise<boolean> => {
  try {
    const response = await fetch(`http://127.0.0.1:${options.gatewayPort}/healthz`, {
      headers: { authorization: `Bearer ${options.gatewayToken}` },
      signal: AbortSignal.timeout(2000),
    });
    return response.ok && health.safeParse(await response.json()).success;
  } catch {
    return false;
  }
};

export const startAgent = (options: AgentOptions): Agent => {
  const log = join(options.paths.logs, 'agent.log');
  let child: ChildProcess | null = null;
  let wanted = true;
  let deaths = 0;
  let timer: NodeJS.Timeout | undefined;

  const launch = (): void => {
    const output = openSync(log, 'a', 0o600);
    const born = Date.now();
    const started = spawn(nodeBinary, [join(repoRoot, 'mac-agent', 'main.ts')], {
      cwd: repoRoot,
      // Its own group: Ctrl-C must reach the stack alone, which ends things in their order.
      detached: true,
      // The agent reads the end of its input as "the stack is gone".
      stdio: ['pipe', output, output],
      env: { ...process.env, ...options.environment, [HOME_MARK]: options.paths.home },
    });
    closeSync(output);
    child = started;
    if (started.pid !== undefined) recordProcess(options.paths.pids, 'agent', started.pid);
    const onEnd = (): void => {
      if (child !== started) return;
      child = null;
      if (!wanted) return;
      deaths = Date.now() - born > WELL_AFTER_MS ? 1 : deaths + 1;
      timer = setTimeout(launch, pauseMs(deaths));
    };
    started.once('error', onEnd);
    started.once('exit', onEnd);
  };

  const end = async (): Promise<void> => {
    clearTimeout(timer);
    const old = child;
    child = null;
    const mark = old?.pid === undefined ? null : markOf(old.pid);
    if (mark !== null) await endProcess(mark, 'SIGTERM', STOP_WITHIN_MS);
  };

  const ready = async (): Promise<void> => {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (wanted && !(await answers(options))) {
      if (deaths >= GIVE_UP_AFTER || Date.now() > deadline) {
        const how = deaths > 0 ? `ended ${deaths} times while starting` : 'does not answer';
        throw new StackError(`The agent ${how}: see ${log}, then start again.`);
      }
      await sleep(100);
    }
  };

  launch();
  return {
    pid: () => child?.pid ?? null,
    ready,
    restart: async () => {
      await end();
      deaths = 0;
      launch();
      await ready();
    },
    stop: async () => {
      wanted = false;
      await end();
      forgetProcess(options.paths.pids, 'agent');
    },
  };
};
