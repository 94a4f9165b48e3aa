/**
 * The entry of `npm run test:ollama`: the model server's contract against a real Ollama. It takes the
 * one at OLLAMA_HOST, else it starts the `ollama` on the PATH with a models folder of its own, else
 * it builds one from its source through Go's module proxy, kept outside the repository (in
 * ~/.cache/bruno, some fifteen minutes the first time).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ensureAssets } from './assets.ts';
import { explain, StackError } from './errors.ts';
import { type AssetPaths, defaultAssetsHome } from './home.ts';
import { freePort } from './ports.ts';
import { ONCE_MORE, runSuites, vitestSuite } from './test.ts';

const VERSION = 'v0.24.0';
/** Ollama includes miniaudio.h, which this module carries, and headers that Debian packages. */
const MALGO = 'v0.11.24';
const HEADERS = ['nlohmann-json3-dev', 'libstb-dev'];
const READY_WITHIN_MS = 30_000;
const COPY_WITHIN_MS = 60_000;
const DOWNLOAD_WITHIN_MS = 10 * 60_000;
const BUILD_WITHIN_MS = 60 * 60_000;

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bruno');
const built = join(cache, 'bin', 'ollama');

type Step = {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
};

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore', timeout: READY_WITHIN_MS }).status === 0;

const must = (command: string, args: readonly string[], step: Step): string => {
  const done = spawnSync(command, args, {
    cwd: step.cwd,
    env: step.env ?? process.env,
    timeout: step.timeoutMs,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status === 0) return done.stdout;
  const how = done.error?.message ?? `it ended with ${done.signal ?? `code ${done.status}`}`;
  throw new StackError(`Could not build Ollama: \`${command} ${args.join(' ')}\`: ${how}.`);
};

const moduleSchema = z.object({ Dir: z.string() });

const build = (): void => {
  const able = process.platform === 'linux' && process.arch === 'x64';
  if (!able || !runs('go', ['version']) || !runs('apt-get', ['--version'])) {
    throw new StackError(
      'There is no Ollama here, and building one needs Debian or Ubuntu on x86-64 with Go and a C++ compiler: install Ollama, or set OLLAMA_HOST to a running one such as http://127.0.0.1:11434.',
    );
  }
  process.stderr.write(`building Ollama ${VERSION} in ${cache}, once; this takes a while\n`);
  const source = join(cache, 'ollama-src');
  const include = join(source, 'I');
  const packages = join(source, 'deb');
  mkdirSync(join(include, 'miniaudio'), { recursive: true });
  mkdirSync(packages, { recursive: true });
  const copying = { cwd: source, timeoutMs: COPY_WITHIN_MS };
  const downloading = { timeoutMs: DOWNLOAD_WITHIN_MS };
  must('apt-get', ['download', ...HEADERS], { ...downloading, cwd: packages });
  for (const name of readdirSync(packages).filter((file) => file.endsWith('.deb'))) {
    must('dpkg', ['-x', join(packages, name), join(source, 'x')], copying);
  }
  must('cp', ['-r', `${join(source, 'x', 'usr', 'include')}/.`, include], copying);
  const module = `github.com/gen2brain/malgo@${MALGO}`;
  const malgo = must('go', ['mod', 'download', '-json', module], {
    ...downloading,
    cwd: tmpdir(),
  });
  const { Dir } = moduleSchema.parse(JSON.parse(malgo));
  must('cp', [join(Dir, 'miniaudio.h'), join(include, 'miniaudio')], copying);
  const optimised = '-O3 -march=x86-64-v3';
  must('go', ['install', `github.com/ollama/ollama@${VERSION}`], {
    cwd: source,
    timeoutMs: BUILD_WITHIN_MS,
    env: {
      ...process.env,
      GOBIN: join(cache, 'bin'),
      CGO_CPPFLAGS: `-I${include}`,
      CGO_CFLAGS: optimised,
      CGO_CXXFLAGS: optimised,
      GOFLAGS: '-buildvcs=false',
    },
  });
};

const binaryOf = (): string => {
  if (runs('ollama', ['--version'])) return 'ollama';
  if (!existsSync(built)) build();
  return built;
};

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/api/version`, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.ok,
    () => false,
  );

const runAgainst = (url: string, assets: AssetPaths): number => {
  process.env.OLLAMA_HOST = url;
  process.env.OLLAMA_NUM_THREAD = '1';
  return runSuites([vitestSuite('ollama', ONCE_MORE)], assets);
};

const runAgainstOwn = async (assets: AssetPaths): Promise<number> => {
  const binary = binaryOf();
  const host = `127.0.0.1:${await freePort()}`;
  const models = mkdtempSync(join(tmpdir(), 'bruno-ollama-'));
  const server = spawn(binary, ['serve'], {
    env: { ...process.env, OLLAMA_HOST: host, OLLAMA_MODELS: models, OLLAMA_NUM_PARALLEL: '2' },
    stdio: 'ignore',
  });
  // A server that cannot be started shows as one that does not answer.
  server.once('error', () => undefined);
  try {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await answers(`http://${host}`))) {
      if (Date.now() > deadline) throw new StackError(`\`${binary} serve\` did not start.`);
      await sleep(100);
    }
    return runAgainst(`http://${host}`, assets);
  } finally {
    server.kill('SIGTERM');
    rmSync(models, { recursive: true, force: true });
  }
};

const run = async (): Promise<number> => {
  const assets = await ensureAssets(defaultAssetsHome(process.env), (line) => {
    process.stderr.write(`${line}\n`);
  });
  const given = process.env.OLLAMA_HOST;
  if (given === undefined || given === '') return runAgainstOwn(assets);
  const url = given.includes('://') ? given : `http://${given}`;
  if (await answers(url)) return runAgainst(url, assets);
  throw new StackError(
    `Nothing answers at OLLAMA_HOST=${given}: start Ollama there, with its port in the address, or unset it.`,
  );
};

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  },
);
