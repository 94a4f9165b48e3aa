/**
 * The entry of `npm test`: every suite, from fast to whole, and at the end one line that counts them
 * all. With arguments it is vitest with these arguments (`npm test -- --project unit core`). Python
 * and the models are installed first, because the tests run the real thing.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { ensureAssets } from './assets.ts';
import { explain } from './errors.ts';
import { type AssetPaths, defaultAssetsHome, nodeBinary, repoRoot } from './home.ts';

export type Tally = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Lines that name what failed or was unsteady, as far as the suite tells. */
  readonly remarks?: readonly string[];
};
type Suite = { readonly name: string; run(assets: AssetPaths, folder: string): Tally };

const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };
const NOT_RUN: Tally = { passed: 0, failed: 1, skipped: 0 };

const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  remarks: [...(a.remarks ?? []), ...(b.remarks ?? [])],
});

/** A suite that hangs is ended and counts as failed. */
const SUITE_WITHIN_MS = 60 * 60_000;

const bin = (name: string): string => join(repoRoot, 'node_modules', '.bin', name);

const testEnvironment = (assets: AssetPaths) => ({
  ...process.env,
  BRUNO_TEST_HOME: assets.assetsHome,
  BRUNO_TEST_PYTHON: assets.pythonBinary,
});

const check = (name: string, command: string, args: readonly string[]): Suite => ({
  name,
  run: () => {
    const { status } = spawnSync(command, args, {
      cwd: repoRoot,
      stdio: 'inherit',
      timeout: SUITE_WITHIN_MS,
    });
    return status === 0 ? { ...NOTHING, passed: 1 } : NOT_RUN;
  },
});

/** Ruff's rules and its format, with the trainer's configuration. */
const pythonLint: Suite = {
  name: 'python lint',
  run: (assets, folder) => {
    const config = ['--config', join('mac-agent', 'trainer', 'ruff.toml')];
    const targets = [join('mac-agent', 'trainer'), join('test', 'clients')];
    return [['check'], ['format', '--check']]
      .map((what) => ['-m', 'ruff', ...what, ...config, ...targets])
      .map((args) => check('python lint', assets.pythonBinary, args).run(assets, folder))
      .reduce(add, NOTHING);
  },
};

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const firstLine = (text: string | undefined): string =>
  stripVTControlCharacters(text ?? '')
    .trim()
    .split('\n', 1)[0] ?? '';

/** What to know of a report: each failure, each file that broke, each test that passed only at its second try. */
export const remarksOn = ({ testResults }: z.infer<typeof vitestReport>): string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(repoRoot, name);
    const remarks = assertionResults.flatMap(({ status: ended, fullName, failureMessages }) => {
      const why = firstLine(failureMessages?.[0]);
      if (ended === 'failed') return [`failed: ${file}: ${fullName}: ${why}`];
      return why === '' ? [] : [`passed only when tried again: ${file}: ${fullName}: ${why}`];
    });
    const broke = status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
    return broke ? [...remarks, `failed: ${file}: ${firstLine(message)}`] : remarks;
  });

/** A suite that breaks before it counts anything, or ends unwell though nothing failed, is a failure. */
export const vitestSuite = (project: string, retries = 0): Suite => ({
  name: project,
  run: (assets, folder) => {
    const report = join(folder, `${project}.json`);
    const vitest = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const args = ['run', '--project', project, `--retry=${retries}`, ...reporters];
    const { status } = spawnSync(nodeBinary, [vitest, ...args], {
      cwd: repoRoot,
      stdio: 'inherit',
      timeout: SUITE_WITHIN_MS,
      env: testEnvironment(assets),
    });
    try {
      const counted = vitestReport.parse(JSON.parse(readFileSync(report, 'utf8')));
      const unwell = status !== 0 && counted.numFailedTests === 0 ? 1 : 0;
      return {
        passed: counted.numPassedTests,
        failed: counted.numFailedTests + unwell,
        skipped: counted.numPendingTests,
        remarks: remarksOn(counted),
      };
    } catch {
      return NOT_RUN;
    }
  },
});

const attribute = (xml: string, name: string): number =>
  Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);

/** Pytest ends unwell when it collected nothing or broke; then something failed, whatever it counted. */
export const pytestTally = (status: number | null, xml: string): Tally => {
  const counted = attribute(xml, 'failures') + attribute(xml, 'errors');
  const skipped = attribute(xml, 'skipped');
  const tests = attribute(xml, 'tests');
  const unwell = counted === 0 && (status !== 0 || tests === 0) ? 1 : 0;
  return { failed: counted + unwell, skipped, passed: tests - counted - skipped };
};

const trainer: Suite = {
  name: 'trainer',
  run: (assets, folder) => {
    const report = join(folder, 'trainer.xml');
    const args = ['-m', 'pytest', '-q', 'trainer/tests', `--junitxml=${report}`];
    const blas = process.platform === 'linux' ? { LD_PRELOAD: assets.blasLibrary } : {};
    const { status } = spawnSync(assets.pythonBinary, args, {
      cwd: join(repoRoot, 'mac-agent'),
      stdio: 'inherit',
      timeout: SUITE_WITHIN_MS,
      env: { ...process.env, ...blas, OPENBLAS_NUM_THREADS: '1', MLX_DISABLE_COMPILE: '1' },
    });
    try {
      return pytestTally(status, readFileSync(report, 'utf8'));
    } catch {
      return NOT_RUN;
    }
  },
};

/**
 * Where real processes run against a real clock, a machine that stalls for a second can fail a test once. It is
 * tried once more, and named at the end; what is only arithmetic is not.
 */
export const ONCE_MORE = 1;

const SUITES: readonly Suite[] = [
  check('lint', bin('biome'), ['check', '.']),
  check('types', bin('tsc'), ['-p', 'tsconfig.json']),
  check('types of the Worker', bin('tsc'), ['-p', 'tsconfig.worker.json']),
  pythonLint,
  vitestSuite('unit'),
  vitestSuite('workerd', ONCE_MORE),
  vitestSuite('clients', ONCE_MORE),
  vitestSuite('schemathesis', ONCE_MORE),
  trainer,
  vitestSuite('llama', ONCE_MORE),
  vitestSuite('browser', ONCE_MORE),
  vitestSuite('e2e', ONCE_MORE),
];

const line = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;

/** Runs them one after the other and prints the counts; a skip is a failure where CI is set. */
export const runSuites = (suites: readonly Suite[], assets: AssetPaths): number => {
  const folder = mkdtempSync(join(tmpdir(), 'bruno-tests-'));
  const rows = suites.map((suite) => {
    const started = Date.now();
    process.stdout.write(`\n== ${suite.name}\n`);
    const tally = suite.run(assets, folder);
    return { name: suite.name, tally, seconds: Math.round((Date.now() - started) / 1000) };
  });
  rmSync(folder, { recursive: true, force: true });
  const total = rows.map(({ tally }) => tally).reduce(add, NOTHING);
  process.stdout.write('\n');
  for (const { name, tally, seconds } of rows) {
    process.stdout.write(`${name.padEnd(22)}${line(tally)} (${seconds} s)\n`);
  }
  for (const remark of total.remarks ?? []) process.stdout.write(`\n${remark}`);
  if (total.remarks?.length) process.stdout.write('\n');
  // A script that runs several of these adds them up.
  const file = process.env.BRUNO_TEST_TALLY;
  if (file) appendFileSync(file, `${total.passed} ${total.failed} ${total.skipped}\n`);
  process.stdout.write(`\n${line(total)}\n`);
  const missing = process.env.CI ? total.skipped : 0;
  return total.failed + missing === 0 && total.passed > 0 ? 0 : 1;
};

const run = async (): Promise<number> => {
  const assets = await ensureAssets(defaultAssetsHome(process.env), (text) => {
    process.stderr.write(`${text}\n`);
  });
  const args = process.argv.slice(2);
  if (args.length === 0) return runSuites(SUITES, assets);
  const vitest = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const env = testEnvironment(assets);
  const options = { cwd: repoRoot, stdio: 'inherit', env } as const;
  return spawnSync(nodeBinary, [vitest, 'run', ...args], options).status ?? 1;
};

if (import.meta.main) {
  run().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${explain(error)}\n`);
      process.exit(1);
    },
  );
}
