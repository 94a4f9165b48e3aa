/**
 * Starts and stops the whole product on this machine: database, agent with trainer and model server,
 * Worker. Called by start.ts, the simulation and end-to-end tests. Everything listens on 127.0.0.1,
 * and whatever happens, nothing it started outlives it.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, startAgent } from './agent-process.ts';
import { ensureAssets } from './assets.ts';
import { connectGivenDatabase, startDatabase } from './database.ts';
import { explain, StackError } from './errors.ts';
import { requireFreeSpace, writeAtomic } from './files.ts';
import { defaultAssetsHome, homePaths, prepareHome, repoRoot } from './home.ts';
import { readOverrides } from './learning.ts';
import { type LocalApi, localApi } from './local-api.ts';
import { tryLock } from './lock.ts';
import { SMALL_BASE } from './models.ts';
import { chooseObjectStore } from './object-store.ts';
import { innerPorts, isFree } from './ports.ts';
import { reapOrphans } from './processes.ts';
import { loadSecrets } from './secrets.ts';
import { agentEnvironment, bindings, keepClockOffset, type Prepared } from './settings.ts';
import { startWorker } from './worker.ts';
import { ensureWorkerBuild } from './worker-build.ts';

const READY_WITHIN_MS = 60_000;
const DRAIN_WITHIN_MS = 20_000;
const BLIND_DRAIN_MS = 3000;
const CLOCK_EVERY_MS = 5000;
const NEEDED_MIB = 300;

export type StackOptions = {
  readonly home: string;
  readonly assetsHome?: string;
  readonly port?: number;
  readonly base?: string;
  readonly learningOverridesFile?: string;
  /** How long an answer may become; the Worker's own default where it is left out. */
  readonly maxAnswerTokens?: number;
  /** False leaves the agent out: no answers and no training. */
  readonly agent?: boolean;
  readonly onProgress?: (line: string) => void;
  /** Gives up starting, and undoes what was started; afterwards stop() is the way. */
  readonly signal?: AbortSignal;
  /** DATABASE_URL, S3_*, OLLAMA_HOST, ALLOWED_ORIGINS, SLACK_*, PAGERDUTY_* and BRUNO_ASSETS are read from here. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
};

export type Stack = {
  readonly url: string;
  readonly operatorToken: string;
  readonly home: string;
  /** A sentence, once a part that cannot be restarted has ended by itself. */
  readonly died: Promise<string>;
  agentPid(): number | null;
  restartAgent(): Promise<void>;
  stop(): Promise<void>;
};

type Undo = () => Promise<void> | void;
/** Waits until the Worker has written down what was sent to its queue, which is memory only. */
export const drain = async (api: LocalApi): Promise<boolean> => {
  const deadline = Date.now() + DRAIN_WITHIN_MS;
  for (;;) {
    const pending = await api.pending();
    if (pending === 0) return true;
    if (pending === null) {
      await sleep(BLIND_DRAIN_MS);
      return false;
    }
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
};

const waitUntilReady = async (api: LocalApi, agent: Agent | null): Promise<void> => {
  await agent?.ready();
  const without = agent === null ? ['model_server'] : [];
  const deadline = Date.now() + READY_WITHIN_MS;
  let last = '';
  while (Date.now() < deadline) {
    last = await api.readiness(without);
    if (last === 'ok') return;
    await sleep(50);
  }
  throw new StackError(
    `The stack started but is not ready: ${last}; see the logs folder in its home, then start again.`,
  );
};

const prepare = async (options: StackOptions, say: (line: string) => void): Promise<Prepared> => {
  const environment = options.environment ?? process.env;
  const home = resolve(options.home);
  const assetsHome = resolve(options.assetsHome ?? defaultAssetsHome(environment));
  const assets = await ensureAssets(assetsHome, say);
  const paths = prepareHome(home, assetsHome);
  requireFreeSpace(home, NEEDED_MIB, 'running the stack');
  const orphans = await reapOrphans(paths.pids, home);
  if (orphans.length > 0) say(`ended what an earlier run left behind: ${orphans.join(', ')}`);
  const port = options.port ?? 8787;
  if (!(await isFree(port))) {
    throw new StackError(
      `Port ${port} is in use by another program: stop that program, or choose another port with PORT=${port + 1}.`,
    );
  }
  const secrets = loadSecrets(paths);
  const ports = await innerPorts(paths.ports, port);
  const store = chooseObjectStore(environment, secrets, ports.s3);
  return {
    paths,
    assets,
    secrets,
    ports,
    store,
    base: options.base ?? SMALL_BASE,
    port,
    environment,
  };
};

const lockHome = (home: string): Undo => {
  const lock = tryLock(homePaths(home).lock);
  if ('release' in lock) return () => lock.release();
  throw new StackError(
    `Bruno Loop is already running in ${home} (process ${lock.holder}): stop it, or use another home with BRUNO_HOME=/some/folder.`,
  );
};

const aborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_settle, refuse) => {
    const give = (): void => refuse(new StackError('Stopped while starting.'));
    if (signal?.aborted) give();
    signal?.addEventListener('abort', give, { once: true });
  });

const undoAll = async (undo: Undo[]): Promise<void> => {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      // One part that will not stop must not keep the others running.
      process.stderr.write(`while stopping: ${explain(error)}\n`);
    }
  }
};

const launch = async (options: StackOptions, undo: Undo[]): Promise<Stack> => {
  const say = options.onProgress ?? (() => undefined);
  const overrides = readOverrides(options.learningOverridesFile, say);
  const prepared = await prepare(options, say);
  const { signal } = options;
  signal?.throwIfAborted();
  const { paths, secrets, ports, assets, environment } = prepared;
  const buildOptions = { root: repoRoot, onProgress: say };
  const given = environment.DATABASE_URL;
  say(given ? 'connecting to the database in DATABASE_URL' : 'starting the database');
  const database = given
    ? await connectGivenDatabase(given, ports.proxy)
    : await startDatabase({
        home: paths.home,
        assets,
        ports,
        password: secrets.databasePassword,
      });
  undo.push(() => database.stop());
  signal?.throwIfAborted();
  let agent: Agent | null = null;
  if (options.agent !== false) {
    say('starting the agent and the model server');
    agent = startAgent({
      paths,
      gatewayPort: ports.gateway,
      gatewayToken: secrets.gatewayToken,
      environment: agentEnvironment(prepared),
    });
    const started = agent;
    undo.push(() => started.stop());
  }
  const build = await ensureWorkerBuild(buildOptions);
  say('starting the Worker');
  const worker = await startWorker({
    paths,
    build,
    port: prepared.port,
    innerPort: ports.s3,
    bindings: {
      ...bindings(prepared, database, overrides),
      ...(options.maxAnswerTokens === undefined
        ? {}
        : { MAX_ANSWER_TOKENS: String(options.maxAnswerTokens) }),
    },
    bucket: prepared.store.embedded ? prepared.store.keys : null,
  });
  const api = localApi(worker.url, secrets.adminToken);
  const keepClock = async (): Promise<void> => {
    const offset = await api.tick();
    if (offset === null) return;
    keepClockOffset(paths, offset);
  };
  undo.push(() => worker.stop());
  const died = Promise.race([worker.died, ...(database.postgres ? [database.postgres.died] : [])]);
  const failed = died.then((sentence) => Promise.reject(new StackError(sentence)));
  await Promise.race([waitUntilReady(api, agent), failed, aborted(signal)]);
  const timer = setInterval(() => void keepClock(), CLOCK_EVERY_MS);
  writeAtomic(paths.address, `${worker.url}\n`, 0o644);
  let dead = false;
  void died.then(() => {
    dead = true;
  });
  undo.push(async () => {
    clearInterval(timer);
    rmSync(paths.address, { force: true });
    if (dead) return;
    if (!(await drain(api))) {
      say(`not everything was written down in time: see ${paths.logs}/worker.log`);
    }
    // Before the Worker: a job in training hands over its checkpoint and its lease.
    await agent?.stop();
    await keepClock();
  });
  return {
    url: worker.url,
    operatorToken: secrets.adminToken,
    home: paths.home,
    died,
    agentPid: () => agent?.pid() ?? null,
    restartAgent: async () => {
      await agent?.restart();
    },
    stop: () => undoAll(undo),
  };
};

export const startStack = async (options: StackOptions): Promise<Stack> => {
  const undo: Undo[] = [];
  undo.push(lockHome(resolve(options.home)));
  try {
    return await launch(options, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
};
