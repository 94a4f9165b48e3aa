/**
 * The entry of `npm run test:ollama`: the model server's contract against a real Ollama, built from
 * its source through Go's module proxy and kept outside the repository (in ~/.cache/bruno, some
 * fifteen minutes the first time). Debian's header packages bring what its C++ parts include.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ensureAssets } from './assets.ts';
import { explain, StackError } from './errors.ts';
import { defaultAssetsHome } from './home.ts';
import { freePort } from './ports.ts';
import { runSuites, vitestSuite } from './test.ts';

const VERSION = 'v0.24.0';
const HEADERS = ['nlohmann-json3-dev', 'libstb-dev'];
const READY_WITHIN_MS = 30_000;

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bruno');
const binary = join(cache, 'bin', 'ollama');

const must = (command: string, args: readonly string[], cwd: string, env = process.env): string => {
  const done = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status === 0) return done.stdout;
  throw new StackError(`Could not build Ollama: \`${command} ${args.join(' ')}\` failed.`);
};

const moduleSchema = z.object({ Dir: z.string() });

const build = (): void => {
  if (existsSync(binary)) return;
  process.stderr.write(`building Ollama ${VERSION} in ${cache}, once; this takes a while\n`);
  const source = join(cache, 'ollama-src');
  const include = join(source, 'I');
  const packages = join(source, 'deb');
  mkdirSync(join(include, 'miniaudio'), { recursive: true });
  mkdirSync(packages, { recursive: true });
  must('apt-get', ['download', ...HEADERS], packages);
  for (const name of readdirSync(packages).filter((file) => file.endsWith('.deb'))) {
    must('dpkg', ['-x', join(packages, name), join(source, 'x')], source);
  }
  must('cp', ['-r', `${join(source, 'x', 'usr', 'include')}/.`, include], source);
  const malgo = must(
    'go',
    ['mod', 'download', '-json', 'github.com/gen2brain/malgo@latest'],
    tmpdir(),
  );
  const { Dir } = moduleSchema.parse(JSON.parse(malgo));
  must('cp', [join(Dir, 'miniaudio.h'), join(include, 'miniaudio')], source);
  const optimised = '-O3 -march=x86-64-v3';
  must('go', ['install', `github.com/ollama/ollama@${VERSION}`], source, {
    ...process.env,
    GOBIN: join(cache, 'bin'),
    CGO_CPPFLAGS: `-I${include}`,
    CGO_CFLAGS: optimised,
    CGO_CXXFLAGS: optimised,
    GOFLAGS: '-buildvcs=false',
  });
};

const answers = (host: string): Promise<boolean> =>
  fetch(`http://${host}/api/version`, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.ok,
    () => false,
  );

const run = async (): Promise<number> => {
  const assets = await ensureAssets(defaultAssetsHome(process.env), (line) => {
    process.stderr.write(`${line}\n`);
  });
  build();
  const host = `127.0.0.1:${await freePort()}`;
  const models = mkdtempSync(join(tmpdir(), 'bruno-ollama-'));
  const server = spawn(binary, ['serve'], {
    env: { ...process.env, OLLAMA_HOST: host, OLLAMA_MODELS: models, OLLAMA_NUM_PARALLEL: '2' },
    stdio: 'ignore',
  });
  try {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await answers(host))) {
      if (Date.now() > deadline) throw new StackError('Ollama did not start.');
      await sleep(100);
    }
    process.env.OLLAMA_HOST = `http://${host}`;
    process.env.OLLAMA_NUM_THREAD = '1';
    return runSuites([vitestSuite('ollama')], assets);
  } finally {
    server.kill('SIGTERM');
    rmSync(models, { recursive: true, force: true });
  }
};

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  },
);
