/**
 * Makes what the local stack runs: the pages in dist/pages, and the production bundle in dist/worker
 * with the options derived from wrangler.toml beside it. Called by the stack; sources that did not change are not built
 * again. It runs wrangler as a child and contacts nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readJson, writeAtomic } from './files.ts';
import { LOCAL_BUILD, nodeBinary, repoRoot } from './home.ts';
import { withLock } from './lock.ts';
import { runCommand } from './run-command.ts';

const RECIPE = 3;
const SOURCES = ['workers', 'functions', 'adapters', 'core', 'homepage', 'console'];
const PAGES_SCRIPT = join('homepage', 'build.ts');
const FILES = ['wrangler.toml', 'package-lock.json', 'learning.yaml'];
const BUILD_WITHIN_MS = 180_000;

export type WorkerBuild = { readonly bundle: string; readonly options: string };

export type BuildOptions = {
  /** The folder with wrangler.toml. */
  readonly root: string;
  readonly onProgress: (line: string) => void;
};

const filesBelow = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
};

export const hashSources = (root: string): string => {
  const hash = createHash('sha256').update(`recipe ${RECIPE} at ${root}\n`);
  const alone = FILES.map((name) => join(root, name)).filter((path) => existsSync(path));
  for (const path of [...alone, ...SOURCES.flatMap((name) => filesBelow(join(root, name)))]) {
    hash.update(`${path}\n`).update(readFileSync(path)).update('\n');
  }
  return hash.digest('hex');
};

const build = async (root: string, target: string): Promise<void> => {
  const draft = `${target}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const config = join(root, 'wrangler.toml');
  const shared = {
    timeoutMs: BUILD_WITHIN_MS,
    cwd: root,
    env: {
      ...process.env,
      // Wrangler would take another environment from here than the one that runs locally.
      CLOUDFLARE_ENV: '',
      [LOCAL_BUILD]: '1',
      WRANGLER_SEND_METRICS: 'false',
      CI: 'true',
      FORCE_COLOR: '0',
    },
  };
  // First the pages: wrangler reads the folder of static files.
  const script = join(root, PAGES_SCRIPT);
  await runCommand(nodeBinary, [script], { ...shared, purpose: 'build the pages' });
  const wrangler = join(repoRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
  const args = [
    wrangler,
    'deploy',
    '--dry-run',
    '--config',
    config,
    '--outdir',
    join(draft, 'bundle'),
  ];
  const purpose = 'build the Worker';
  await runCommand(nodeBinary, args, { ...shared, purpose, log: join(draft, 'build.log') });
  const deriving = join(repoRoot, 'local', 'worker-options.ts');
  const purposeOfOptions = 'derive the local options from wrangler.toml';
  const json = await runCommand(nodeBinary, [deriving, config], {
    ...shared,
    purpose: purposeOfOptions,
  });
  writeAtomic(join(draft, 'options.json'), `${json.trim().split('\n').at(-1)}\n`, 0o644);
  rmSync(target, { recursive: true, force: true });
  renameSync(draft, target);
};

export const ensureWorkerBuild = async (options: BuildOptions): Promise<WorkerBuild> => {
  const { root, onProgress } = options;
  const target = join(root, 'dist', 'worker');
  const stamp = join(target, 'stamp.json');
  const result = {
    bundle: join(target, 'bundle', 'index.js'),
    options: join(target, 'options.json'),
  };
  const pages = join(root, 'dist', 'pages', 'index.html');
  mkdirSync(dirname(target), { recursive: true });
  await withLock(
    `${target}.lock`,
    async () => {
      const sources = hashSources(root);
      const made = readJson(stamp, z.strictObject({ sources: z.string() }));
      const whole = existsSync(result.bundle) && existsSync(pages);
      if (made?.sources === sources && whole) return;
      onProgress('building the pages and the Worker');
      await build(root, target);
      writeAtomic(stamp, `${JSON.stringify({ sources })}\n`, 0o644);
    },
    {
      waitMs: 2 * BUILD_WITHIN_MS,
      onWait: (holder) => onProgress(`waiting for another build (process ${holder})`),
    },
  );
  return result;
};
