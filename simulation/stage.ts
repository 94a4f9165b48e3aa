// Sets the stage: a home of its own for one simulation, for the tiny model a base pretrained on the
// bank, and the whole product started in it. Called by main.ts; the weeks never see these files.

import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ensureAssets } from '../local/assets.ts';
import { type AssetPaths, defaultAssetsHome, defaultHome, repoRoot } from '../local/home.ts';
import { SMALL_BASE } from '../local/models.ts';
import { freePort } from '../local/ports.ts';
import { runCommand } from '../local/run-command.ts';
import { type Stack, startStack } from '../local/stack.ts';
import type { ModelSize } from './arguments.ts';
import type { Progress, Stopwatch } from './progress.ts';

const TINY_BASE = 'tiny-sre';
const PRETRAIN_MS = 30 * 60_000;
const OVERRIDES: Readonly<Record<ModelSize, string>> = {
  tiny: join(repoRoot, 'learning.tiny.yaml'),
  small: fileURLToPath(new URL('learning.small.yaml', import.meta.url)),
};
/** What stays of a home that is not kept whole. */
const REPORT_FILES = new Set(['weeks.svg', 'weeks.txt', 'weeks.json', 'logs']);

export interface Stage {
  /** Other settings than the model's own overrides. */
  learningOverridesFile?: string;
  model: ModelSize;
  bankFile: string;
  seed: number;
  home: string;
  progress: Progress;
  watch: Stopwatch;
  signal: AbortSignal;
}

/** `<BRUNO_HOME>/simulations/tiny-2026-11-21T12-00-00`. */
export function homeFor(model: ModelSize, nowMs: number): string {
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-');
  return join(defaultHome(process.env), 'simulations', `${model}-${time}`);
}

const eventSchema = z.looseObject({
  event: z.string(),
  step: z.number().optional(),
  total_steps: z.number().optional(),
  loss: z.number().optional(),
});

function showPretraining(progress: Progress, line: string): void {
  if (!line.startsWith('{')) return;
  try {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.step === undefined) return;
    const loss = event.loss === undefined ? '' : `, loss ${event.loss.toFixed(3)}`;
    progress.live(`  pretraining ${event.step}/${event.total_steps ?? '?'}${loss}`);
  } catch {
    // A line that is not an event is in the log; only progress is shown here.
  }
}

/** The home gets a models folder of its own, so that the pretrained base never touches the assets. */
async function pretrain(stage: Stage, assets: AssetPaths): Promise<void> {
  const bases = join(stage.home, 'models', 'bases');
  mkdirSync(bases, { recursive: true });
  symlinkSync(assets.embedding, join(stage.home, 'models', 'embedding'));
  const out = join(bases, TINY_BASE);
  const where = ['--bank', stage.bankFile, '--out', out, '--seed', String(stage.seed)];
  await runCommand(assets.pythonBinary, ['-m', 'trainer', 'pretrain', ...where], {
    purpose: 'pretrain the tiny base model',
    timeoutMs: PRETRAIN_MS,
    cwd: join(repoRoot, 'mac-agent'),
    env: {
      ...process.env,
      PYTHONPATH: join(repoRoot, 'mac-agent'),
      MLX_DISABLE_COMPILE: '1',
      OPENBLAS_NUM_THREADS: '1',
      ...(process.platform === 'linux' ? { LD_PRELOAD: assets.blasLibrary } : {}),
    },
    log: join(stage.home, 'logs', 'pretrain.log'),
    onLine: (line) => showPretraining(stage.progress, line),
  });
}

export async function setStage(stage: Stage): Promise<Stack> {
  const { home, progress, watch, signal, model } = stage;
  const say = (line: string) => progress.line(`  ${line}`);
  const assetsHome = defaultAssetsHome(process.env);
  // In two steps: the mode would go to every parent made on the way, and run as root, Postgres is
  // another user that must pass through them.
  mkdirSync(home, { recursive: true });
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const assets = await watch.time('start', () => ensureAssets(assetsHome, say));
  signal.throwIfAborted();
  if (model === 'tiny') {
    progress.line('pretraining a tiny base that knows part of the bank');
    await watch.time('pretrain', () => pretrain(stage, assets));
    signal.throwIfAborted();
  }
  progress.line('starting the stack');
  return watch.time('start', async () =>
    startStack({
      home,
      assetsHome,
      port: await freePort(),
      base: model === 'tiny' ? TINY_BASE : SMALL_BASE,
      learningOverridesFile: stage.learningOverridesFile ?? OVERRIDES[model],
      // The small model rambles; the facts of a bank fit a sentence.
      maxAnswerTokens: 48,
      onProgress: say,
      // Only this: a simulation must never write into somebody's real database or bucket.
      environment: { OLLAMA_HOST: process.env.OLLAMA_HOST },
    }),
  );
}

/** Removes all of a home but its report and its logs. */
export function strike(home: string): void {
  for (const name of readdirSync(home)) {
    if (!REPORT_FILES.has(name)) rmSync(join(home, name), { recursive: true, force: true });
  }
}
