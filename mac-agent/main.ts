/**
 * The Mac agent: polls the edge for work, trains, serves. Started by launchd on a Mac and by the local
 * stack elsewhere. It only wires and stops things; on SIGTERM it leaves nothing running behind.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AgentConfig } from './config.ts';
import { homePaths, parseConfig } from './config.ts';
import { createEdgeClient } from './edge-client.ts';
import { startGateway } from './gateway.ts';
import { runJob } from './job-runner.ts';
import { judgeWaiting } from './judging.ts';
import { stderrLog as log, sentenceOf } from './log.ts';
import { createModelServer } from './model-server/index.ts';
import { createReconciler } from './reconcile.ts';
import { reapOrphanTrainer } from './trainer-process.ts';

const AGENT_DIR = fileURLToPath(new URL('.', import.meta.url));

/** Nobody waits for a verdict as for a job. */
const JUDGE_POLLS = 5;

const commitOf = (config: AgentConfig): string => {
  if (config.GIT_COMMIT !== undefined) return config.GIT_COMMIT;
  try {
    const options = { cwd: AGENT_DIR, encoding: 'utf8', timeout: 5000 } as const;
    return execFileSync('git', ['rev-parse', 'HEAD'], { ...options, stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
};

/** Runs one step again and again until the agent stops; a failing step is logged when it changes. */
const repeat = async (
  name: string,
  everyMs: number,
  stop: AbortSignal,
  step: () => Promise<void>,
) => {
  let before = '';
  while (!stop.aborted) {
    try {
      await step();
      before = '';
    } catch (error) {
      const problem = sentenceOf(error);
      if (!stop.aborted && problem !== before) log('warn', `${name} failed`, { problem });
      before = problem;
    }
    await wait(everyMs, undefined, { signal: stop }).catch(() => {});
  }
};

const main = async (): Promise<void> => {
  const config = parseConfig(process.env);
  // No child process needs them, and what is not in its environment it cannot print.
  delete process.env.AGENT_TOKEN;
  delete process.env.GATEWAY_TOKEN;
  const paths = homePaths(config.BRUNO_HOME);
  for (const folder of [paths.models, paths.jobs]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  reapOrphanTrainer(paths.trainerPid, log);
  const stop = new AbortController();
  const leave = (why: string) => {
    if (stop.signal.aborted) return;
    log('info', 'the agent stops', { why });
    stop.abort();
  };
  process.once('SIGTERM', () => leave('SIGTERM'));
  process.once('SIGINT', () => leave('SIGINT'));
  if (config.EXIT_WITH_PARENT) {
    process.stdin.once('end', () => leave('stdin closed')).resume();
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && leave('the parent is gone'), 1000).unref();
  }

  const edge = createEdgeClient({
    edgeUrl: config.EDGE_URL,
    token: config.AGENT_TOKEN,
    agentId: config.AGENT_ID,
  });
  const server = createModelServer(config, paths, log);
  const bases = config.BASE_MODEL;
  const reconciler = createReconciler({ server, paths, bases, log });
  // Bases are served before the edge is reached: an answer depends on nothing but a model server.
  await reconciler.run({ production: null, pruned: [], models: [] }, null);
  const gateway = await startGateway({
    server,
    token: config.GATEWAY_TOKEN,
    port: config.GATEWAY_PORT,
    running: config.QUEUE_RUNNING,
    waiting: config.QUEUE_WAITING,
    log,
  });
  log('info', 'the gateway listens', { port: gateway.port, server: server.kind });

  let pinned: string | null = null;
  const serve = repeat('reading what to serve', config.POLL_MS, stop.signal, async () => {
    await reconciler.run(await edge.serving(stop.signal), pinned);
  });
  const gitCommit = commitOf(config);
  const trainer = { python: config.PYTHON, agentDir: AGENT_DIR, blas: config.LD_PRELOAD_BLAS };
  const work = repeat('asking for work', config.POLL_MS, stop.signal, async () => {
    const present = bases.filter((name) => existsSync(paths.baseGguf(name)));
    if (config.SERVE_ONLY || present.length === 0) return;
    const job = await edge.claim(present, stop.signal);
    if (!job) return;
    log('info', 'claimed a job', { job: job.job_id, attempt: job.attempt, model: job.model_id });
    pinned = job.model_id;
    const deps = { edge, server, paths, trainer, gitCommit, environment: process.env, log };
    await runJob(deps, job, stop.signal).finally(() => {
      pinned = null;
    });
  });
  const judging = repeat('judging answers', JUDGE_POLLS * config.POLL_MS, stop.signal, async () => {
    const { CONTEXT_TOKENS: contextTokens } = config;
    await judgeWaiting({ edge, server, contextTokens, log }, stop.signal);
  });
  await work;
  // A long download for serving is not waited for: it is taken up again at the next start.
  await Promise.race([Promise.all([serve, judging]), wait(2000)]);
  await gateway.close();
  await server.close();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${sentenceOf(error)}\n`);
    process.exit(1);
  },
);
